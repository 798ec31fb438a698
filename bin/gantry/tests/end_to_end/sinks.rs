//! Receivers of logs: rsyslog, the journal, and a program in Python for the others.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::Value;
use tempfile::TempDir;
use testkit::{Host, Job, eventually};

/// The receivers that are a program of the tests. `python3` with `python3-msgpack` runs it.
const PROGRAM: &str = include_str!("sink.py");

/// One of them.
pub struct Receiver(Job);

impl Receiver {
    /// Starts one, and waits until it listens.
    pub fn start(host: &Arc<Host>, args: &[&str]) -> Self {
        let mut command = host.command("/usr/bin/python3");
        command.args(["-c", PROGRAM]).args(args);
        let mut job = Job::spawn(command);
        job.wait_for("\"listening\"\n");
        Self(job)
    }

    /// What it has received.
    pub fn records(&self) -> Vec<Value> {
        let text = self.0.stdout();
        let whole = text.rfind('\n').map_or("", |end| &text[..end]);
        whole.lines().skip(1).map(|line| serde_json::from_str(line).expect("it prints JSON")).collect()
    }

    /// Waits until it has received so many records, and gives them.
    pub fn wait_for(&self, count: usize) -> Vec<Value> {
        eventually(&format!("{count} records"), || Some(self.records()).filter(|records| records.len() >= count))
    }
}

/// A rsyslog that takes everything: by UDP and TCP at 514, by TLS at 6514, by datagrams at `socket`.
pub struct Rsyslog {
    folder: TempDir,
    _job: Job,
}

/// What rsyslog says of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// `daemon.info`, say.
    pub priority: String,
    /// The host's name.
    pub host: String,
    /// The program's name.
    pub program: String,
    /// Its text.
    pub text: String,
}

impl Rsyslog {
    /// Starts it, and waits until it listens.
    pub fn start(host: &Arc<Host>) -> Self {
        let folder = tempfile::Builder::new().prefix("rsyslog-").tempdir_in("/tmp").expect("make rsyslog's folder");
        let at = |name: &str| folder.path().join(name).display().to_string();
        write_certificates(folder.path());
        let configuration = format!(
            r#"global(workDirectory="{folder}" defaultNetstreamDriverCAFile="{ca}"
                defaultNetstreamDriverCertFile="{certificate}" defaultNetstreamDriverKeyFile="{key}")
            module(load="imudp") module(load="imuxsock" sysSock.use="off")
            module(load="imptcp") module(load="imtcp" streamDriver.name="gtls" streamDriver.mode="1"
                streamDriver.authMode="anon")
            input(type="imudp" address="127.0.0.1" port="514")
            input(type="imptcp" address="127.0.0.1" port="514")
            input(type="imtcp" address="127.0.0.1" port="6514")
            input(type="imuxsock" socket="{socket}")
            template(name="t" type="string"
                string="%syslogfacility-text%.%syslogseverity-text%|%hostname%|%programname%|%msg%\n")
            action(type="omfile" file="{out}" template="t")
            "#,
            folder = folder.path().display(),
            ca = at("ca.pem"),
            certificate = at("certificate.pem"),
            key = at("key.pem"),
            socket = at("socket"),
            out = at("out"),
        );
        fs::write(folder.path().join("conf"), configuration).expect("write rsyslog's configuration");
        let mut command = host.command("rsyslogd");
        command.args(["-n", "-f", &at("conf"), "-i", &at("pid")]);
        let job = Job::spawn(command);
        eventually("rsyslog to listen", || {
            let tcp = host.ok(&["ss", "-Hltun"]);
            let ready = [":514", ":6514"].iter().all(|port| tcp.contains(port)) && Path::new(&at("socket")).exists();
            ready.then_some(())
        });
        Self { folder, _job: job }
    }

    /// The authority of its certificate.
    pub fn authority(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// Where it takes datagrams.
    pub fn socket(&self) -> PathBuf {
        self.folder.path().join("socket")
    }

    /// What it has received.
    pub fn lines(&self) -> Vec<Line> {
        let text = fs::read_to_string(self.folder.path().join("out")).unwrap_or_default();
        let whole = text.rfind('\n').map_or("", |end| &text[..end]);
        let parse = |line: &str| {
            let mut parts = line.splitn(4, '|').map(str::to_owned);
            let mut next = || parts.next().expect("four parts");
            Line { priority: next(), host: next(), program: next(), text: next().trim_start().to_owned() }
        };
        whole.lines().map(parse).collect()
    }

    /// Waits until it has so many lines, and gives them.
    pub fn wait_for(&self, count: usize) -> Vec<Line> {
        eventually(&format!("{count} lines"), || Some(self.lines()).filter(|lines| lines.len() >= count))
    }
}

/// An authority, and a certificate of `localhost`.
fn write_certificates(folder: &Path) {
    use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
    let own_key = KeyPair::generate().expect("make a key");
    let mut own = CertificateParams::new(Vec::new()).expect("an authority has no names");
    own.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = own.self_signed(&own_key).expect("sign the authority");
    let key = KeyPair::generate().expect("make a key");
    let params = CertificateParams::new(vec!["localhost".to_owned()]).expect("it is a name");
    let certificate = params.signed_by(&key, &Issuer::new(own, own_key)).expect("sign the certificate");
    for (name, text) in
        [("ca.pem", authority.pem()), ("certificate.pem", certificate.pem()), ("key.pem", key.serialize_pem())]
    {
        fs::write(folder.join(name), text).expect("write a certificate");
    }
}

/// The journal of a host with an empty `/run`. It runs by itself, without a systemd that manages it.
pub struct Journal {
    host: Arc<Host>,
    _job: Job,
}

impl Journal {
    /// Starts it, and waits until it listens.
    pub fn start(host: &Arc<Host>) -> Self {
        host.ok(&["mkdir", "-p", "/run/systemd/journal", "/run/log/journal"]);
        let job = Job::spawn(host.command("/lib/systemd/systemd-journald"));
        eventually("the journal to listen", || {
            (host.run(&["test", "-S", "/run/systemd/journal/socket"]).code == 0).then_some(())
        });
        Self { host: Arc::clone(host), _job: job }
    }

    /// The records of the container of this name.
    pub fn records(&self, container: &str) -> Vec<Value> {
        let wanted = format!("CONTAINER_NAME={container}");
        let text =
            self.host.run(&["journalctl", "--directory=/run/log/journal", "--merge", "-o", "json", &wanted]).stdout;
        text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
    }
}
