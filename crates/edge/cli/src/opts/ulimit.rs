//! `--ulimit name=soft[:hard]`.

use crate::flag::Kind;
use api::container::Ulimit;

/// The flag's type.
pub const KIND: Kind = Kind::CheckedList("ulimit", |value| read(value).map(drop));

const NAMES: [&str; 15] = [
    "core",
    "cpu",
    "data",
    "fsize",
    "locks",
    "memlock",
    "msgqueue",
    "nice",
    "nofile",
    "nproc",
    "rss",
    "rtprio",
    "rttime",
    "sigpending",
    "stack",
];

/// Reads one limit.
pub fn read(value: &str) -> Result<Ulimit, String> {
    let Some((name, limits)) = value.split_once('=') else { return Err(format!("invalid ulimit argument: {value}")) };
    if !NAMES.contains(&name) {
        return Err(format!("invalid ulimit type: {name}"));
    }
    let parts: Vec<&str> = limits.split(':').collect();
    if parts.len() > 2 {
        return Err(format!("too many limit value arguments - {limits}, can only have up to two, `soft[:hard]`"));
    }
    let number = |text: &str| human::parse_int(text, 10, 64);
    let soft = number(parts[0])?;
    let hard = parts.get(1).map_or(Ok(soft), |text| number(text))?;
    if hard != -1 && (soft == -1 || soft > hard) {
        return Err(match soft {
            -1 => format!(
                "ulimit soft limit must be less than or equal to hard limit: soft: -1 (unlimited), hard: {hard}"
            ),
            _ => format!("ulimit soft limit must be less than or equal to hard limit: {soft} > {hard}"),
        });
    }
    Ok(Ulimit { name: name.into(), hard, soft })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_read() {
        assert_eq!(read("nofile=512:1024"), Ok(Ulimit { name: "nofile".into(), soft: 512, hard: 1024 }));
        assert_eq!(read("core=-1"), Ok(Ulimit { name: "core".into(), soft: -1, hard: -1 }));
    }

    #[test]
    fn refusals_are_dockers() {
        for (value, expect) in [
            ("foo", "invalid ulimit argument: foo"),
            ("foo=1", "invalid ulimit type: foo"),
            ("nofile=x", r#"strconv.ParseInt: parsing "x": invalid syntax"#),
            ("nofile=20:10", "ulimit soft limit must be less than or equal to hard limit: 20 > 10"),
            ("nofile=1:2:3", "too many limit value arguments - 1:2:3, can only have up to two, `soft[:hard]`"),
        ] {
            assert_eq!(read(value).unwrap_err(), expect);
        }
    }
}
