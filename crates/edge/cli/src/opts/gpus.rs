//! `--gpus`.

use super::mount::fields;
use crate::flag::Kind;
use api::container::DeviceRequest;
use std::collections::BTreeMap;

/// The flag's type.
pub const KIND: Kind = Kind::CheckedList("gpu-request", |value| read(value).map(drop));

/// Reads `all`, a count, or `device=…,capabilities=…,driver=…,options=…`.
pub fn read(value: &str) -> Result<DeviceRequest, String> {
    let mut request = DeviceRequest { options: Some(BTreeMap::new()), ..DeviceRequest::default() };
    let (mut counted, mut capabilities) = (false, Vec::new());
    for field in fields(value)? {
        match field.split_once('=') {
            None => {
                request.count = count(&field)?;
                counted = true;
            }
            Some(("count", text)) => {
                request.count = count(text)?;
                counted = true;
            }
            Some(("driver", text)) => request.driver = text.into(),
            Some(("device", text)) => request.device_ids = Some(text.split(',').map(String::from).collect()),
            Some(("capabilities", text)) => capabilities = text.split(',').map(String::from).collect(),
            Some(("options", text)) => {
                let options = fields(text).map_err(|error| format!("failed to read gpu options: {error}"))?;
                request.options = Some(super::labels::map(&options));
            }
            Some((name, _)) => return Err(format!("unexpected key '{name}' in '{field}'")),
        }
    }
    if !counted && request.device_ids.is_none() {
        request.count = 1;
    }
    if !capabilities.iter().any(|capability| capability == "gpu") {
        capabilities.push("gpu".into());
    }
    request.capabilities = Some(vec![capabilities]);
    Ok(request)
}

fn count(text: &str) -> Result<i64, String> {
    if text == "all" {
        return Ok(-1);
    }
    human::parse_int(text, 10, 64).map_err(|error| {
        format!(
            "invalid count ({text}): value must be either \"all\" or an integer: {}",
            error.rsplit(": ").next().unwrap_or("")
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_read_and_refused_as_docker_does() {
        assert_eq!(read("all").unwrap().count, -1);
        assert_eq!(read("\"device=0,1\"").unwrap().device_ids.unwrap(), ["0", "1"]);
        assert_eq!(read("driver=x").unwrap().count, 1);
        assert_eq!(
            read("x").unwrap_err(),
            "invalid count (x): value must be either \"all\" or an integer: invalid syntax"
        );
        assert_eq!(read("foo=bar").unwrap_err(), "unexpected key 'foo' in 'foo=bar'");
    }
}
