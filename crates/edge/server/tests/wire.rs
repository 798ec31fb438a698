//! The wire, byte by byte, as clients without a library would use it.

mod support;

use support::Host;

#[tokio::test]
async fn ping_tells_who_is_there() {
    let host = Host::start().await;
    let answer = host.ask("GET /_ping").await;
    assert_eq!((answer.status, answer.body.as_str()), (200, "OK"));
    for (name, value) in [
        ("api-version", "1.51"),
        ("docker-experimental", "false"),
        ("ostype", "linux"),
        ("server", "docker/28.5.1 (linux)"),
        ("builder-version", "2"),
        ("swarm", "inactive"),
        ("cache-control", "no-cache, no-store, must-revalidate"),
        ("pragma", "no-cache"),
        ("content-type", "text/plain; charset=utf-8"),
    ] {
        assert_eq!(answer.header(name), Some(value), "{name}");
    }
    let head = host.ask("HEAD /v1.40/_ping").await;
    assert_eq!((head.status, head.body.as_str(), head.header("api-version")), (200, "", Some("1.51")));
}

#[tokio::test]
async fn refusals_have_dockers_statuses_and_words() {
    let host = Host::start().await;
    let too_old = "client version 1.11 is too old. Minimum supported API version is 1.24, please upgrade your client \
                   to a newer version";
    for (request, status, message) in [
        ("GET /nope", 404, "page not found"),
        ("GET /v1.51/nope", 404, "page not found"),
        ("PUT /info", 404, "page not found"),
        ("GET /v1.29/configs", 404, "page not found"),
        ("GET /networks/x", 404, "network x not found"),
        ("GET /networks/..", 404, "network .. not found"),
        ("DELETE /networks/bridge", 403, "bridge is a pre-defined network and cannot be removed"),
        ("GET /volumes/x", 404, "get x: no such volume"),
        ("DELETE /volumes/x", 404, "get x: no such volume"),
        ("GET /plugins/x/json", 404, "plugin \"x\" not found"),
        ("POST /swarm/leave", 503, "This node is not part of a swarm"),
        ("POST /volumes/create", 501, "creating a volume is not implemented yet"),
        ("GET /containers/web/attach/ws", 400, "not websocket protocol"),
        ("GET /v1.99/info", 400, "client version 1.99 is too new. Maximum supported API version is 1.51"),
        ("GET /v1.11/info", 400, too_old),
        ("GET /containers/nobody/json", 404, "No such container: nobody"),
        ("GET /containers/web/logs", 400, "Bad parameters: you must choose at least one stream"),
        ("GET /containers/json?filters=x", 400, "invalid filter"),
        ("GET /containers/json?filters=%7B%22foo%22:%5B%22a%22%5D%7D", 400, "invalid filter 'foo'"),
        ("GET /containers/json?limit=x", 400, "invalid limit \"x\": not a number in range"),
        ("POST /containers/web/wait?condition=foo", 400, "invalid condition: \"foo\""),
        ("POST /v1.41/containers/web/wait?condition=foo", 400, "invalid condition: \"foo\""),
        ("POST /containers/web/resize?h=x&w=1", 400, "invalid resize height \"x\": invalid syntax"),
        ("POST /containers/web/resize?w=1", 400, "invalid resize height \"\": invalid syntax"),
        ("POST /containers/web/kill", 409, "Container web is not running"),
        ("POST /containers/web/attach?detachKeys=foo", 400, "Invalid detach keys (foo) provided"),
        ("GET /events?since=5&until=4", 400, "`since` time (5) cannot be after `until` time (4)"),
        ("POST /images/create", 400, "either fromImage or fromSrc must be given"),
        ("POST /images/create?fromImage=missing", 404, "pull access denied for missing"),
        ("POST /images/create?fromImage=late", 404, "manifest unknown"),
        ("GET /images/get", 400, "no image names are given"),
    ] {
        let answer = host.ask(request).await;
        assert_eq!((answer.status, answer.message().as_str()), (status, message), "{request}");
        assert_eq!(answer.header("content-type"), Some("application/json"), "{request}");
        assert!(answer.body.ends_with("}\n"), "{request}");
        assert!(answer.header("api-version").is_some(), "{request}");
    }
}

#[tokio::test]
async fn actions_have_dockers_statuses() {
    let host = Host::start().await;
    for (request, status, body) in [
        ("OPTIONS /whatever", 200, ""),
        ("POST /containers/web/start", 204, ""),
        ("POST /containers/web/stop?t=5", 204, ""),
        ("POST /containers/web/stop?t=0", 304, ""),
        ("POST /containers/web/resize?h=24&w=80", 200, ""),
        ("DELETE /containers/web?force=1", 204, ""),
        ("POST /images/a/b/tag?repo=c&tag=d", 201, ""),
        ("DELETE /images/a/b:c", 200, "[{\"Untagged\":\"a/b:c\"}]\n"),
        ("GET /images/get?names=a&names=b", 200, "tarball"),
        ("GET /images/a/b/get", 200, "tarball"),
        ("POST //containers//web//start", 204, ""),
    ] {
        let answer = host.ask(request).await;
        assert_eq!((answer.status, answer.body.as_str()), (status, body), "{request}");
    }
    let seen = host.engine.seen();
    for expected in ["resize 24x80", "save [\"a\", \"b\"]", "save [\"a/b\"]"] {
        assert!(seen.iter().any(|one| one == expected), "{expected}: {seen:?}");
    }
}

#[tokio::test]
async fn a_body_must_be_json_and_say_so() {
    let host = Host::start().await;
    let create = "POST /containers/create?name=x";
    let json = "Content-Type: application/json\r\n";
    for (headers, body, status, message) in [
        (
            "Content-Type: text/plain\r\n",
            "{}",
            400,
            "unsupported Content-Type header (text/plain): must be 'application/json'",
        ),
        ("", "{}", 400, "malformed Content-Type header (): mime: no media type"),
        (json, "", 400, "invalid JSON: got EOF while reading request body"),
        (json, "null", 400, "config cannot be empty in order to create a container"),
        (json, "{x", 400, "invalid JSON: invalid character 'x' looking for beginning of object key string"),
        (json, "{} x", 400, "unexpected content after JSON"),
        (json, "{\"a\":", 400, "invalid JSON: unexpected EOF"),
        (
            json,
            "{\"Image\":5}",
            400,
            "invalid JSON: json: cannot unmarshal number into Go struct field Image of type string",
        ),
    ] {
        let answer = host.ask_with(create, headers, body.as_bytes()).await;
        assert_eq!((answer.status, answer.message().as_str()), (status, message), "{body}");
    }
    let good =
        host.ask_with(create, "Content-Type: application/json; charset=utf-8\r\n", b"{\"image\":\"busybox\"}").await;
    assert_eq!((good.status, good.body.as_str()), (201, "{\"Id\":\"web\",\"Warnings\":[]}\n"));
    assert_eq!(host.engine.seen(), ["create Some(\"x\") None busybox"]);
}

#[tokio::test]
async fn no_body_may_have_any_type() {
    let host = Host::start().await;
    for headers in ["", "Content-Type: text/plain\r\n", "Content-Type: application/json\r\n"] {
        let answer = host.ask_with("POST /containers/web/start", headers, b"").await;
        assert_eq!(answer.status, 204, "{headers:?}: {}", answer.body);
    }
}

#[tokio::test]
async fn absurd_sizes_are_refused_before_they_are_read() {
    let host = Host::start().await;
    let head = "Content-Type: application/json\r\n";
    let announced = "POST /containers/create HTTP/1.1\r\nHost: d\r\nContent-Type: application/json\r\nContent-Length: 9000000000\r\nConnection: close\r\n\r\n";
    let mut stream = host.connect().await;
    tokio::io::AsyncWriteExt::write_all(&mut stream, announced.as_bytes()).await.unwrap();
    let mut answer = vec![0; 4096];
    let length = tokio::io::AsyncReadExt::read(&mut stream, &mut answer).await.unwrap();
    assert_eq!(support::Answer::parse(&answer[..length]).status, 400);

    let large = format!("{{\"Image\":\"{}\"}}", "x".repeat(5 << 20));
    assert_eq!(host.ask_with("POST /containers/create", head, large.as_bytes()).await.status, 400);
    let deep = "[".repeat(1 << 20);
    assert_eq!(host.ask_with("POST /containers/create", head, deep.as_bytes()).await.status, 400);
    assert_eq!(host.ask(&format!("GET /containers/{}/json", "a".repeat(1 << 20))).await.status / 100, 4);
    let many = (0..10_000).map(|number| format!("X-{number}: y\r\n")).collect::<String>();
    assert_eq!(host.ask_with("GET /_ping", &many, b"").await.status / 100, 4);
    assert_eq!(host.ask("GET /_ping").await.status, 200);
}

#[tokio::test]
async fn names_reach_nothing_outside() {
    let host = Host::start().await;
    for name in ["..", "%2e%2e", "%2e%2e%2fetc", "a%00b", "%ff", "web%0aX", "%252e%252e", "wеb", "-rf"] {
        for request in [
            format!("GET /containers/{name}/json"),
            format!("DELETE /containers/{name}"),
            format!("POST /exec/{name}/start"),
            format!("GET /images/{name}/json"),
            format!("DELETE /images/{name}"),
        ] {
            let answer = host.ask_json(&request, "").await;
            assert!(matches!(answer.status, 400 | 404) || name == "-rf", "{request}: {answer:?}");
            assert!(!answer.body.contains('\0'), "{request}");
        }
    }
    let seen = host.engine.seen();
    assert!(seen.iter().all(|one| one == "image -rf" || one.starts_with("image ") && !one.contains("..")), "{seen:?}");
}

#[tokio::test]
async fn a_panic_is_one_requests_error() {
    let host = Host::start().await;
    let answer = host.ask("GET /info").await;
    assert_eq!(answer.status, 500);
    assert!(answer.message().starts_with("internal error"), "{answer:?}");
    assert_eq!(host.ask("GET /_ping").await.status, 200);
}

#[tokio::test]
async fn each_version_gets_its_own_fields() {
    let host = Host::start().await;
    let images = |version: &'static str| {
        let host = &host;
        async move {
            let answer = host.ask(&format!("GET {version}/images/json")).await;
            serde_json::from_str::<serde_json::Value>(&answer.body).unwrap()[0].clone()
        }
    };
    assert_eq!(images("").await, images("/v1.51").await);
    assert_eq!(images("/v1.51").await["Containers"], 0);
    assert_eq!(images("/v1.50").await["Containers"], -1);
    assert_eq!(images("/v1.44").await.get("VirtualSize"), None);
    assert_eq!(images("/v1.43").await["VirtualSize"], 7);
    assert_eq!(images("/v1.43").await["RepoTags"], serde_json::json!([]));
    assert_eq!(images("/v1.42").await["RepoTags"], serde_json::json!(["<none>:<none>"]));
}

#[tokio::test]
async fn parameters_of_later_versions_are_not_seen() {
    let host = Host::start().await;
    host.ask("POST /v1.41/containers/web/stop?signal=SIGINT&t=3").await;
    host.ask("POST /v1.42/containers/web/stop?signal=SIGINT&t=-1").await;
    host.ask("POST /v1.31/images/create?fromImage=busybox&platform=linux/arm64").await;
    let seen = host.engine.seen();
    assert!(seen[0].contains("signal: None") && seen[0].contains("timeout: Some(3)"), "{seen:?}");
    assert!(seen[1].contains("signal: Some(\"SIGINT\")") && seen[1].contains("timeout: Some(-1)"), "{seen:?}");
    assert!(seen[2].contains("platform: None"), "{seen:?}");
}

#[tokio::test]
async fn credentials_reach_the_pull_and_no_log() {
    let host = Host::start().await;
    let auth = "X-Registry-Auth: eyJ1c2VybmFtZSI6InUiLCJwYXNzd29yZCI6InNlY3JldCJ9\r\n";
    let answer = host.ask_with("POST /images/create?fromImage=busybox&tag=latest", auth, b"").await;
    assert_eq!(answer.status, 200);
    let seen = host.engine.seen();
    assert!(seen[0].contains("username: \"u\"") && !seen[0].contains("secret"), "{seen:?}");
}

#[tokio::test]
async fn archives_arrive_whole() {
    let host = Host::start().await;
    let archive = vec![7; 300_000];
    let tar = "Content-Type: application/x-tar\r\n";
    let answer = host.ask_with("POST /images/load?quiet=0", tar, &archive).await;
    assert_eq!((answer.status, answer.body.as_str()), (200, "{\"stream\":\"Loaded image: busybox:latest\\n\"}\r\n"));
    host.ask_with("POST /images/create?fromSrc=-&changes=ENV+a%3Db&changes=CMD+x", tar, &archive).await;
    assert_eq!(host.engine.seen(), ["load quiet=false 300000 bytes", "import - [\"ENV a=b\", \"CMD x\"] 300000 bytes"]);
}

#[tokio::test]
async fn a_request_that_is_refused_before_its_body_was_read_is_answered() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    const BODY: usize = 1 << 20;
    let host = Host::start().await;
    let mut stream = host.connect().await;
    let head = format!("POST /networks/create HTTP/1.1\r\nHost: d\r\nContent-Length: {BODY}\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(&vec![b' '; BODY]).await.expect("the connection stays until the answer was seen");
    let mut answer = vec![0; 4096];
    let length = stream.read(&mut answer).await.unwrap();
    assert!(answer[..length].starts_with(b"HTTP/1.1 501 "), "{}", String::from_utf8_lossy(&answer[..length]));
}

#[tokio::test]
async fn quotes_in_a_target_need_no_escapes() {
    let host = Host::start().await;
    let answer = host.ask("GET /containers/json?filters={\"foo\":[\"a\"]}").await;
    assert_eq!((answer.status, answer.message().as_str()), (400, "invalid filter 'foo'"));
}
