//! The order in which people expect names with numbers: `a2` before `a10`.

use std::cmp::Ordering;

/// Compares two texts; runs of digits count as numbers.
pub fn compare(a: &str, b: &str) -> Ordering {
    let (mut left, mut right) = (a.as_bytes(), b.as_bytes());
    while let (Some(x), Some(y)) = (left.first(), right.first()) {
        if !(x.is_ascii_digit() && y.is_ascii_digit()) {
            if x != y {
                return x.cmp(y);
            }
            (left, right) = (&left[1..], &right[1..]);
            continue;
        }
        let (first, second) = (digits(left), digits(right));
        let order = value(first).len().cmp(&value(second).len()).then_with(|| value(first).cmp(value(second)));
        // The same number with fewer zeros in front comes first.
        let order = order.then(first.len().cmp(&second.len()));
        if order.is_ne() {
            return order;
        }
        (left, right) = (&left[first.len()..], &right[second.len()..]);
    }
    left.len().cmp(&right.len())
}

fn digits(text: &[u8]) -> &[u8] {
    &text[..text.iter().take_while(|byte| byte.is_ascii_digit()).count()]
}

fn value(digits: &[u8]) -> &[u8] {
    &digits[digits.iter().take_while(|byte| **byte == b'0').count()..]
}

#[cfg(test)]
mod tests {
    use super::compare;

    #[test]
    fn numbers_count_as_numbers() {
        let mut names = ["a10", "a", "b", "a2", "a02", "10", "9/udp", "a2b"];
        names.sort_by(|a, b| compare(a, b));
        assert_eq!(names, ["9/udp", "10", "a", "a2", "a2b", "a02", "a10", "b"]);
    }
}
