//! Sizes: decimal for images and container layers, binary for memory; and their parsers.

use crate::float::general;

/// Why a size could not be read; the text is Docker's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SizeError(String);

impl std::fmt::Display for SizeError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "invalid size: '{}'", self.0)
    }
}

impl std::error::Error for SizeError {}

const DECIMAL: [&str; 9] = ["B", "kB", "MB", "GB", "TB", "PB", "EB", "ZB", "YB"];
const BINARY: [&str; 9] = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB", "ZiB", "YiB"];

/// Bytes with decimal units and four significant digits: `1.98MB`.
pub fn decimal_size(bytes: f64) -> String {
    decimal_size_with(bytes, 4)
}

/// Bytes with decimal units and `precision` significant digits; lists of images use three.
pub fn decimal_size_with(bytes: f64, precision: usize) -> String {
    scaled(bytes, 1000.0, &DECIMAL, precision)
}

/// Bytes with binary units and four significant digits: `23.54GiB`.
pub fn bytes_size(bytes: f64) -> String {
    scaled(bytes, 1024.0, &BINARY, 4)
}

fn scaled(mut size: f64, base: f64, units: &[&str], precision: usize) -> String {
    let mut unit = 0;
    while size >= base && unit + 1 < units.len() {
        size /= base;
        unit += 1;
    }
    format!("{}{}", general(size, precision), units[unit])
}

/// Reads a size whose units are powers of 1024 (`64m`, `1.5g`, `10KiB`), as flags of memory take it. Bytes.
pub fn parse_binary_size(text: &str) -> Result<i64, SizeError> {
    parse(text, 1024.0)
}

/// Reads a size whose units are powers of 1000. Bytes.
pub fn parse_decimal_size(text: &str) -> Result<i64, SizeError> {
    parse(text, 1000.0)
}

fn parse(text: &str, base: f64) -> Result<i64, SizeError> {
    let fail = || SizeError(text.to_string());
    // The number ends at the last digit, point or space; what follows is the unit.
    let split = text.rfind(|c: char| c.is_ascii_digit() || c == '.' || c == ' ').ok_or_else(fail)? + 1;
    let (number, unit) = text.split_at(split);
    let number = number.strip_suffix(' ').unwrap_or(number);
    let value = crate::parse_f64(number).ok().filter(|value| *value >= 0.0).ok_or_else(fail)?;
    let power = unit_power(&unit.to_ascii_lowercase()).ok_or_else(fail)?;
    Ok((value * base.powi(power)) as i64)
}

/// `k`, `kb` and `kib` mean the same; a lone `b` is allowed, a lone `i` is not.
fn unit_power(unit: &str) -> Option<i32> {
    let mut letters = unit.chars();
    let Some(first) = letters.next() else { return Some(0) };
    let power = match first {
        'b' => return letters.as_str().is_empty().then_some(0),
        'k' => 1,
        'm' => 2,
        'g' => 3,
        't' => 4,
        'p' => 5,
        _ => return None,
    };
    matches!(letters.as_str(), "" | "b" | "ib").then_some(power)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_print_as_docker_prints_them() {
        assert_eq!(decimal_size_with(1_982_000.0, 3), "1.98MB");
        assert_eq!(decimal_size(0.0), "0B");
        assert_eq!(decimal_size(999.0), "999B");
        assert_eq!(decimal_size(1000.0), "1kB");
        assert_eq!(bytes_size(25_275_899_904.0), "23.54GiB");
        assert_eq!(bytes_size(1048576.0), "1MiB");
    }

    #[test]
    fn sizes_are_read_with_every_spelling_of_the_unit() {
        for (text, bytes) in [
            ("32", 32),
            ("32b", 32),
            ("32k", 32768),
            ("32KB", 32768),
            ("32KiB", 32768),
            ("1.5g", 1610612736),
            ("32 mb", 33554432),
            (".5k", 512),
        ] {
            assert_eq!(parse_binary_size(text), Ok(bytes), "{text}");
        }
        assert_eq!(parse_decimal_size("32k"), Ok(32000));
    }

    #[test]
    fn nonsense_is_refused_with_dockers_words() {
        for text in ["", "hello", "-32", " 32 ", "32m b", "32bm", "1x", "k", "32ki"] {
            let error = parse_binary_size(text).unwrap_err();
            assert_eq!(error.to_string(), format!("invalid size: '{text}'"));
        }
    }
}
