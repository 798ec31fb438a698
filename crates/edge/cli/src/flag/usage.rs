//! The column of flags in a help text, wrapped as `pflag` wraps it.

use super::{Flag, Kind};
use human::quote;

/// The lines for `flags`, sorted by name as docker sorts them, wrapped to `columns` characters (0: not at all).
pub fn usages<'a>(flags: impl Iterator<Item = &'a Flag>, columns: usize) -> String {
    let mut flags: Vec<&Flag> = flags.filter(|flag| !flag.hidden).collect();
    flags.sort_by_key(|flag| flag.long);
    let heads: Vec<String> = flags.iter().map(|flag| head(flag)).collect();
    let widest = heads.iter().map(|head| head.chars().count()).max().unwrap_or(0) + 1;
    let mut out = String::new();
    for (flag, head) in flags.iter().zip(&heads) {
        let text = wrap(widest + 2, columns, &(flag.about.to_string() + &default_note(flag)));
        out.push_str(&format!("{head:<width$}  {text}\n", width = widest));
    }
    out
}

fn head(flag: &Flag) -> String {
    let names = match flag.short {
        Some(short) => format!("  -{short}, --{}", flag.long),
        None => format!("      --{}", flag.long),
    };
    match flag.kind.name() {
        "" => names,
        kind => format!("{names} {kind}"),
    }
}

fn default_note(flag: &Flag) -> String {
    match (flag.default, flag.kind) {
        ("", _) => String::new(),
        (default, Kind::Str) => format!(" (default {})", quote(default)),
        (default, _) => format!(" (default {default})"),
    }
}

/// Breaks `text` to fit between `indent` and `columns`; a short last word may stick out by five.
fn wrap(indent: usize, columns: usize, text: &str) -> String {
    const SLOP: usize = 5;
    const NARROW: usize = 24;
    if columns == 0 {
        return text.replace('\n', &format!("\n{}", " ".repeat(indent)));
    }
    let (mut indent, mut out) = (indent, String::new());
    if columns.saturating_sub(indent) < NARROW {
        // Too narrow beside the names: start on the next line.
        indent = 16;
        out = format!("\n{}", " ".repeat(indent));
    }
    if columns.saturating_sub(indent) < NARROW {
        return text.replace('\n', &out);
    }
    let width = columns - indent - SLOP;
    let line_break = format!("\n{}", " ".repeat(indent));
    let (first, mut rest) = split(width, SLOP, text);
    out.push_str(&first.replace('\n', &line_break));
    while !rest.is_empty() {
        let (line, tail) = split(width, SLOP, rest);
        out.push_str(&line_break);
        out.push_str(&line.replace('\n', &line_break));
        rest = tail;
    }
    out
}

fn split(width: usize, slop: usize, text: &str) -> (&str, &str) {
    if width + slop > text.len() {
        return (text, "");
    }
    let window = &text.as_bytes()[..width];
    let last = |wanted: &[u8]| window.iter().rposition(|byte| wanted.contains(byte)).filter(|at| *at > 0);
    let Some(blank) = last(b" \t\n") else { return (text, "") };
    let at = last(b"\n").filter(|line| *line < blank).unwrap_or(blank);
    (&text[..at], &text[at + 1..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_wrap_with_slop() {
        const FLAGS: &[Flag] = &[
            Flag::new("all", Kind::Bool, "Show all containers (default shows just running)").short('a'),
            Flag::new("last", Kind::Int, "Show n last created containers (includes all states)")
                .short('n')
                .default("-1"),
            Flag::new("filter", Kind::List, "Filter output based on conditions provided").short('f'),
        ];
        let expect = "  -a, --all           Show all containers (default shows just running)\n  \
                      -f, --filter list   Filter output based on conditions provided\n  \
                      -n, --last int      Show n last created containers (includes all states)\n                      \
                      (default -1)\n";
        assert_eq!(usages(FLAGS.iter(), 80), expect);
    }
}
