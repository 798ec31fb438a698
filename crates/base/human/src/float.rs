//! Go's `%.*g`.

/// Prints `value` with `precision` significant digits as Go's `%.<precision>g` does: no trailing zeros, and an
/// exponent when it is below -4 or not below the precision.
///
/// ```
/// assert_eq!(human::general(1.98e0, 4), "1.98");
/// assert_eq!(human::general(1024.0, 4), "1024");
/// assert_eq!(human::general(123456.0, 4), "1.235e+05");
/// ```
pub fn general(value: f64, precision: usize) -> String {
    let precision = precision.max(1);
    if value == 0.0 {
        return "0".into();
    }
    // Scientific notation gives the decimal exponent after rounding to the wanted digits.
    let scientific = format!("{:.*e}", precision - 1, value);
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if exponent < -4 || exponent >= precision as i32 {
        let sign = if exponent < 0 { '-' } else { '+' };
        return format!("{}e{sign}{:02}", trim(mantissa), exponent.abs());
    }
    let decimals = (precision as i32 - 1 - exponent).max(0) as usize;
    trim(&format!("{value:.decimals$}")).to_string()
}

fn trim(digits: &str) -> &str {
    if digits.contains('.') { digits.trim_end_matches('0').trim_end_matches('.') } else { digits }
}

#[cfg(test)]
mod tests {
    use super::general;

    #[test]
    fn significant_digits_are_kept_and_zeros_cut() {
        for (value, precision, expect) in [
            (1.5, 4, "1.5"),
            (999.95, 4, "1000"),
            (0.00001, 4, "1e-05"),
            (23.54, 4, "23.54"),
            (0.0, 3, "0"),
            (1.0, 4, "1"),
        ] {
            assert_eq!(general(value, precision), expect, "{value} {precision}");
        }
    }
}
