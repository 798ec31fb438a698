//! Percent-encoding: RFC 3986, section 2.1.

/// The text with `%XX` replaced, once; `None` where a `%` is not followed by two hexadecimal digits, or the result is
/// not UTF-8.
pub(crate) fn decode(text: &str) -> Option<String> {
    String::from_utf8(bytes(text)?).ok()
}

/// The same for the query, where `+` is a space. Bytes that are not UTF-8 are replaced, so that what is in them is refused
/// by whoever checks the value: left out, they would stand for a default.
pub(crate) fn decode_query(text: &str) -> Option<String> {
    bytes(&text.replace('+', " ")).map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
}

fn bytes(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        if byte == b'%' {
            let (pair, after) = after.split_at_checked(2)?;
            bytes.push(digit(pair[0])? << 4 | digit(pair[1])?);
            rest = after;
        } else {
            bytes.push(byte);
            rest = after;
        }
    }
    Some(bytes)
}

fn digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decodes_once_and_refuses_what_is_broken() {
        assert_eq!(decode("a%2Fb%2e%00c+").as_deref(), Some("a/b.\0c+"));
        assert_eq!(decode("%252e").as_deref(), Some("%2e"));
        assert_eq!(decode_query("a+b%2B").as_deref(), Some("a b+"));
        assert_eq!(decode_query("a%ffb").as_deref(), Some("a\u{fffd}b"));
        for bad in ["%", "%1", "%zz", "a%f", "%ff", "%+1"] {
            assert_eq!(decode(bad), None, "{bad}");
        }
    }
}
