//! What the client says without a daemon: help, mistakes on the command line, and their exit codes.
//!
//! The expectations are recorded from docker 28.2.2. Help texts are compared by their SHA-256, taken at 79 columns
//! with no daemon; run with `GANTRY_PRINT_HELP=1` to see ours.

mod common;

use common::alone;
use sha2::{Digest, Sha256};

/// The command, and the start of the SHA-256 of docker's help.
const HELP: &[(&str, &str)] = &[
    ("", "99b60f0f425972ed"),
    ("attach", "2806ae8aad6f5193"),
    ("commit", "ffa69c545c980e8c"),
    ("config", "48c9cf24e5d30934"),
    ("container", "81072e50b0a6fb6b"),
    ("container attach", "3106e106ceb85ce4"),
    ("container commit", "54be6c69701a9200"),
    ("container cp", "5eb48503eba2ab38"),
    ("container create", "0aec568cd5b29668"),
    ("container diff", "deb989e53ebe9106"),
    ("container exec", "7038c1826a21431e"),
    ("container export", "01e2315e964ae879"),
    ("container inspect", "bc866c8ec365d565"),
    ("container kill", "97c99fe510c0e6a4"),
    ("container logs", "d395d88a6f211a27"),
    ("container ls", "c11fc18574fc15e6"),
    ("container pause", "f6db6a82360a4ee6"),
    ("container port", "26c07704b7c869a0"),
    ("container prune", "1953a3bdb034cd2a"),
    ("container rename", "7347590630972eb9"),
    ("container restart", "58520519626c4f3e"),
    ("container rm", "5d67385e7fe99146"),
    ("container run", "1d70c6bd9ce4d309"),
    ("container start", "36a022a4a4e453a5"),
    ("container stats", "77bf883db19c9a95"),
    ("container stop", "b492ad14ce5a2dd8"),
    ("container top", "d5175da438c0d8fb"),
    ("container unpause", "2021330e9877cb51"),
    ("container update", "ad7a0fc4447fd799"),
    ("container wait", "57e4d41175aec869"),
    ("context", "64ecee82c9b2691e"),
    ("cp", "b65b06fc683780f1"),
    ("create", "225d55cf56bc3d75"),
    ("diff", "6904f55a516f25e9"),
    ("events", "711248fdee5487ea"),
    ("exec", "43275c8eda5b51ef"),
    ("export", "5d6d48047d8a6c39"),
    ("history", "b56b028a2811847f"),
    ("image", "f9bd1355c9cc76dc"),
    ("image history", "61c08606a7443d89"),
    ("image import", "62d48a3d850f562a"),
    ("image inspect", "5672b00cb768ad87"),
    ("image load", "d10a6391fe3b6c7d"),
    ("image ls", "30e73929070fff4a"),
    ("image prune", "9dbfb587ad852efa"),
    ("image pull", "dd53c22331b18cc3"),
    ("image rm", "a6af06deee2e90bd"),
    ("image save", "1efb68ea75c0e490"),
    ("image tag", "9c9920db55edfe55"),
    ("images", "c49d60aa83dc4f8d"),
    ("import", "e95968543deb59a6"),
    ("info", "856ec450a1a5391f"),
    ("inspect", "2e94dc3d902e5293"),
    ("kill", "9e063fb3a8409701"),
    ("load", "c9bdd1b4b681a9ce"),
    ("logs", "87a2a16ec12fa737"),
    ("network", "02a33d1cebc164a4"),
    ("network connect", "e17852bd2a5440ce"),
    ("network create", "f7e2df261e470c5e"),
    ("network disconnect", "3f8f9d79d1460c9c"),
    ("network inspect", "f4403649c8eeaf7a"),
    ("network ls", "72a68688681c125b"),
    ("network prune", "a83cc8d8174af99b"),
    ("network rm", "8d5bb5fb3a9ea2aa"),
    ("node", "b9730d0e1cb1eb4f"),
    ("pause", "5730061c3583c99f"),
    ("plugin", "3f9ca960eeb18160"),
    ("port", "6dc7f9ee887cc20d"),
    ("ps", "8951b1937721a317"),
    ("pull", "c852bb053d15bf5c"),
    ("rename", "2fe2cd67776e9941"),
    ("restart", "c3c4711b703862ab"),
    ("rm", "ad870799823b9161"),
    ("rmi", "3b69b50b6462984b"),
    ("run", "d0c19b0b3d38c4d7"),
    ("save", "f41932c1559341a3"),
    ("secret", "f0a8e0dfe2519b69"),
    ("service", "16548f136d920ab7"),
    ("stack", "4e84b5fc3097d6d9"),
    ("start", "3803a8d2d4e32665"),
    ("stats", "02a5664c5111908d"),
    ("stop", "62605f9d68f6f4b1"),
    ("swarm", "d212968bbde030ec"),
    ("system", "4d227cd1e6043b98"),
    ("system df", "ac78d9ca3dad8b34"),
    ("system events", "90f41d4baa60422b"),
    ("system info", "90f2af719510c008"),
    ("system prune", "91f18d5ddcf320a1"),
    ("tag", "9bd4485739a33f8b"),
    ("top", "3080748b58e3152b"),
    ("trust", "4127013eb99ca49c"),
    ("trust key", "2dcf6a41e3101282"),
    ("trust signer", "59f3fec92ea735f4"),
    ("unpause", "5f04a6d4889154e0"),
    ("update", "0718ffa3fa56cde3"),
    ("version", "123e7645acb1d9fd"),
    ("volume", "817db3dcbac1decf"),
    ("volume create", "1f903318fd6b0a69"),
    ("volume inspect", "75c6c052b57d9741"),
    ("volume ls", "65c358a91a5cfe83"),
    ("volume prune", "902468558911d7c5"),
    ("volume rm", "011d4830d9e63717"),
    ("wait", "1768b6edeb70a2e6"),
];

#[test]
fn help_is_byte_for_byte_dockers() {
    for (command, expect) in HELP {
        let args: Vec<&str> = command.split_whitespace().chain(["--help"]).collect();
        let ran = alone(&args);
        let hash: String =
            Sha256::digest(ran.out.as_bytes()).iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        if std::env::var_os("GANTRY_PRINT_HELP").is_some() {
            println!("{}", ran.out);
        }
        assert_eq!((ran.code, hash.as_str(), ran.err.as_str()), (0, *expect, ""), "{command} --help");
    }
}

#[test]
fn mistakes_have_dockers_words_and_codes() {
    let usage = |text: &str, command: &str, args: &str| {
        format!("{text}\n\nUsage:  docker {command} {args}\n\nRun 'docker {command} --help' for more information\n")
    };
    let run = |text: &str| usage(text, "run", "[OPTIONS] IMAGE [COMMAND] [ARG...]");
    for (args, code, err) in [
        (&["foo"][..], 1, "docker: unknown command: docker foo\n\nRun 'docker --help' for more information\n".to_string()),
        (&["container", "foo"], 1, "docker: unknown command: docker container foo\n\nUsage:  docker container\n\nRun 'docker container --help' for more information\n".into()),
        (&["run"], 1, "docker: 'docker run' requires at least 1 argument\n\nUsage:  docker run [OPTIONS] IMAGE [COMMAND] [ARG...]\n\nSee 'docker run --help' for more information\n".into()),
        (&["tag", "a"], 1, "docker: 'docker tag' requires 2 arguments\n\nUsage:  docker tag SOURCE_IMAGE[:TAG] TARGET_IMAGE[:TAG]\n\nRun 'docker tag --help' for more information\n".into()),
        (&["ps", "a"], 1, "docker: 'docker ps' accepts no arguments\n\nUsage:  docker ps [OPTIONS]\n\nRun 'docker ps --help' for more information\n".into()),
        (&["run", "--nope"], 125, run("unknown flag: --nope")),
        (&["run", "-zt", "x"], 125, run("unknown shorthand flag: 'z' in -zt")),
        (&["run", "-it=x", "x"], 125, run("invalid argument \"x\" for \"-t, --tty\" flag: strconv.ParseBool: parsing \"x\": invalid syntax")),
        (&["run", "--memory", "xx", "x"], 125, run("invalid argument \"xx\" for \"-m, --memory\" flag: invalid size: 'xx'")),
        (&["run", "-e", "", "x"], 125, run("invalid argument \"\" for \"-e, --env\" flag: invalid environment variable: ")),
        (&["run", "-l", "=x", "x"], 125, run("invalid argument \"=x\" for \"-l, --label\" flag: invalid label '=x': empty name")),
        (&["run", "--dns", "x", "x"], 125, run("invalid argument \"x\" for \"--dns\" flag: IP address is not correctly formatted: x")),
        (&["run", "--ulimit", "nofile=x", "x"], 125, run("invalid argument \"nofile=x\" for \"--ulimit\" flag: strconv.ParseInt: parsing \"x\": invalid syntax")),
        (&["run", "--health-interval", "5", "x"], 125, run("invalid argument \"5\" for \"--health-interval\" flag: time: missing unit in duration \"5\"")),
        (&["run", "--mount", "type=bind", "x"], 125, run("invalid argument \"type=bind\" for \"--mount\" flag: target is required")),
        (&["--nope"], 125, "unknown flag: --nope\n\nUsage:  docker [OPTIONS] COMMAND [ARG...]\n\nRun 'docker --help' for more information\n".into()),
        (&["help", "foo"], 1, "unknown help topic: foo\n".into()),
        (&["-l", "foo", "ps"], 1, "Unable to parse logging level: foo\n".into()),
        (&["-c", "x", "-H", "y", "ps"], 1, "conflicting options: cannot specify both --host and --context\n".into()),
        (&["-H", "foo://x", "ps"], 1, "Failed to initialize: unable to resolve docker endpoint: invalid bind address format: foo://x\n".into()),
        (&["ps"], 1, "Cannot connect to the Docker daemon at unix:///nonexistent.sock. Is the docker daemon running?\n".into()),
        (&["run", "x"], 125, "docker: Cannot connect to the Docker daemon at unix:///nonexistent.sock. Is the docker daemon running?\n\nRun 'docker run --help' for more information\n".into()),
        (&["build", "."], 1, "gantry: 'build' is not implemented yet\n".into()),
        (&["swarm", "init"], 1, "gantry: 'swarm init' is not implemented yet\n".into()),
        (&["commit", "a", "b", "c"], 1, "docker: 'docker commit' requires at least 1 and at most 2 arguments\n\nUsage:  docker commit [OPTIONS] CONTAINER [REPOSITORY[:TAG]]\n\nRun 'docker commit --help' for more information\n".into()),
        (&["rename", "a", ""], 1, "Error: Neither old nor new names may be empty\n".into()),
        (&["update", "a"], 1, "you must provide one or more flags when using this command\n".into()),
        (&["export", "-o", "/dev/null", "a"], 1, "failed to export container: cannot write to a character device file\n".into()),
        (&["volume", "create", "--name", "x", "y"], 1, "conflicting options: cannot specify a volume-name through both --name and as a positional arg\n".into()),
        (&["system", "prune", "--volumes", "--filter", "until=1h"], 1, "ERROR: The \"until\" filter is not supported with \"--volumes\"\n".into()),
    ] {
        let ran = alone(args);
        assert_eq!((ran.code, ran.err, ran.out), (code, err, String::new()), "{args:?}");
    }
}

#[test]
fn values_that_docker_checks_late_are_refused_with_its_words() {
    for (flags, why) in [
        (&["-p", "99999:80"][..], "invalid hostPort: 99999"),
        (&["-p", "80:b"], "invalid containerPort: b"),
        (&["-p", "1.2.3:80:80"], "invalid IP address: 1.2.3"),
        (&["-p", "80/foo"], "invalid proto: foo"),
        (&["-p", ""], "no port specified: <empty>"),
        (&["--expose", "80:90"], "invalid port format for --expose: 80:90"),
        (&["-v", ""], "invalid empty volume spec"),
        (&["-v", "/a:/b:z:q"], "invalid spec: /a:/b:z:q: too many colons"),
        (&["--env-file", "/nope"], "open /nope: no such file or directory"),
        (&["--device", "/dev/null:/x:foo"], "bad mode specified: foo"),
        (&["--health-timeout", "-1s"], "--health-timeout cannot be negative"),
        (&["--no-healthcheck", "--health-cmd", "x"], "--no-healthcheck conflicts with --health-* options"),
        (&["--restart", "on-failure:x"], "invalid restart policy format: maximum retry count must be an integer"),
        (&["--restart", "always", "--rm"], "conflicting options: cannot specify both --restart and --rm"),
        (&["--network", ""], "no name set for network"),
        (
            &["--network", "host", "--network", "n"],
            "conflicting options: cannot attach both user-defined and non-user-defined network-modes",
        ),
        (&["--network", "n", "--network", "n"], "network \"n\" is specified multiple times"),
        (
            &["--network", "host", "--network-alias", "x"],
            "network-scoped aliases are only supported for user-defined networks",
        ),
        (&["--mac-address", "x"], "x is not a valid mac address"),
        (&["--pid", "foo"], "--pid: invalid PID mode"),
        (&["--uts", "foo"], "--uts: invalid UTS mode"),
        (&["--userns", "foo"], "--userns: invalid USER mode"),
        (&["--cgroupns", "foo"], "--cgroupns: invalid CGROUP mode"),
        (&["--storage-opt", "foo"], "invalid storage option"),
        (&["--log-driver", "none", "--log-opt", "a=b"], "invalid logging opts for driver none"),
        (&["--security-opt", "foo"], "Invalid --security-opt: \"foo\""),
        (&["--memory-swappiness", "200"], "invalid value: 200. Valid memory swappiness range is 0-100"),
        (&["--pull", "foo"], "invalid pull option: 'foo': must be one of \"always\", \"missing\" or \"never\""),
    ] {
        let args: Vec<&str> = ["create"].iter().chain(flags).chain(&["busybox"]).copied().collect();
        let ran = alone(&args);
        let expect = format!("docker: {why}\n\nRun 'docker create --help' for more information\n");
        assert_eq!((ran.code, ran.err), (125, expect), "{flags:?}");
    }
}

#[test]
fn the_version_is_told_at_once() {
    for flag in ["--version", "-v"] {
        let ran = alone(&[flag]);
        assert!(ran.out.starts_with("Docker version 28.2.2, build "), "{}", ran.out);
    }
}
