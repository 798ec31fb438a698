//! Numbers and booleans as Go's `strconv` reads them, with its error texts.

use crate::quote::quote;

fn fail<T>(function: &str, text: &str, why: &str) -> Result<T, String> {
    Err(format!("strconv.{function}: parsing {}: {why}", quote(text)))
}

/// Reads a signed integer of `bits` bits; base 0 as Go: `0x`, `0o`, `0b` and a leading `0` choose the base and
/// underscores may separate digits; base 10 takes decimal digits only. The error is Go's text.
pub fn parse_int(text: &str, base: u32, bits: u32) -> Result<i64, String> {
    let (negative, digits) = match text.as_bytes().first() {
        Some(b'-') => (true, &text[1..]),
        Some(b'+') => (false, &text[1..]),
        _ => (false, text),
    };
    let Some(magnitude) = digits_value(digits, base) else { return fail("ParseInt", text, "invalid syntax") };
    let limit = 1u128 << (bits - 1);
    let in_range = if negative { magnitude <= limit } else { magnitude < limit };
    if !in_range {
        return fail("ParseInt", text, "value out of range");
    }
    Ok(if negative { (magnitude as i128).wrapping_neg() as i64 } else { magnitude as i64 })
}

/// Reads an unsigned integer of `bits` bits, like [`parse_int`].
pub fn parse_uint(text: &str, base: u32, bits: u32) -> Result<u64, String> {
    let Some(value) = digits_value(text, base) else { return fail("ParseUint", text, "invalid syntax") };
    if value >= 1u128 << bits {
        return fail("ParseUint", text, "value out of range");
    }
    Ok(value as u64)
}

/// The value of bare digits, saturating far above 64 bits; `None` when they are malformed.
fn digits_value(digits: &str, base: u32) -> Option<u128> {
    let (base, digits, separators) = if base == 0 { go_base(digits) } else { (base, digits, false) };
    if digits.is_empty() || (separators && (digits.ends_with('_') || digits.contains("__"))) {
        return None;
    }
    let mut value = 0u128;
    for digit in digits.chars().filter(|c| !(separators && *c == '_')) {
        value = value.saturating_mul(base.into()).saturating_add(digit.to_digit(base)?.into());
    }
    Some(value)
}

fn go_base(digits: &str) -> (u32, &str, bool) {
    let lower = digits.get(..2).unwrap_or("").to_ascii_lowercase();
    match lower.as_str() {
        "0x" => (16, &digits[2..], true),
        "0b" => (2, &digits[2..], true),
        "0o" => (8, &digits[2..], true),
        _ if digits.len() > 1 && digits.starts_with('0') => (8, &digits[1..], true),
        _ if digits.starts_with('_') => (10, "", true),
        _ => (10, digits, true),
    }
}

/// Reads a boolean: `1 t T TRUE true True` and their opposites.
pub fn parse_bool(text: &str) -> Result<bool, String> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(false),
        _ => fail("ParseBool", text, "invalid syntax"),
    }
}

/// Reads a decimal floating-point number; words such as `inf` count as Go counts them.
pub fn parse_f64(text: &str) -> Result<f64, String> {
    let blank = text.is_empty() || text.contains(char::is_whitespace);
    match text.parse::<f64>() {
        Ok(value) if !blank => Ok(value),
        _ => fail("ParseFloat", text, "invalid syntax"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_follow_go() {
        assert_eq!(parse_int("-9223372036854775808", 0, 64), Ok(i64::MIN));
        assert_eq!(parse_int("0x10", 0, 64), Ok(16));
        assert_eq!(parse_int("010", 0, 64), Ok(8));
        assert_eq!(parse_int("1_000", 0, 64), Ok(1000));
        assert_eq!(parse_int("0", 0, 64), Ok(0));
        assert_eq!(parse_int("x", 0, 64).unwrap_err(), r#"strconv.ParseInt: parsing "x": invalid syntax"#);
        assert_eq!(
            parse_int("9223372036854775808", 0, 64).unwrap_err(),
            r#"strconv.ParseInt: parsing "9223372036854775808": value out of range"#
        );
        assert_eq!(
            parse_uint("65536", 0, 16).unwrap_err(),
            r#"strconv.ParseUint: parsing "65536": value out of range"#
        );
        assert_eq!(parse_uint("-1", 0, 16).unwrap_err(), r#"strconv.ParseUint: parsing "-1": invalid syntax"#);
    }

    #[test]
    fn booleans_follow_go() {
        assert_eq!(parse_bool("T"), Ok(true));
        assert_eq!(parse_bool("yes").unwrap_err(), r#"strconv.ParseBool: parsing "yes": invalid syntax"#);
    }
}
