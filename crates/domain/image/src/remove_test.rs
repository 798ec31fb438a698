//! Docker's rules for names and removal.

use fault::Kind;
use testkit::registry::Registry;

use crate::testing::{Home, layer};
use crate::{Removed, User};

struct Scene {
    home: Home,
    registry: Registry,
    id: String,
}

/// One image, `<registry>/app:latest`.
fn scene() -> Scene {
    let registry = Registry::start().unwrap();
    registry.add_image("app", "latest", &[layer(&[("file", "x")])]);
    let home = Home::new();
    let id = home.pull(&format!("{}/app", registry.host())).0.unwrap().id.to_string();
    Scene { home, registry, id }
}

impl Scene {
    fn name(&self) -> String {
        format!("{}/app", self.registry.host())
    }

    fn tag(&self, name: &str) {
        self.home.images().tag(&self.id, &name.parse().unwrap()).unwrap();
    }

    fn remove(&self, name: &str, force: bool, users: &[bool]) -> Result<Vec<Removed>, String> {
        let users: Vec<_> =
            users.iter().map(|is_running| User { container: "c".repeat(64), is_running: *is_running }).collect();
        self.home.images().remove(name, force, true, &|_| users.clone()).map_err(|fault| fault.message().to_owned())
    }
}

fn untagged(removed: &[Removed]) -> usize {
    removed.iter().filter(|one| matches!(one, Removed::Untagged(_))).count()
}

#[test]
fn an_image_is_found_by_name_id_and_first_digits() {
    let scene = scene();
    scene.tag("short:v1");
    let images = scene.home.images();
    let hex = scene.id.strip_prefix("sha256:").unwrap();
    let by_digest = images.get(&scene.id).unwrap().repo_digests()[0].clone();
    let long = format!("docker.io/library/short:v1@{}", by_digest.split_once('@').unwrap().1);
    for name in
        [&scene.name(), "short:v1", "docker.io/library/short:v1", &scene.id, hex, &hex[..12], &hex[..1], &by_digest]
    {
        assert_eq!(images.get(name).unwrap().id.as_str(), scene.id, "{name}");
    }
    assert_eq!(images.get(&scene.id[..20]).unwrap().id.as_str(), scene.id);
    for (name, message) in [
        ("short", "No such image: short:latest"),
        ("short:v2", "No such image: short:v2"),
        (&long, format!("No such image: {}", long.trim_start_matches("docker.io/library/")).as_str()),
        (&format!("sha256:{}", "0".repeat(64)), format!("No such image: sha256:{}", "0".repeat(64)).as_str()),
        (&"0".repeat(64), format!("No such image: sha256:{}", "0".repeat(64)).as_str()),
    ] {
        let fault = images.get(name).unwrap_err();
        assert_eq!((fault.kind(), fault.message()), (Kind::NotFound, message));
    }
    for name in ["", "..", "a/../b", "A", "a b", "a\0"] {
        assert_eq!(images.get(name).unwrap_err().kind(), Kind::InvalidParameter, "{name:?}");
    }
}

#[test]
fn a_tag_moves_and_the_loser_stays_without_it() {
    let scene = scene();
    let other = scene.registry.add_image("other", "latest", &[layer(&[("other", "y")])]);
    let images = scene.home.images();
    scene.home.pull(&format!("{}/other", scene.registry.host())).0.unwrap();
    scene.tag("mine");
    images.tag(other.config.as_str(), &"mine:latest".parse().unwrap()).unwrap();
    assert_eq!(images.get("mine").unwrap().id, other.config);
    assert_eq!(images.get(&scene.id).unwrap().repo_tags(), [format!("{}:latest", scene.name())]);
    let with_digest = format!("mine@{}", scene.id).parse().unwrap();
    let fault = images.tag(&scene.id, &with_digest).unwrap_err();
    assert_eq!(fault.message(), "refusing to create a tag with a digest reference");
    assert_eq!(images.tag("nothing", &"x".parse().unwrap()).unwrap_err().kind(), Kind::NotFound);
}

#[test]
fn by_name_a_name_goes_and_with_the_last_one_the_image() {
    let scene = scene();
    scene.tag("short");
    // Another name is left: containers do not matter.
    assert_eq!(scene.remove("short", false, &[true]).unwrap(), [Removed::Untagged("short:latest".into())]);
    scene.tag("short");
    let removed = scene.remove(&scene.name(), false, &[]).unwrap();
    assert_eq!(
        (untagged(&removed), removed.len()),
        (2, 2),
        "the name by digest goes with the last tag of its repository"
    );
    // The last name, by force, while a container runs: only the name goes.
    let removed = scene.remove("short", true, &[true]).unwrap();
    assert_eq!(removed, [Removed::Untagged("short:latest".into())]);
    assert!(scene.home.images().get(&scene.id).unwrap().is_dangling());
    let removed = scene.remove(&scene.id, false, &[]).unwrap();
    assert_eq!(removed[0], Removed::Deleted(scene.id.clone()));
    assert!(scene.home.files().is_empty());
}

#[test]
fn by_id_containers_and_several_repositories_forbid_it() {
    let scene = scene();
    let short = &scene.id["sha256:".len()..][..12];
    let container = "c".repeat(12);
    let conflict = |how: &str, why: &str| Err(format!("conflict: unable to delete {short} ({how}) - {why}"));
    let running = format!("image is being used by running container {container}");
    let stopped = format!("image is being used by stopped container {container}");
    assert_eq!(scene.remove(&scene.id, false, &[false]), conflict("must be forced", &stopped));
    assert_eq!(scene.remove(&scene.id, false, &[false, true]), conflict("cannot be forced", &running));
    assert_eq!(scene.remove(&scene.id, true, &[true]), conflict("cannot be forced", &running));
    scene.tag("short");
    let several = "image is referenced in multiple repositories";
    assert_eq!(scene.remove(short, false, &[]), conflict("must be forced", several));
    let removed = scene.remove(short, true, &[]).unwrap();
    assert_eq!((untagged(&removed), removed.len()), (3, 5));
}
