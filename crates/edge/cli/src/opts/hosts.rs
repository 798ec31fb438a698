//! `--add-host name:address`.

/// Checks one entry, which may also be written `name=address`.
pub fn check(value: &str) -> Result<(), String> {
    let (_, address) = split(value).ok_or_else(|| format!("bad format for add-host: {}", human::quote(value)))?;
    let bare = address.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(address);
    if address == "host-gateway" || bare.parse::<std::net::IpAddr>().is_ok() {
        return Ok(());
    }
    Err(format!("invalid IP address in add-host: {}", human::quote(bare)))
}

fn split(value: &str) -> Option<(&str, &str)> {
    let at = value.find('=').or_else(|| value.find(':'))?;
    let (name, address) = (&value[..at], &value[at + 1..]);
    (!name.is_empty()).then_some((name, address))
}

/// The entry as the API takes it, with a colon.
pub fn resolve(value: &str) -> String {
    match split(value) {
        Some((name, address)) => {
            let bare = address.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(address);
            format!("{name}:{bare}")
        }
        None => value.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_read_and_refused_as_docker_does() {
        for good in ["a:1.2.3.4", "a=::1", "a:[::1]", "a:host-gateway", "a:::1"] {
            assert!(check(good).is_ok(), "{good}");
        }
        assert_eq!(resolve("a=[::1]"), "a:::1");
        assert_eq!(check("foo").unwrap_err(), r#"bad format for add-host: "foo""#);
        assert_eq!(check("foo:bar").unwrap_err(), r#"invalid IP address in add-host: "bar""#);
        assert_eq!(check("foo:1.2.3").unwrap_err(), r#"invalid IP address in add-host: "1.2.3""#);
    }
}
