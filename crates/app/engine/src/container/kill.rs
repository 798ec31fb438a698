//! Sends a container's PID 1 a signal.

use std::sync::Arc;

use fault::{Fault, Result};

use super::actor::Message;
use crate::inner::Inner;
use crate::request::ContainerKill;

const SIGKILL: i32 = 9;

/// Sends the signal; SIGKILL where none is named.
pub async fn kill(engine: &Arc<Inner>, request: ContainerKill) -> Result<()> {
    let at = |fault: Fault| fault.at(format_args!("cannot kill container: {}", request.target));
    let signal = request.signal.as_deref().filter(|signal| !signal.is_empty());
    let signal = signal.map_or(Ok(SIGKILL), signal_number).map_err(at)?;
    let handle = engine.containers.find(&request.target).map_err(at)?;
    let stop = signal_number(handle.view().stored.record.stop_signal()).unwrap_or(15);
    let last = signal == SIGKILL || signal == stop;
    let asked = handle.ask(|reply| Message::Signal { signal, last, reply }).await;
    asked.map_err(at)
}

/// A signal by name, with or without `SIG`, or by number: signal(7), for x86-64 and arm64.
pub fn signal_number(text: &str) -> Result<i32> {
    let invalid = || Fault::invalid(format!("invalid signal: {text}"));
    if let Ok(number) = text.parse::<i64>() {
        return match number {
            0 => Err(invalid()),
            1..=64 => Ok(number as i32),
            _ => Err(Fault::invalid(format!("the linux daemon does not support signal {number}"))),
        };
    }
    let upper = text.to_ascii_uppercase();
    let name = upper.strip_prefix("SIG").unwrap_or(&upper);
    if let Some(at) = SIGNALS.iter().position(|known| *known == name) {
        return Ok(at as i32 + 1);
    }
    match name {
        "IOT" => Ok(6),
        "CLD" => Ok(17),
        "POLL" => Ok(29),
        "RTMIN" => Ok(34),
        "RTMAX" => Ok(64),
        _ => real_time(name).ok_or_else(invalid),
    }
}

/// `RTMIN+n` and `RTMAX-n`.
fn real_time(name: &str) -> Option<i32> {
    let signed = |rest: &str, sign: i32| Some(sign * rest.parse::<u8>().ok().filter(|&n| n <= 15).map(i32::from)?);
    match (name.strip_prefix("RTMIN+"), name.strip_prefix("RTMAX-")) {
        (Some(rest), _) => Some(34 + signed(rest, 1)?),
        (_, Some(rest)) => Some(64 + signed(rest, -1)?),
        _ => None,
    }
}

const SIGNALS: [&str; 31] = [
    "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2", "PIPE", "ALRM", "TERM",
    "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG", "XCPU", "XFSZ", "VTALRM", "PROF", "WINCH", "IO",
    "PWR", "SYS",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signals_have_names_and_numbers() {
        for (text, number) in
            [("TERM", 15), ("sigkill", 9), ("9", 9), ("SIGRTMIN+3", 37), ("RTMAX-14", 50), ("IO", 29), ("SYS", 31)]
        {
            assert_eq!(signal_number(text).unwrap(), number, "{text}");
        }
        for bad in ["", "0", "65", "-1", "SIG", "NONSENSE", "RTMIN+16", "RTMAX-", "999999999999"] {
            assert!(signal_number(bad).is_err(), "{bad}");
        }
        assert_eq!(signal_number("0").unwrap_err().message(), "invalid signal: 0");
        assert_eq!(signal_number("65").unwrap_err().message(), "the linux daemon does not support signal 65");
    }
}
