//! JSON with line breaks, its texts and numbers untouched.

/// Indents `json` by four blanks a level as docker's `inspect` does. Nothing is parsed and written anew, so digests
/// and big numbers stay as the daemon wrote them.
pub fn indent(json: &[u8], prefix: &str) -> String {
    let mut out = Vec::with_capacity(json.len() * 2);
    let (mut depth, mut quoted, mut escaped, mut open) = (0usize, false, false, false);
    let newline = |out: &mut Vec<u8>, depth: usize| {
        out.push(b'\n');
        out.extend_from_slice(prefix.as_bytes());
        out.extend(std::iter::repeat_n(b' ', depth * 4));
    };
    for byte in json {
        if quoted {
            out.push(*byte);
            (escaped, quoted) = (!escaped && *byte == b'\\', escaped || *byte != b'"');
            continue;
        }
        if byte.is_ascii_whitespace() {
            continue;
        }
        // An empty object or array stays on its line.
        let closes = matches!(byte, b'}' | b']');
        if open && !closes {
            newline(&mut out, depth);
        }
        if closes {
            depth = depth.saturating_sub(1);
            if !open {
                newline(&mut out, depth);
            }
        }
        open = matches!(byte, b'{' | b'[');
        depth += usize::from(open);
        out.push(*byte);
        match byte {
            b'"' => quoted = true,
            b',' => newline(&mut out, depth),
            b':' => out.push(b' '),
            _ => {}
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::indent;

    #[test]
    fn texts_and_numbers_stay() {
        let json = br#"{"a":[1.50,"x\"{,"],"b":{},"c":[],"d":{"e":null}}"#;
        let expect = "{\n    \"a\": [\n        1.50,\n        \"x\\\"{,\"\n    ],\n    \"b\": {},\n    \"c\": [],\n    \"d\": {\n        \"e\": null\n    }\n}";
        assert_eq!(indent(json, ""), expect);
    }
}
