//! Names of signals.

use crate::error::Error;

/// By number, from 1: signal(7) of x86-64 and arm64.
const NAMES: [&str; 31] = [
    "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2", "PIPE", "ALRM", "TERM",
    "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG", "XCPU", "XFSZ", "VTALRM", "PROF", "WINCH", "IO",
    "PWR", "SYS",
];

/// Other names for some.
const ALIASES: [(&str, i32); 4] = [("IOT", 6), ("CLD", 17), ("POLL", 29), ("UNUSED", 31)];

/// First and last real-time signal, as glibc counts them.
const REAL_TIME: (i32, i32) = (34, 64);

/// Reads a signal: its number, or its name with or without `SIG`, in any case. 0 sends none, and asks whether one could be.
pub fn parse(text: &str) -> Result<i32, Error> {
    let unknown = || Error::new(format!("unknown signal {text:?}"));
    if let Ok(number) = text.parse::<i32>() {
        return if (0..=REAL_TIME.1).contains(&number) { Ok(number) } else { Err(unknown()) };
    }
    let upper = text.to_ascii_uppercase();
    let name = upper.strip_prefix("SIG").unwrap_or(&upper);
    let plain = NAMES.iter().position(|known| *known == name).map(|place| place as i32 + 1);
    let alias = || ALIASES.iter().find(|(known, _)| *known == name).map(|(_, number)| *number);
    plain.or_else(alias).or_else(|| real_time(name)).ok_or_else(unknown)
}

/// `RTMIN`, `RTMIN+3`, `RTMAX-3`.
fn real_time(name: &str) -> Option<i32> {
    let (first, last) = REAL_TIME;
    let number = match (name.strip_prefix("RTMIN"), name.strip_prefix("RTMAX")) {
        (Some(""), _) => first,
        (_, Some("")) => last,
        (Some(more), _) => first + more.strip_prefix('+')?.parse::<i32>().ok()?,
        (_, Some(less)) => last - less.strip_prefix('-')?.parse::<i32>().ok()?,
        _ => return None,
    };
    (first..=last).contains(&number).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers() {
        for (text, number) in [
            ("9", 9),
            ("KILL", 9),
            ("sigterm", 15),
            ("SIGUSR1", 10),
            ("RTMIN+1", 35),
            ("RTMAX-1", 63),
            ("SIGSYS", 31),
            ("iot", 6),
        ] {
            assert_eq!(parse(text).unwrap(), number, "{text}");
        }
        for bad in ["", "65", "-1", "SIG", "NOPE", "RTMIN+31", "RTMAX+1"] {
            assert!(parse(bad).is_err(), "{bad:?}");
        }
    }
}
