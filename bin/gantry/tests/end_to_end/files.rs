//! Files of containers seen from outside: copied in and out, compared, exported, made an image of. By the stock client.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;
use std::process::{Child, ChildStdin, Stdio};

use testkit::{Job, LeakCheck, Output, eventually};

use crate::bench::{Bench, ask};

/// A container in each of the states in which files are looked at; in all of them `/d/f` is there.
fn containers(bench: &Bench) -> [&'static str; 3] {
    let docker = bench.daemon.docker();
    let script = "mkdir -p /d/sub; echo hi > /d/f; ln -s /d /l; ln -s f /d/rel; ln /d/f /d/hard; chmod 4755 /d/f";
    bench.run(&["-d", "--name", "live"], &format!("{script}; echo ready; sleep 1000")).success();
    eventually("the files", || docker.ok(&["logs", "live"]).contains("ready").then_some(()));
    bench.run(&["--name", "still"], script).success();
    bench.run(&["-d", "--name", "frozen"], &format!("{script}; echo ready; sleep 1000")).success();
    eventually("the files", || docker.ok(&["logs", "frozen"]).contains("ready").then_some(()));
    docker.ok(&["pause", "frozen"]);
    ["live", "still", "frozen"]
}

#[test]
fn files_come_out_as_they_are_in_any_state() {
    let bench = Bench::new();
    let docker = bench.daemon.docker();
    let out = tempfile::tempdir().unwrap();
    for name in containers(&bench) {
        let to = out.path().join(name);
        fs::create_dir(&to).unwrap();
        let copy = |from: &str| docker.ok(&["cp", &format!("{name}:{from}"), &to.display().to_string()]);
        copy("/d");
        let meta = fs::metadata(to.join("d/f")).unwrap();
        assert_eq!(
            (fs::read_to_string(to.join("d/f")).unwrap().as_str(), meta.mode() & 0o7777),
            ("hi\n", 0o4755),
            "{name}"
        );
        assert_eq!(meta.ino(), fs::metadata(to.join("d/hard")).unwrap().ino(), "{name}: one file of two names");
        assert_eq!(fs::read_link(to.join("d/rel")).unwrap(), Path::new("f"));
        assert!(to.join("d/sub").is_dir());
        copy("/l");
        assert_eq!(fs::read_link(to.join("l")).unwrap(), Path::new("/d"));
        docker.ok(&["cp", "-L", &format!("{name}:/l/rel"), &to.join("followed").display().to_string()]);
        assert_eq!(fs::read_to_string(to.join("followed")).unwrap(), "hi\n");
        let message = docker.fails(1, &["cp", &format!("{name}:/nosuch"), "-"]);
        assert!(message.contains(&format!("Could not find the file /nosuch in container {name}")), "{message}");
    }
    let mut list = Job::spawn({
        let mut tar = std::process::Command::new("tar");
        tar.arg("t");
        tar
    });
    list.write_if_open(docker.run(&["cp", "live:/d/.", "-"]).stdout.as_bytes());
    assert!(list.finish().stdout.starts_with("./\n./f\n"), "the name of a directory's content is a dot");
    docker.ok(&["cp", "live:/etc/passwd", &out.path().join("passwd").display().to_string()]);
    assert!(fs::read_to_string(out.path().join("passwd")).unwrap().contains("root"));
}

#[test]
fn files_go_in_with_owner_mode_and_links_in_any_state() {
    let bench = Bench::new();
    let docker = bench.daemon.docker();
    let from = tempfile::tempdir().unwrap();
    let path = |name: &str| from.path().join(name);
    fs::create_dir_all(path("tree/sub")).unwrap();
    fs::write(path("tree/sub/a"), "content").unwrap();
    fs::set_permissions(path("tree/sub/a"), fs::Permissions::from_mode(0o640)).unwrap();
    std::os::unix::fs::chown(path("tree/sub/a"), Some(1000), Some(1001)).unwrap();
    symlink("sub/a", path("tree/link")).unwrap();
    fs::write(path("tree/.wh.x"), "no whiteout").unwrap();
    let tree = path("tree").display().to_string();
    docker.ok(&["create", "--name", "created", &bench.image, "sh", "-c", "cat /t/sub/a"]);
    for name in containers(&bench).into_iter().chain(["created"]) {
        docker.ok(&["cp", "-a", &tree, &format!("{name}:/t")]);
        docker.ok(&["cp", &path("tree/sub/a").display().to_string(), &format!("{name}:/t/b")]);
        let back = from.path().join(name);
        docker.ok(&["cp", "-a", &format!("{name}:/t"), &back.display().to_string()]);
        // The client gives what it copies out to its user; the archive has the owner.
        let archive = docker.command(&["cp", &format!("{name}:/t/sub/a"), "-"]).output().unwrap().stdout;
        let mut list = std::process::Command::new("tar");
        list.args(["tv", "--numeric-owner"]);
        let mut list = Job::spawn(list);
        list.write_if_open(&archive);
        let list = list.finish().stdout;
        assert!(list.starts_with("-rw-r-----") && list.contains(" 1000/1001 "), "{name}: {list}");
        assert_eq!(fs::read_link(back.join("link")).unwrap(), Path::new("sub/a"));
        assert_eq!(fs::read_to_string(back.join(".wh.x")).unwrap(), "no whiteout");
        assert_eq!(fs::read_to_string(back.join("b")).unwrap(), "content");
    }
    assert_eq!(docker.ok(&["start", "-a", "created"]), "content");
    assert_eq!(docker.ok(&["exec", "live", "cat", "/t/sub/a"]), "content");
}

/// Puts an archive into a container; gives the status and the message.
fn put(bench: &Bench, name: &str, query: &str, archive: &[u8]) -> (u16, String) {
    let mut command = bench.host.command("curl");
    command.args(["--silent", "--write-out", "\n%{http_code}", "--request", "PUT", "--data-binary", "@-"]);
    command.arg("--unix-socket").arg(bench.daemon.socket());
    command.arg(format!("http://gantry/containers/{name}/archive?{query}"));
    let mut job = Job::spawn(command);
    job.write_if_open(archive);
    let output = job.finish().stdout;
    let (body, status) = output.rsplit_once('\n').unwrap_or(("", &output));
    (status.parse().unwrap(), body.to_owned())
}

/// An archive of entries by a script in Python, whose library writes whatever it is told.
fn archive(entries: &str) -> Vec<u8> {
    let script = format!(
        "import io,sys,tarfile\nt=tarfile.open(fileobj=sys.stdout.buffer,mode='w|',format=tarfile.PAX_FORMAT)\n\
         def file(n,d=b'evil'):\n i=tarfile.TarInfo(n); i.size=len(d); t.addfile(i,io.BytesIO(d))\n\
         def link(n,to,k=tarfile.SYMTYPE):\n i=tarfile.TarInfo(n); i.type=k; i.linkname=to; t.addfile(i)\n\
         def hard(n,to): link(n,to,tarfile.LNKTYPE)\n\
         def folder(n):\n i=tarfile.TarInfo(n); i.type=tarfile.DIRTYPE; i.mode=0o755; t.addfile(i)\n{entries}\nt.close()\n"
    );
    let output = std::process::Command::new("python3").args(["-c", &script]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

#[test]
fn bad_archives_and_places_are_refused_with_their_status() {
    let bench = Bench::new();
    let leaks = LeakCheck::before(&bench.daemon);
    bench.run(&["-d", "--name", "web"], "mkdir /t; echo old > /t/a; mkdir /t/dir; sleep 1000").success();
    bench.run(&["-d", "--name", "locked", "--read-only", "--tmpfs", "/tmp"], "sleep 1000").success();
    bench.daemon.docker().ok(&["create", "--name", "sealed", "--read-only", &bench.image]);
    eventually("its files", || bench.gantry().run(&["exec", "web", "ls", "/t/dir"]).code.eq(&0).then_some(()));
    let file = archive("file('x')");
    for (name, query, body, status, part) in [
        ("web", "path=/t", &file[..], 200, ""),
        ("web", "path=/nosuch", &file, 404, "Could not find the file /nosuch in container web"),
        ("web", "path=/t/a", &file, 400, "extraction point is not a directory"),
        ("web", "path=", &file, 400, "path"),
        ("nosuch", "path=/", &file, 404, "No such container: nosuch"),
        ("web", "path=/t", &b"nonsense".repeat(100), 400, "not a tar archive"),
        ("web", "path=/t", b"", 200, ""),
        ("web", "path=/t", &file[..700], 400, "the archive ends in the middle of an entry"),
        ("web", "path=/t", &archive("hard('h','nosuch')"), 404, "No such file or directory"),
        ("web", "path=/t", &archive("file('../out')"), 400, "out"),
        ("web", "path=/t", &archive("hard('h','../etc/passwd')"), 400, "out"),
        (
            "web",
            "path=/t&noOverwriteDirNonDir=1",
            &archive("folder('a')"),
            400,
            "cannot overwrite non-directory with directory",
        ),
        (
            "web",
            "path=/t&noOverwriteDirNonDir=1",
            &archive("file('dir')"),
            400,
            "cannot overwrite directory with non-directory",
        ),
        ("locked", "path=/", &file, 403, "container rootfs is marked read-only"),
        ("locked", "path=/tmp", &file, 200, ""),
        ("sealed", "path=/", &file, 403, "container rootfs is marked read-only"),
    ] {
        let (code, message) = put(&bench, name, query, body);
        assert_eq!(code, status, "{name} {query}: {message}");
        assert!(message.contains(part), "{name} {query}: {message}");
    }
    assert_eq!(bench.gantry().ok(&["exec", "web", "cat", "/t/a", "/t/x"]), "old\nevil");
    for name in ["web", "locked", "sealed"] {
        bench.gantry().ok(&["rm", "-f", name]);
    }
    leaks.assert_clean(&bench.daemon);
}

/// CVE-2018-15664 and CVE-2019-14271: what stands in the container or the archive must not lead to the host.
#[test]
fn nothing_of_the_host_is_reached_by_links_of_container_or_archive() {
    let bench = Bench::new();
    let docker = bench.daemon.docker();
    let host = tempfile::Builder::new().prefix("gantry-canary-").tempdir_in("/tmp").unwrap();
    fs::write(host.path().join("secret"), "secret of the host").unwrap();
    let path = host.path().display().to_string();
    let script = format!(
        "ln -s {path} /abs; ln -s ../../../../../../../..{path} /rel; ln -s /proc/1/root{path} /magic; echo ready; sleep 1000"
    );
    bench.run(&["-d", "--name", "live"], &script).success();
    eventually("its links", || docker.ok(&["logs", "live"]).contains("ready").then_some(()));
    docker.ok(&["commit", "live", "links:1"]);
    docker.ok(&["create", "--name", "still", "links:1"]);
    for name in ["live", "still"] {
        for link in ["abs", "rel", "magic"] {
            let output = docker.run(&["cp", &format!("{name}:/{link}/secret"), "-"]);
            assert!(!output.stdout.contains("secret of the host"), "{name}:{link}");
            assert_ne!(output.code, 0, "{name}:{link}");
            let (status, message) = put(&bench, name, &format!("path=/{link}"), &archive("file('written')"));
            assert_eq!(status, 404, "{name}:{link}: {message}");
        }
        let tricks = format!(
            "link('a','{path}'); file('a/written'); link('b','../../../../../..{path}'); file('b/written'); \
             file('{path}/written'); link('c','/'); hard('d','c/etc/passwd')"
        );
        let _ = put(&bench, name, "path=/", &archive(&tricks));
        assert!(!host.path().join("written").exists(), "{name}");
    }
    assert_eq!(fs::read_to_string(host.path().join("secret")).unwrap(), "secret of the host");
}

/// The race of CVE-2018-15664: a component is swapped for a link while the copy looks at it.
#[test]
fn a_container_that_swaps_its_folders_gets_nothing_either() {
    let bench = Bench::new();
    let docker = bench.daemon.docker();
    let host = tempfile::Builder::new().prefix("gantry-canary-").tempdir_in("/tmp").unwrap();
    fs::write(host.path().join("secret"), "secret of the host").unwrap();
    let path = host.path().display();
    let script = format!(
        "mkdir -p /real /swap; echo mine > /real/secret; echo mine > /swap/secret; echo ready; \
         while :; do mv /swap /kept; ln -s {path} /swap; rm /swap; mv /kept /swap; done"
    );
    bench.run(&["-d", "--name", "web"], &script).success();
    eventually("the swapping", || docker.ok(&["logs", "web"]).contains("ready").then_some(()));
    let file = archive("file('written')");
    for _ in 0..150 {
        let (_, body) = ask(&bench, "GET", "/containers/web/archive?path=/swap/secret", "");
        assert!(!body.contains("secret of the host"));
        let _ = put(&bench, "web", "path=/swap", &file);
    }
    assert!(!host.path().join("written").exists());
}

#[test]
fn changes_are_told_and_none_are_null() {
    let bench = Bench::new();
    let docker = bench.daemon.docker();
    docker.ok(&["create", "--name", "fresh", &bench.image]);
    bench.run(&["--name", "idle"], "true").success();
    for name in ["fresh", "idle"] {
        assert_eq!(docker.ok(&["diff", name]), "", "{name}");
        assert_eq!(ask(&bench, "GET", &format!("/containers/{name}/changes"), ""), (200, "null".into()));
    }
    let script = "rm /etc/passwd; mkdir /n; echo x > /n/f; touch /etc; chmod 700 /bin; echo y >> /etc/hosts";
    bench.run(&["--name", "busy"], script).success();
    assert_eq!(docker.ok(&["diff", "busy"]), "C /bin\nC /etc\nD /etc/passwd\nA /n\nA /n/f");
    assert!(docker.fails(1, &["diff", "nosuch"]).contains("No such container: nosuch"));
}

#[test]
fn an_export_is_the_root_file_system_and_nothing_that_is_mounted() {
    let bench = Bench::new();
    let docker = bench.daemon.docker();
    let bound = tempfile::tempdir().unwrap();
    fs::write(bound.path().join("of-the-host"), "").unwrap();
    let volume = format!("{}:/data", bound.path().display());
    bench.run(&["-d", "--name", "web", "-v", &volume], "echo own > /own; echo ready; sleep 1000").success();
    eventually("its file", || docker.ok(&["logs", "web"]).contains("ready").then_some(()));
    let list = |name: &str| {
        let file = tempfile::NamedTempFile::new().unwrap();
        docker.ok(&["export", "-o", &file.path().display().to_string(), name]);
        let tar = std::process::Command::new("tar").arg("tf").arg(file.path()).output().unwrap();
        assert!(tar.status.success());
        String::from_utf8(tar.stdout).unwrap()
    };
    let live = list("web");
    docker.ok(&["stop", "-t", "0", "web"]);
    for names in [live, list("web")] {
        let has = |name: &str| names.lines().any(|line| line.trim_end_matches('/') == name);
        assert!(has("own") && has("data") && has("bin/sh") && has("proc") && has(".dockerenv"), "{names}");
        assert!(!names.contains("of-the-host") && !has("proc/1") && !has("dev/null"), "{names}");
    }
    let nowhere = bound.path().join("none").display().to_string();
    assert!(docker.fails(1, &["export", "-o", &nowhere, "nosuch"]).contains("No such container: nosuch"));
}

#[test]
fn an_image_is_made_of_a_container_as_it_runs() {
    let mut bench = Bench::new();
    let docker = bench.daemon.docker();
    bench
        .run(
            &["-d", "--name", "web", "-e", "A=1", "-w", "/tmp"],
            "rm /etc/group; echo own > /own; echo ready; sleep 1000",
        )
        .success();
    eventually("its file", || docker.ok(&["logs", "web"]).contains("ready").then_some(()));
    let id = docker.ok(&[
        "commit",
        "-m",
        "said",
        "-a",
        "me",
        "-c",
        "CMD [\"cat\", \"/own\"]",
        "-c",
        "ENV B=2",
        "web",
        "new:1",
    ]);
    assert!(id.starts_with("sha256:"));
    let told = docker.ok(&[
        "image",
        "inspect",
        "-f",
        "{{.Id}} {{.Author}} {{.Comment}} {{.Config.Env}} {{.Config.WorkingDir}}",
        "new:1",
    ]);
    assert!(told.starts_with(&format!("{id} me said [")) && told.ends_with("/tmp"), "{told}");
    assert!(told.contains("A=1") && told.contains("B=2"), "{told}");
    assert_eq!(docker.ok(&["run", "--rm", "new:1"]), "own");
    assert_eq!(
        docker.ok(&["run", "--rm", "new:1", "sh", "-c", "ls /etc/group /etc/hosts 2>/dev/null; echo $B"]),
        "/etc/hosts\n2"
    );
    assert_eq!(docker.ok(&["inspect", "-f", "{{.State.Status}}", "web"]), "running", "it goes on");
    let history = docker.ok(&["history", "--format", "{{.CreatedBy}} {{.Comment}}", "new:1"]);
    assert!(history.lines().next().unwrap().ends_with("said") && history.contains("echo own"), "{history}");

    bench.run(&["--name", "idle"], "true").success();
    docker.ok(&["commit", "idle", "same:1"]);
    let layers = |name: &str| docker.ok(&["image", "inspect", "-f", "{{.RootFS.Layers}}", name]);
    assert_eq!(layers("same:1"), layers(&bench.image), "nothing was changed, and no layer is made");

    for (query, status, part) in [
        ("", 400, "invalid name or ID supplied"),
        ("container=nosuch", 404, "No such container: nosuch"),
        ("container=web&repo=Bad", 400, "must be lowercase"),
        ("container=web&repo=x&tag=:::", 400, "invalid"),
        ("container=nosuch&repo=x&tag=a/b", 400, "invalid tag format"),
        ("container=web&changes=RUN%20x", 400, "RUN is not a valid change command"),
        ("container=web&changes=USER%20me%0ARUN%20x", 400, "RUN is not a valid change command"),
    ] {
        let (code, message) = ask(&bench, "POST", &format!("/commit?{query}"), "");
        assert_eq!((code, message.contains(part)), (status, true), "{query}: {message}");
    }
    let (code, _) = ask(&bench, "POST", "/commit?container=web", "nonsense");
    assert_eq!(code, 400);
    bench.daemon.kill();
    bench.daemon.start_again();
    assert_eq!(bench.daemon.docker().ok(&["run", "--rm", "new:1"]), "own", "it is on disk");
}

/// Begins to put `late` into the container `web`, and returns when its beginning is there.
fn begin_upload(bench: &Bench, beginning: &[u8]) -> (Child, ChildStdin) {
    let mut command = bench.host.command("curl");
    command.args(["--silent", "--request", "PUT", "--upload-file", "-", "--unix-socket"]).arg(bench.daemon.socket());
    command.arg("http://gantry/containers/web/archive?path=/");
    let mut upload = command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    let mut body = upload.stdin.take().unwrap();
    body.write_all(beginning).unwrap();
    eventually("the file's beginning", || {
        let (status, _) = ask(bench, "GET", "/containers/web/archive?path=/late", "");
        (status == 200).then_some(())
    });
    (upload, body)
}

#[test]
fn a_start_waits_for_files_that_are_on_their_way_in() {
    let bench = Bench::new();
    let docker = bench.daemon.docker();
    docker.ok(&["create", "--name", "web", &bench.image, "cat", "/late"]);
    let tar = archive("file('late', b'x' * 100000)");
    let (mut upload, mut body) = begin_upload(&bench, &tar[..50_000]);
    let start: Job = docker.start(&["start", "-a", "web"]);
    std::thread::sleep(std::time::Duration::from_millis(300));
    body.write_all(&tar[50_000..]).unwrap();
    drop(body);
    assert!(upload.wait().unwrap().success());
    let output: Output = start.finish();
    assert_eq!((output.code, output.stdout.len()), (0, 100_000));
}

#[test]
fn a_client_that_stops_uploading_keeps_nobody_from_removing_the_container() {
    let bench = Bench::new();
    let docker = bench.daemon.docker();
    docker.ok(&["create", "--name", "web", &bench.image, "true"]);
    let tar = archive("file('late', b'x' * 100000)");
    let (mut upload, body) = begin_upload(&bench, &tar[..50_000]);
    let start: Job = docker.start(&["start", "web"]);
    let removal: Job = docker.start(&["rm", "-f", "web"]);
    let refusal = start.finish();
    assert_eq!(refusal.code, 1);
    let is_known =
        refusal.stderr.contains("files are still being copied into it") || refusal.stderr.contains("No such container");
    assert!(is_known, "{refusal:?}");
    removal.finish().success();
    drop(body);
    upload.wait().unwrap();
    let left = bench.daemon.data_root().join("containers");
    eventually("its files to be gone", || (left.read_dir().unwrap().count() == 0).then_some(()));
}
