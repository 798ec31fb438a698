//! A daemon from afar: over TLS, and through ssh; our client and the stock one.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, ExtendedKeyUsagePurpose, IsCa, KeyPair, KeyUsagePurpose,
};
use tempfile::TempDir;
use testkit::{Client, Daemon, Distributor, Host, Job, Output, busybox};

use crate::GANTRY;

/// Free on every host of a test's own.
const PORT: u16 = 2376;

/// Folders with certificates, as `DOCKER_CERT_PATH` wants them.
struct Folders {
    place: TempDir,
}

impl Folders {
    /// `server`, `client`, and what is wrong in each way: `no-pair`, `other-ca`, `stranger`.
    fn make() -> Self {
        let folders = Self { place: tempfile::tempdir().expect("make a folder") };
        let (ours, other) = (authority(), authority());
        folders.fill("server", &ours, Some((&ours, ExtendedKeyUsagePurpose::ServerAuth)));
        folders.fill("client", &ours, Some((&ours, ExtendedKeyUsagePurpose::ClientAuth)));
        folders.fill("no-pair", &ours, None);
        folders.fill("other-ca", &other, Some((&ours, ExtendedKeyUsagePurpose::ClientAuth)));
        folders.fill("stranger", &ours, Some((&other, ExtendedKeyUsagePurpose::ClientAuth)));
        folders
    }

    fn path(&self, name: &str) -> PathBuf {
        self.place.path().join(name)
    }

    fn fill(&self, name: &str, ca: &Authority, pair: Option<(&Authority, ExtendedKeyUsagePurpose)>) {
        let write =
            |file: &str, text: String| fs::write(self.path(name).join(file), text).expect("write a certificate");
        fs::create_dir(self.path(name)).expect("make a folder");
        write("ca.pem", ca.pem());
        let Some((issuer, purpose)) = pair else { return };
        let mut params = CertificateParams::new(["localhost".into(), "127.0.0.1".into()]).expect("these are names");
        params.extended_key_usages.push(purpose);
        let key = KeyPair::generate().expect("make a key");
        write("cert.pem", params.signed_by(&key, issuer).expect("sign a certificate").pem());
        write("key.pem", key.serialize_pem());
    }
}

type Authority = CertifiedIssuer<'static, KeyPair>;

fn authority() -> Authority {
    let mut params = CertificateParams::new(Vec::new()).expect("no names are names");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages.push(KeyUsagePurpose::KeyCertSign);
    let key = KeyPair::generate().expect("make a key");
    CertifiedIssuer::self_signed(params, key).expect("sign an authority")
}

/// A daemon with an encrypted door, and an image.
struct Far {
    daemon: Daemon,
    folders: Folders,
    image: String,
    _registry: Distributor,
}

impl Far {
    fn start(options: &[&str]) -> Self {
        let (host, folders) = (Host::new(), Folders::make());
        let registry = Distributor::start(&host);
        let image = registry.push(&busybox(), "busybox:1");
        let file = |flag: &str, name: &str| format!("--{flag}={}", folders.path("server").join(name).display());
        let door = [
            format!("--host=tcp://127.0.0.1:{PORT}"),
            file("tlscacert", "ca.pem"),
            file("tlscert", "cert.pem"),
            file("tlskey", "key.pem"),
        ];
        let options: Vec<&str> = door.iter().map(String::as_str).chain(options.iter().copied()).collect();
        let daemon = Daemon::start_with(&host, GANTRY, &options);
        daemon.gantry().ok(&["pull", "-q", &image]);
        Self { daemon, folders, image, _registry: registry }
    }

    /// A client that comes by TCP.
    fn command(&self, client: &Client, env: &[(&str, &str)], args: &[&str]) -> Command {
        let mut command = client.command(args);
        command.env("DOCKER_HOST", format!("tcp://127.0.0.1:{PORT}")).envs(env.iter().copied());
        command
    }

    fn run(&self, client: &Client, verify: bool, folder: &str, args: &[&str]) -> Output {
        let path = self.folders.path(folder);
        let switch = if verify { "DOCKER_TLS_VERIFY" } else { "DOCKER_TLS" };
        let path = path.display().to_string();
        Job::spawn(self.command(client, &[(switch, "1"), ("DOCKER_CERT_PATH", &path)], args)).finish()
    }
}

#[test]
fn clients_with_certificates_are_let_in_and_all_others_are_told_why_not() {
    let far = Far::start(&["--tlsverify"]);
    for client in [far.daemon.gantry(), far.daemon.docker()] {
        far.run(&client, true, "client", &["ps"]).success();
        far.run(&client, false, "other-ca", &["ps"]).success();
        let refused = |folder: &str, part: &str| {
            let said = far.run(&client, true, folder, &["ps"]).failure(1);
            assert!(said.contains(part), "{folder}: {said}");
        };
        refused("no-pair", "remote error: tls: certificate required");
        refused("stranger", "remote error: tls: ");
        refused("other-ca", "tls: failed to verify certificate: x509: certificate signed by unknown authority");
        refused("nowhere", "Failed to initialize: unable to resolve docker endpoint: open ");
        let plain = Job::spawn(far.command(&client, &[], &["ps"])).finish().failure(1);
        assert!(
            plain.contains("Error response from daemon: Client sent an HTTP request to an HTTPS server."),
            "{plain}"
        );
    }
    let said = far.run(&far.daemon.gantry(), true, "no-pair", &["ps"]).failure(1);
    assert!(said.starts_with("the server probably has client authentication (--tlsverify) enabled"), "{said}");
}

#[test]
fn tls_alone_asks_for_certificates_as_well_and_only_tlsverify_false_does_not() {
    let far = Far::start(&["--tls"]);
    let said = far.run(&far.daemon.gantry(), true, "no-pair", &["ps"]).failure(1);
    assert!(said.contains("certificate required"), "{said}");
    drop(far);
    let far = Far::start(&["--tlsverify=false"]);
    far.run(&far.daemon.gantry(), true, "no-pair", &["ps"]).success();
    far.run(&far.daemon.docker(), true, "no-pair", &["ps"]).success();
}

#[test]
fn streams_that_take_over_their_connection_close_each_half_for_itself() {
    let far = Far::start(&["--tlsverify"]);
    // The end of the input must reach the process, and what it prints then must come back.
    let script = "cat; sleep 0.2; echo after the end; echo complaint >&2; exit 3";
    let text = "x".repeat(1 << 20);
    for client in [far.daemon.gantry(), far.daemon.docker()] {
        let feed = |args: &[&str]| {
            let path = far.folders.path("client").display().to_string();
            let env = [("DOCKER_TLS_VERIFY", "1"), ("DOCKER_CERT_PATH", path.as_str())];
            let mut job = Job::spawn(far.command(&client, &env, args));
            job.write(text.as_bytes());
            let ended = job.finish();
            assert_eq!((ended.code, ended.stderr.trim()), (3, "complaint"), "{args:?}");
            assert_eq!(ended.stdout.trim_end(), format!("{text}after the end"), "{args:?}");
        };
        feed(&["run", "-i", "--rm", &far.image, "sh", "-c", script]);
        far.run(&client, true, "client", &["run", "-d", "--name", "lasting", &far.image, "sleep", "1000"]).success();
        feed(&["exec", "-i", "lasting", "sh", "-c", script]);
        far.run(&client, true, "client", &["rm", "-f", "lasting"]).success();
    }
}

#[test]
fn a_daemon_without_its_certificates_does_not_start() {
    let folders = Folders::make();
    let path = |folder: &str, file: &str| folders.path(folder).join(file).display().to_string();
    let refusal = |ca: &str, cert: &str, key: &str| {
        let flags = [format!("--tlscacert={ca}"), format!("--tlscert={cert}"), format!("--tlskey={key}")];
        let options: Vec<&str> = ["--tlsverify"].into_iter().chain(flags.iter().map(String::as_str)).collect();
        Job::spawn(Daemon::prepare(&Host::new(), GANTRY, &options).command()).finish().failure(1)
    };
    let (ca, cert, key) = (path("server", "ca.pem"), path("server", "cert.pem"), path("server", "key.pem"));
    for (said, part) in [
        (refusal("/none", &cert, &key), "could not read CA certificate \"/none\": open /none: no such file".to_owned()),
        (refusal(&key, &cert, &key), "failed to append certificates from PEM file".to_owned()),
        (refusal(&ca, "/none", &key), "Could not load X509 key pair (cert: \"/none\", key: ".to_owned()),
        (refusal(&ca, &cert, &path("client", "key.pem")), "private key does not match public key".to_owned()),
        (refusal(&ca, &key, &key), "Error reading X509 key pair".to_owned()),
    ] {
        assert!(said.contains(&part) && said.contains("invalid TLS configuration: "), "{said}");
    }
}

/// A folder with an `ssh` that runs the command here, and `docker` that is ours; and where it notes its arguments.
fn fake_ssh() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("make a folder");
    let (script, notes) = (folder.path().join("ssh"), folder.path().join("notes"));
    let text =
        "#!/bin/sh\necho \"$*\" >> \"$NOTES\"\nwhile [ \"$1\" != -- ]; do shift; done\nshift 2\nexec sh -c \"$*\"\n";
    fs::write(&script, text).expect("write a script");
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).expect("set a mode");
    symlink(GANTRY, folder.path().join("docker")).expect("make a link");
    (folder, notes)
}

#[test]
fn another_machine_is_reached_through_ssh() {
    let far = Far::start(&["--tlsverify"]);
    let (folder, notes) = fake_ssh();
    let address = format!("ssh://me@there:2222{}", far.daemon.socket().display());
    let path = format!("{}:{}", folder.path().display(), std::env::var("PATH").unwrap_or_default());
    let start = |program: &str, args: &[&str]| {
        let mut command = Client::new(far.daemon.host(), Path::new(program), None).command(args);
        command.env("DOCKER_HOST", &address).env("PATH", &path).env("NOTES", &notes);
        Job::spawn(command)
    };
    // The stock client has the same remote end, which is ours.
    for program in [GANTRY, "/usr/local/bin/docker"].into_iter().filter(|program| Path::new(program).exists()) {
        let mut job = start(program, &["run", "-i", "--rm", &far.image, "sh", "-c", "cat; echo end; exit 4"]);
        job.write(b"through the tunnel\n");
        let ended = job.finish();
        assert_eq!((ended.code, ended.stdout.as_str()), (4, "through the tunnel\nend\n"), "{ended:?}");
    }
    let noted = fs::read_to_string(&notes).expect("read the notes");
    let expected = format!(
        "-o ConnectTimeout=30 -T -l me -p 2222 -- there docker --host unix://{} system dial-stdio",
        far.daemon.socket().display()
    );
    assert!(noted.lines().all(|line| line == expected), "{noted}");
}

#[test]
fn a_tunnel_that_fails_says_why() {
    let (folder, _) = fake_ssh();
    fs::write(folder.path().join("ssh"), "#!/bin/sh\necho no route >&2\nexit 255\n").expect("write a script");
    let host = Host::new();
    let mut command = Client::new(&host, Path::new(GANTRY), None).command(&["ps"]);
    command.env("DOCKER_HOST", "ssh://there").env("PATH", format!("{}:/usr/bin:/bin", folder.path().display()));
    let said = Job::spawn(command).finish().failure(1);
    assert!(
        said.contains(
            "command [ssh -o ConnectTimeout=30 -T -- there docker system dial-stdio] has exited with exit status 255"
        ),
        "{said}"
    );
    assert!(said.contains("stderr=no route"), "{said}");
}
