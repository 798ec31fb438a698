//! `--restart`.

use api::container::RestartPolicy;

/// Reads `no`, `always`, `unless-stopped`, `on-failure[:retries]`; the daemon refuses other names.
pub fn read(value: &str) -> Result<RestartPolicy, String> {
    let integer = || "invalid restart policy format: maximum retry count must be an integer".to_string();
    let (name, count) = value.split_once(':').map_or((value, None), |(name, count)| (name, Some(count)));
    if name.is_empty() && count.is_some() {
        return Err("invalid restart policy format: no policy provided before colon".into());
    }
    let maximum_retry_count = match count {
        None | Some("") => 0,
        Some(count) => human::parse_int(count, 10, 64).map_err(|_| integer())?,
    };
    Ok(RestartPolicy { name: name.into(), maximum_retry_count })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn policies_are_read() {
        assert_eq!(read("on-failure:3"), Ok(RestartPolicy { name: "on-failure".into(), maximum_retry_count: 3 }));
        assert_eq!(read("no").unwrap().maximum_retry_count, 0);
        for wrong in ["on-failure:x", "on-failure:1:2"] {
            assert_eq!(
                read(wrong).unwrap_err(),
                "invalid restart policy format: maximum retry count must be an integer"
            );
        }
    }
}
