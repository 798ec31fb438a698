//! Separates Rust code from what is written about it.

/// The text with every comment, string and character literal made blank; lines stay where they are.
pub fn code(text: &str) -> String {
    let mut lexer = Lexer { rest: text, out: String::with_capacity(text.len()), previous: ' ' };
    while !lexer.rest.is_empty() {
        lexer.step();
    }
    lexer.out
}

struct Lexer<'a> {
    rest: &'a str,
    out: String,
    /// The last character of code, to tell the `r` of a raw string from the end of a name.
    previous: char,
}

impl Lexer<'_> {
    fn step(&mut self) {
        let blank = match self.rest.as_bytes() {
            [b'/', b'/', ..] => Some(self.rest.find('\n').unwrap_or(self.rest.len())),
            [b'/', b'*', ..] => Some(block_comment(self.rest)),
            [b'"', ..] => Some(string(self.rest)),
            [b'\'', ..] => character(self.rest),
            [b'r', ..] if !is_name(self.previous) => raw_string(self.rest),
            _ => None,
        };
        match blank {
            Some(length) => self.blank(length),
            None => self.copy(),
        }
    }

    fn copy(&mut self) {
        let Some(next) = self.rest.chars().next() else { return };
        self.out.push(next);
        // `br"…"` and `cr"…"` begin a string too.
        self.previous = if matches!(next, 'b' | 'c') && !is_name(self.previous) { ' ' } else { next };
        self.rest = &self.rest[next.len_utf8()..];
    }

    fn blank(&mut self, length: usize) {
        let (gone, rest) = self.rest.split_at(length);
        self.out.extend(gone.chars().map(|c| if c == '\n' { '\n' } else { ' ' }));
        self.rest = rest;
        self.previous = ' ';
    }
}

fn is_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Length of a block comment, which may hold others.
fn block_comment(text: &str) -> usize {
    let mut depth = 0;
    let mut at = 0;
    while let Some(offset) = text[at..].find(['/', '*']) {
        at += offset;
        match text.as_bytes().get(at..at + 2) {
            Some(b"/*") => (depth, at) = (depth + 1, at + 2),
            Some(b"*/") => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            return at;
        }
    }
    text.len()
}

fn string(text: &str) -> usize {
    let mut escaped = false;
    let end = text[1..].find(|c| {
        let ends = c == '"' && !escaped;
        escaped = c == '\\' && !escaped;
        ends
    });
    end.map_or(text.len(), |end| end + 2)
}

/// Length of a character literal; nothing for a lifetime.
fn character(text: &str) -> Option<usize> {
    let mut inside = text[1..].char_indices();
    match inside.next()?.1 {
        '\\' => {
            inside.next()?;
            inside.find(|(_, c)| *c == '\'').map(|(at, _)| at + 2)
        }
        _ => inside.next().filter(|(_, c)| *c == '\'').map(|(at, _)| at + 2),
    }
}

fn raw_string(text: &str) -> Option<usize> {
    let hashes = text[1..].bytes().take_while(|b| *b == b'#').count();
    let inside = text[1 + hashes..].strip_prefix('"')?;
    let end = format!("\"{}", "#".repeat(hashes));
    Some(inside.find(&end).map_or(text.len(), |at| 2 + hashes + at + end.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_about_code_is_blank() {
        let text = "a /* b /* c */ d */ e // f\n\"g \\\" h\" i 'j' '\\'' &'k l r#\"m \" n\"# or \"o\" br\"p\" q";
        let expected = "a e\ni &'k l or b q";
        let squeezed: Vec<String> =
            code(text).lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
        assert_eq!(squeezed.join("\n"), expected);
    }

    #[test]
    fn length_and_lines_stay() {
        let text = "fn a() {\n    let s = \"x\ny\"; // z\n}\n";
        assert_eq!(code(text).len(), text.len());
        assert_eq!(code(text).lines().count(), 4);
    }

    #[test]
    fn what_never_ends_is_blank_to_the_end() {
        for text in ["\"a", "/* a", "r#\"a\"", "'", "'\\"] {
            assert!(!code(text).contains('a'), "{text}");
        }
    }
}
