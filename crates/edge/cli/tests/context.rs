//! Contexts: docker's store, and docker's words. The expectations are recorded from docker 28.2.2.

mod common;

use common::{Answer, Daemon, Ran, client, ran};
use std::path::Path;
use std::process::{Command, Stdio};
use tempfile::TempDir;

/// A configuration of its own.
struct Home(TempDir);

impl Home {
    fn new() -> Home {
        Home(tempfile::tempdir().unwrap())
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = client(args);
        command.env("DOCKER_CONFIG", self.0.path()).current_dir(self.0.path()).stdin(Stdio::null());
        command
    }

    fn run(&self, args: &[&str]) -> Ran {
        ran(self.command(args).output().unwrap())
    }

    /// What it prints to both streams; it must succeed.
    fn ok(&self, args: &[&str]) -> (String, String) {
        let ended = self.run(args);
        assert_eq!(ended.code, 0, "{args:?}: {ended:?}");
        (ended.out, ended.err)
    }

    fn fails(&self, args: &[&str]) -> String {
        let ended = self.run(args);
        assert_eq!((ended.code, &*ended.out), (1, ""), "{args:?}: {ended:?}");
        ended.err.trim_end().to_owned()
    }
}

const NOPE: &str = "ca3704aa0b06f5954c79ee837faa152d84d6b2d42838f0637a15eda8337dbdce";

#[test]
fn a_context_leads_to_its_daemon() {
    let daemon = Daemon::start(|_| Answer::Json(200, "[]"));
    let (home, host) = (Home::new(), format!("host=unix://{}", daemon.socket().display()));
    let created = home.ok(&["context", "create", "mine", "--description", "a word", "--docker", &host]);
    assert_eq!(created, ("mine\n".into(), "Successfully created context \"mine\"\n".into()));
    home.ok(&["--context", "mine", "ps"]);
    assert_eq!(home.ok(&["context", "use", "mine"]).1, "Current context is now \"mine\"\n");
    home.ok(&["ps"]);
    home.ok(&["context", "use", "default"]);
    let ended = ran(home.command(&["ps"]).env("DOCKER_CONTEXT", "mine").output().unwrap());
    assert_eq!(ended.code, 0, "{ended:?}");
    assert_eq!(daemon.lines(), ["GET /containers/json"; 3]);
}

#[test]
fn the_list_shows_what_is_in_use_and_what_hides_it() {
    let home = Home::new();
    home.ok(&["context", "create", "two", "--docker", "host=ssh://a"]);
    home.ok(&["context", "use", "two"]);
    assert_eq!(
        home.ok(&["context", "ls"]).0,
        "NAME      DESCRIPTION                               DOCKER ENDPOINT               ERROR\n\
         default   Current DOCKER_HOST based configuration   unix:///var/run/docker.sock   \n\
         two *                                               ssh://a                       \n"
    );
    let hidden = ran(home.command(&["context", "ls", "-q"]).env("DOCKER_HOST", "unix:///e").output().unwrap());
    assert_eq!(hidden.out, "default\ntwo\n");
    assert!(hidden.err.starts_with("Warning: DOCKER_HOST environment variable overrides the active context. To use a"));
    let lost = ran(home
        .command(&["context", "ls", "--format", "{{.Name}} {{.Error}}"])
        .env("DOCKER_CONTEXT", "nope")
        .output()
        .unwrap());
    assert!(lost.out.contains("nope context \"nope\": context not found: open "), "{lost:?}");
    assert_eq!(home.ok(&["-H", "unix:///x", "context", "show"]).0, "default\n");
    assert_eq!(home.ok(&["-c", "two", "context", "show"]).0, "two\n");
}

#[test]
fn mistakes_have_dockers_words_and_leave_nothing() {
    let home = Home::new();
    let folder = home.0.path().display().to_string();
    home.ok(&["context", "create", "one", "--docker", "host=unix:///x.sock"]);
    std::fs::write(home.0.path().join("junk"), "junk").unwrap();
    let missing = format!(
        "context \"nope\": context not found: open {folder}/contexts/meta/{NOPE}/meta.json: no such file or directory"
    );
    let endpoint = "unable to create docker endpoint config: ";
    for (args, said) in [
        (&["create", "one"][..], "context \"one\" already exists".to_owned()),
        (&["create", "default"], "\"default\" is a reserved context name".into()),
        (
            &["create", "../x"],
            "context name \"../x\" is invalid, names are validated against regexp \"^[a-zA-Z0-9][a-zA-Z0-9_.+-]+$\""
                .into(),
        ),
        (&["create", "new", "--from", "nope"], missing.clone()),
        (
            &["create", "new", "--from", "one", "--docker", "host=x"],
            "cannot use --docker flag when --from is set".into(),
        ),
        (&["create", "new", "--docker", "bad=1"], format!("{endpoint}unrecognized config key: bad")),
        (
            &["create", "new", "--docker", "host=tcp://h,ca=/no/such"],
            format!("{endpoint}open /no/such: no such file or directory"),
        ),
        (
            &["create", "new", "--docker", "host=tcp://h,ca=junk"],
            format!(
                "{endpoint}invalid docker endpoint options: failed to retrieve context tls info: ca.pem seems invalid"
            ),
        ),
        (&["update", "default"], "\"default\" is a reserved context name".into()),
        (&["update", "nope", "--description", "x"], missing.clone()),
        (&["use", "nope"], missing.clone()),
        (&["use"], "accepts 1 arg(s), received 0".into()),
        (&["rm", "nope"], "context \"nope\" does not exist".into()),
        (&["rm", "default"], "context \"default\" cannot be removed".into()),
        (&["export", "nope"], missing.clone()),
        (&["import", "one", "junk"], "context \"one\" already exists".into()),
        (&["import", "new", "junk"], "unexpected EOF".into()),
        (&["import", "new", "/dev/null"], "invalid context: no metadata found".into()),
    ] {
        let words: Vec<&str> = ["context"].into_iter().chain(args.iter().copied()).collect();
        assert_eq!(home.fails(&words), said, "{args:?}");
    }
    assert_eq!(home.ok(&["context", "ls", "-q"]).0, "default\none\n");
    home.ok(&["context", "use", "one"]);
    assert_eq!(home.fails(&["context", "rm", "one"]), "context \"one\" is in use, set -f flag to force remove");
    home.ok(&["context", "rm", "-f", "one", "nope"]);
    assert_eq!(home.ok(&["context", "show"]).0, "default\n");
}

#[test]
fn a_context_travels_with_its_certificates() {
    let home = Home::new();
    let certified = rcgen::generate_simple_self_signed(["h".to_owned()]).unwrap();
    let at = |name: &str| home.0.path().join(name);
    std::fs::write(at("ca.pem"), certified.cert.pem()).unwrap();
    std::fs::write(at("key.pem"), certified.signing_key.serialize_pem()).unwrap();
    let docker = "host=tcp://h:1,ca=ca.pem,cert=ca.pem,key=key.pem,skip-tls-verify=true";
    home.ok(&["context", "create", "one", "--docker", docker]);
    assert_eq!(home.ok(&["context", "export", "one"]).1, "Written file \"one.dockercontext\"\n");
    assert_eq!(home.fails(&["context", "export", "one"]), "open one.dockercontext: file exists");
    home.ok(&["context", "import", "two", "one.dockercontext"]);
    home.ok(&["context", "create", "three", "--from", "two"]);
    let folder = home.0.path().display();
    for (name, digest) in [
        ("one", "7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed"),
        ("two", "3fc4ccfe745870e2c0d99f71f30ff0656c8dedd41cc1d7d3d376b0dbe685e2f3"),
    ] {
        let shown = format!(
            "[{{\"Name\":\"{name}\",\"Metadata\":{{}},\"Endpoints\":{{\"docker\":{{\"Host\":\"tcp://h:1\",\"SkipTLSVerify\":true}}}},\
             \"TLSMaterial\":{{\"docker\":[\"ca.pem\",\"cert.pem\",\"key.pem\"]}},\"Storage\":{{\"MetadataPath\":\
             \"{folder}/contexts/meta/{digest}\",\"TLSPath\":\"{folder}/contexts/tls/{digest}\"}}}}]\n"
        );
        assert_eq!(home.ok(&["context", "inspect", "-f", "json", name]).0, shown);
        let key = std::fs::read(at(&format!("contexts/tls/{digest}/docker/key.pem"))).unwrap();
        assert_eq!(key, certified.signing_key.serialize_pem().into_bytes());
    }
    // The stock client reads what we wrote, where it is installed.
    let stock = Path::new("/usr/local/bin/docker");
    if stock.exists() {
        let mut command = Command::new(stock);
        command.args(["context", "ls", "--format", "{{.Name}} {{.DockerEndpoint}}{{.Error}}"]);
        let listed = ran(command.env("DOCKER_CONFIG", home.0.path()).env_remove("DOCKER_HOST").output().unwrap());
        assert!(listed.out.ends_with("one tcp://h:1\nthree tcp://h:1\ntwo tcp://h:1\n"), "{listed:?}");
    }
}
