//! Checks of flag values that several commands share; the errors are the texts after `flag: `.

use crate::flag::Kind;

/// A size in bytes with binary units.
pub const BYTES: Kind = Kind::Checked("bytes", bytes);
/// The same, or -1.
pub const SWAP: Kind = Kind::Checked("bytes", swap);
/// A filter, `name=value`.
pub const FILTER: Kind = Kind::CheckedList("filter", super::filter::check);
/// A number of CPUs.
pub const CPUS: Kind = Kind::Checked("decimal", |value| cpus(value).map(drop));
/// An environment variable.
pub const ENV: Kind = Kind::CheckedList("list", super::env::check);
/// A label.
pub const LABEL: Kind = Kind::CheckedList("list", super::labels::check);

fn bytes(value: &str) -> Result<(), String> {
    human::parse_binary_size(value).map(drop).map_err(|error| error.to_string())
}

fn swap(value: &str) -> Result<(), String> {
    if value == "-1" { Ok(()) } else { bytes(value) }
}

/// Reads a number of CPUs as billionths of one: a decimal number or a fraction, exactly.
pub fn cpus(value: &str) -> Result<i64, String> {
    let bad = || format!("failed to parse {value} as a rational number");
    let (numerator, denominator) = value.split_once('/').unwrap_or((value, "1"));
    let (negative, digits) = match numerator.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, numerator.strip_prefix('+').unwrap_or(numerator)),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let valid = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if (whole.is_empty() && fraction.is_empty()) || !valid(whole) || !valid(fraction) || !valid(denominator) {
        return Err(bad());
    }
    let denominator: i128 = denominator.parse().ok().filter(|value| *value > 0).ok_or_else(bad)?;
    let fraction = fraction.trim_end_matches('0');
    let scale = 10i128.checked_pow(fraction.len() as u32).ok_or("value is too precise")?;
    let number: i128 = format!("0{whole}{fraction}").parse().map_err(|_| bad())?;
    let nano = number.checked_mul(1_000_000_000).ok_or_else(bad)?;
    let divisor = scale.checked_mul(denominator).ok_or("value is too precise")?;
    if nano % divisor != 0 {
        return Err("value is too precise".into());
    }
    let nano = i64::try_from(nano / divisor).map_err(|_| bad())?;
    Ok(if negative { -nano } else { nano })
}

/// An IP address of either kind.
pub fn ip(value: &str) -> Result<(), String> {
    match value.trim().parse::<std::net::IpAddr>() {
        Ok(_) => Ok(()),
        Err(_) => Err(format!("IP address is not correctly formatted: {value}")),
    }
}

/// A DNS search domain; `.` for none.
pub fn search_domain(value: &str) -> Result<(), String> {
    let domain = value.trim();
    let label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let name = domain.strip_suffix('.').unwrap_or(domain);
    let has_letter = domain.contains(|c: char| c.is_ascii_alphabetic());
    if domain == "." || (has_letter && domain.len() < 255 && name.split('.').all(label)) {
        return Ok(());
    }
    Err(format!("{domain} is not a valid domain"))
}

/// One of the standard streams.
pub fn stream(value: &str) -> Result<(), String> {
    match value.to_lowercase().as_str() {
        "stdin" | "stdout" | "stderr" => Ok(()),
        _ => Err("valid streams are STDIN, STDOUT and STDERR".into()),
    }
}

/// A sysctl of a namespace.
pub fn sysctl(value: &str) -> Result<(), String> {
    const EXACT: [&str; 8] = [
        "kernel.msgmax",
        "kernel.msgmnb",
        "kernel.msgmni",
        "kernel.sem",
        "kernel.shmall",
        "kernel.shmmax",
        "kernel.shmmni",
        "kernel.shm_rmid_forced",
    ];
    let Some((name, _)) = value.split_once('=') else { return Err(format!("sysctl '{value}' is not allowed")) };
    if EXACT.contains(&name) || name.starts_with("net.") || name.starts_with("fs.mqueue.") {
        return Ok(());
    }
    Err(format!("sysctl '{value}' is not allowed"))
}

/// `container` or `container:alias`.
pub fn link(value: &str) -> Result<(), String> {
    match value.split(':').count() {
        _ if value.is_empty() => Err("empty string specified for links".into()),
        1 | 2 => Ok(()),
        _ => Err(format!("bad format for links: {value}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cpus_are_exact() {
        assert_eq!(cpus("1.5"), Ok(1_500_000_000));
        assert_eq!(cpus("1/4"), Ok(250_000_000));
        assert_eq!(cpus(".5"), Ok(500_000_000));
        assert_eq!(cpus("0.0000000001"), Err("value is too precise".into()));
        assert_eq!(cpus("1/3"), Err("value is too precise".into()));
        for bad in ["1.5x", "a", "", ".", "1/0", "1/-2", "1e3", "99999999999999999999999999"] {
            assert!(cpus(bad).is_err(), "{bad}");
        }
        assert_eq!(cpus("a").unwrap_err(), "failed to parse a as a rational number");
    }

    #[test]
    fn refusals_are_dockers() {
        assert_eq!(ip("x").unwrap_err(), "IP address is not correctly formatted: x");
        assert_eq!(search_domain("a b").unwrap_err(), "a b is not a valid domain");
        assert_eq!(search_domain("-").unwrap_err(), "- is not a valid domain");
        assert!(search_domain("example.com.").is_ok() && search_domain(".").is_ok());
        assert_eq!(stream("foo").unwrap_err(), "valid streams are STDIN, STDOUT and STDERR");
        assert_eq!(sysctl("foo").unwrap_err(), "sysctl 'foo' is not allowed");
        assert_eq!(sysctl("kernel.core_pattern=x").unwrap_err(), "sysctl 'kernel.core_pattern=x' is not allowed");
        assert!(sysctl("net.ipv4.ip_forward=1").is_ok());
        assert_eq!(link("").unwrap_err(), "empty string specified for links");
        assert_eq!(link("a:b:c").unwrap_err(), "bad format for links: a:b:c");
    }
}
