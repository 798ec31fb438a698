//! The option `tag`: a Go template over the container.

use std::rc::Rc;

use fault::Result;
use template::{Method, Object, Template, Value};

use crate::info::Info;
use crate::options::refused;

/// What a container's records are tagged with.
pub fn tag(source: &str, info: &Info) -> Result<String> {
    let template = Template::parse_named("log-tag", source).map_err(refused)?;
    template.run(&value(info)).map_err(refused)
}

/// The fields and methods of Docker's own structure, which templates may name.
fn value(info: &Info) -> Value {
    let map = |pairs: &std::collections::BTreeMap<String, String>| {
        Value::from(Object::map(pairs.iter().map(|(name, value)| (name.clone(), value.as_str().into())).collect()))
    };
    let list = |items: &[String]| Value::List(items.iter().map(|item| Value::from(item.as_str())).collect());
    let created = human::go_string(human::Instant::from_nanos(info.created), &jiff::tz::TimeZone::UTC);
    let fields = [
        ("Config", map(&info.options)),
        ("ContainerID", info.id.as_str().into()),
        ("ContainerName", format!("/{}", info.name).into()),
        ("ContainerEntrypoint", info.entrypoint.as_str().into()),
        ("ContainerArgs", list(&info.args)),
        ("ContainerImageID", info.image_id.as_str().into()),
        ("ContainerImageName", info.image_name.as_str().into()),
        ("ContainerCreated", created.into()),
        ("ContainerEnv", list(&info.env)),
        ("ContainerLabels", map(&info.labels)),
        ("LogPath", info.log_path.as_str().into()),
        ("DaemonName", "docker".into()),
        ("ID", info.short_id().into()),
        ("FullID", info.id.as_str().into()),
        ("Name", info.name.as_str().into()),
        // Docker cuts the text, which begins with the digest's kind.
        ("ImageID", info.image_id.get(..12).unwrap_or(&info.image_id).into()),
        ("ImageFullID", info.image_id.as_str().into()),
        ("ImageName", info.image_name.as_str().into()),
        ("Command", info.command().into()),
        ("Hostname", info.hostname.as_str().into()),
    ];
    let extra = map(&info.attributes);
    let extra: Method = Rc::new(move |_| Ok(extra.clone()));
    Object {
        type_name: "*logger.Info",
        fields: fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
        omitted: Vec::new(),
        methods: vec![("ExtraAttributes", extra)],
        prints_bare: false,
    }
    .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(source: &str) -> String {
        let info = Info {
            id: "9e6cb75bc35f2c4b".into(),
            name: "web".into(),
            image_id: "sha256:fabfc44f9ee1".into(),
            image_name: "bb:1".into(),
            entrypoint: "sh".into(),
            args: vec!["-c".into(), "true".into()],
            env: vec!["FOO=bar".into()],
            labels: [("a".to_owned(), "b".to_owned())].into(),
            attributes: [("x".to_owned(), "y".to_owned())].into(),
            hostname: "vm".into(),
            ..Info::default()
        };
        tag(source, &info).unwrap_or_else(|fault| fault.message().to_owned())
    }

    #[test]
    fn documented_names_are_docker_s() {
        assert_eq!(
            made("{{.ImageName}}/{{.Name}}/{{.ID}}/{{.ImageID}}/{{.ImageFullID}}/{{.DaemonName}}/{{.FullID}}"),
            "bb:1/web/9e6cb75bc35f/sha256:fabfc/sha256:fabfc44f9ee1/docker/9e6cb75bc35f2c4b"
        );
        assert_eq!(made("{{.Command}}|{{.Hostname}}|{{.ContainerName}}"), "sh -c true|vm|/web");
        assert_eq!(
            made("{{(.ExtraAttributes nil).x}}{{index .ContainerLabels \"a\"}}{{.ContainerEnv}}"),
            "yb[FOO=bar]"
        );
        assert_eq!(made("{{with .Name}}{{upper .}}{{end}}-{{printf \"%.3s\" .ID}}"), "WEB-9e6");
    }

    #[test]
    fn mistakes_are_told_in_go_s_words() {
        let start = "failed to initialize logging driver: template: log-tag:1:";
        assert_eq!(
            made("{{.Nope}}"),
            format!("{start}2: executing \"log-tag\" at <.Nope>: can't evaluate field Nope in type *logger.Info")
        );
        assert_eq!(made("{{.Name"), format!("{start} unclosed action"));
        assert_eq!(made("{{nope}}"), format!("{start} function \"nope\" not defined"));
    }
}
