//! The log option `tag`: a template in Go's form, of which the documented fields are filled in.

use container::record::Record;
use fault::{Fault, Result};

/// The documented fields.
const FIELDS: [&str; 7] = ["ID", "FullID", "Name", "ImageID", "ImageFullID", "ImageName", "DaemonName"];

/// Refuses a template with anything but the documented fields.
pub fn check(template: &str) -> Result<()> {
    expand(template, |field| FIELDS.contains(&field).then(String::new)).map(drop)
}

/// The tag of a container's lines.
pub fn of(record: &Record, template: &str) -> Result<String> {
    expand(template, |field| value(record, field))
}

fn value(record: &Record, field: &str) -> Option<String> {
    let image = record.image_id.to_string();
    let image_digits = image.split_once(':').map_or(image.as_str(), |(_, digits)| digits);
    Some(match field {
        "ID" => record.id.short().to_owned(),
        "FullID" => record.id.to_string(),
        "Name" => record.name.clone(),
        "ImageID" => image_digits.chars().take(12).collect(),
        "ImageFullID" => image,
        "ImageName" => record.config.image.clone(),
        "DaemonName" => "docker".into(),
        _ => return None,
    })
}

fn expand(template: &str, field: impl Fn(&str) -> Option<String>) -> Result<String> {
    let mut text = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("{{") {
        let refuse = || Fault::invalid(format!("failed to initialize logging driver: invalid log tag: {template:?}"));
        let (inside, after) = after.split_once("}}").ok_or_else(refuse)?;
        let name = inside.trim().strip_prefix('.').ok_or_else(refuse)?;
        text.push_str(before);
        text.push_str(&field(name).ok_or_else(refuse)?);
        rest = after;
    }
    text.push_str(rest);
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documented_fields_are_filled_in_and_others_refused() {
        let known = |name: &str| (name == "Name").then(|| "web".to_owned());
        assert_eq!(expand("a/{{.Name}}/{{ .Name }}", known).unwrap(), "a/web/web");
        assert_eq!(expand("plain", known).unwrap(), "plain");
        for bad in ["{{.Nope}}", "{{.Name", "{{Name}}", "{{printf .Name}}"] {
            assert!(expand(bad, known).is_err(), "{bad}");
        }
        assert!(check("{{.ImageName}}-{{.DaemonName}}").is_ok());
    }
}
