use super::*;

const HEX: &str = "7cc4b5aefd1d0cadf8d97d4350462ba51c694ebca145b08d7d41b41acc8db5aa";

#[track_caller]
fn check(text: &str, canonical: &str, familiar: &str) {
    let reference: Reference = text.parse().unwrap_or_else(|error| panic!("{text}: {error}"));
    assert_eq!(reference.to_string(), canonical, "{text}");
    assert_eq!(reference.familiar(), familiar, "{text}");
    assert_eq!(canonical.parse::<Reference>().as_ref(), Ok(&reference), "the canonical form reads back");
    assert_eq!(familiar.parse::<Reference>().as_ref(), Ok(&reference), "the familiar form reads back");
}

#[track_caller]
fn refuse(text: &str, message: &str) {
    let error = text.parse::<Reference>().expect_err(text);
    assert_eq!(error.to_string(), message, "{text}");
}

#[test]
fn short_names_belong_to_the_default_domain() {
    check("busybox", "docker.io/library/busybox", "busybox");
    check("busybox:1.36", "docker.io/library/busybox:1.36", "busybox:1.36");
    check("library/busybox", "docker.io/library/busybox", "busybox");
    check("docker.io/busybox", "docker.io/library/busybox", "busybox");
    check("index.docker.io/busybox", "docker.io/library/busybox", "busybox");
    check("user/app", "docker.io/user/app", "user/app");
    check("library/a/b", "docker.io/library/a/b", "library/a/b");
    check("localhost", "docker.io/library/localhost", "localhost");
    check("test:5000", "docker.io/library/test:5000", "test:5000");
    check("a/b/c/d", "docker.io/a/b/c/d", "a/b/c/d");
}

#[test]
fn a_first_component_that_looks_like_a_host_is_one() {
    check("localhost/app", "localhost/app", "localhost/app");
    check("localhost:5000/app:v1", "localhost:5000/app:v1", "localhost:5000/app:v1");
    check("example.com/app", "example.com/app", "example.com/app");
    check("UPPER/app", "UPPER/app", "UPPER/app");
    check("127.0.0.1:5000/a/b", "127.0.0.1:5000/a/b", "127.0.0.1:5000/a/b");
    check("[2001:db8::1]:5000/app", "[2001:db8::1]:5000/app", "[2001:db8::1]:5000/app");
    check("[::1]/app", "[::1]/app", "[::1]/app");
    check("xn--n3h.com/app", "xn--n3h.com/app", "xn--n3h.com/app");
}

#[test]
fn separators_in_a_path() {
    for path in ["a-b", "a--b", "a----b", "a.b", "a_b", "a__b", "0x", "a-b_c.d"] {
        check(path, &format!("docker.io/library/{path}"), path);
    }
    for path in ["a..b", "a___b", "a._b", "a-_b", "-a", "a-", "_a", "a_", ".a", "a.", "a//b", "a/", "a/-b/c", "a/./b"] {
        refuse(path, "invalid reference format");
    }
}

#[test]
fn tags_and_digests() {
    let digest = format!("sha256:{HEX}");
    check(&format!("app@{digest}"), &format!("docker.io/library/app@{digest}"), &format!("app@{digest}"));
    check(&format!("h:1/app:v1@{digest}"), &format!("h:1/app:v1@{digest}"), &format!("h:1/app:v1@{digest}"));
    check("app:_A.b-c", "docker.io/library/app:_A.b-c", "app:_A.b-c");
    check(
        &format!("app:{}", "t".repeat(128)),
        &format!("docker.io/library/app:{}", "t".repeat(128)),
        &format!("app:{}", "t".repeat(128)),
    );
    refuse(&format!("app:{}", "t".repeat(129)), "invalid reference format");
    for bad in [
        "app:",
        "app:-x",
        "app:.x",
        "app:a:b",
        "app:a b",
        "app@",
        "app@v1",
        "app@sha256:abc",
        ":tag",
        "@sha256:x",
        "app:é",
    ] {
        refuse(bad, "invalid reference format");
    }
    refuse(&format!("app@sha256:{}", &HEX[..40]), "invalid checksum digest length");
    refuse(&format!("app@md5:{HEX}"), "unsupported digest algorithm");
    refuse(&format!("app@sha256:{}", HEX.to_uppercase()), "invalid checksum digest format");
    refuse(&format!("app@{digest}@{digest}"), "invalid reference format");
    refuse(&format!("app@{digest}:tag"), "invalid reference format");
}

#[test]
fn dockers_words_for_upper_case_ids_and_length() {
    refuse("Busybox", "invalid reference format: repository name (library/Busybox) must be lowercase");
    refuse("localhost:5000/App:V1", "invalid reference format: repository name (App) must be lowercase");
    refuse("user/App", "invalid reference format: repository name (user/App) must be lowercase");
    refuse(HEX, &format!("invalid repository name ({HEX}), cannot specify 64-byte hexadecimal strings"));
    let name = "a".repeat(256);
    refuse(&format!("example.com/{name}"), "repository name must not be more than 255 characters");
    check(&format!("h.x/{}", &name[1..]), &format!("h.x/{}", &name[1..]), &format!("h.x/{}", &name[1..]));
}

#[test]
fn a_bad_domain_never_becomes_a_path() {
    for bad in [
        "my_host.com/app",
        "-a.com/app",
        "a-.com/app",
        "a..com/app",
        "h:x/app",
        "h:/app",
        ":5000/app",
        "[::1/app",
        "[]/app",
        "./app",
        "../app",
        "user:pw@h.x/app",
    ] {
        refuse(bad, "invalid reference format");
    }
}

#[test]
fn latest_is_meant_when_nothing_is_said() {
    let name: Reference = "busybox".parse().unwrap();
    assert!(name.is_name_only());
    assert_eq!(name.clone().or_latest().familiar(), "busybox:latest");
    let digest: Digest = format!("sha256:{HEX}").parse().unwrap();
    assert_eq!(name.with_digest(digest.clone()).or_latest().familiar(), format!("busybox@{digest}"));
    assert_eq!(name.with_tag("1").unwrap().with_digest(digest).name_only(), name);
    assert_eq!(name.with_tag("../x"), Err(ReferenceError::Format));
}

#[test]
fn refuses_hostile_strings_everywhere_with_a_short_message() {
    for text in crate::hostile::strings() {
        for whole in
            [text.clone(), format!("{text}/app"), format!("h.x/{text}"), format!("app:{text}"), format!("app@{text}")]
        {
            if let Err(error) = whole.parse::<Reference>() {
                assert!(error.to_string().len() < 1024);
            } else {
                panic!("taken: {whole:?}");
            }
        }
    }
}
