//! `POST /containers/{id}/resize`.

use engine::request::Resize;
use fault::{Fault, Result};
use http::StatusCode;

use crate::answer::{self, Answer};
use crate::request::{Call, echo};

pub(in crate::route) async fn resize(call: Call) -> Result<Answer> {
    let request = size(&call, call.container()?)?;
    call.engine.container_resize(request).await?;
    Ok(answer::empty(StatusCode::OK))
}

/// The size asked for; both numbers must be given.
pub(in crate::route) fn size(call: &Call, target: String) -> Result<Resize> {
    let number = |name: &str, what: &str| number(call.query.text(name), what);
    Ok(Resize { target, rows: number("h", "height")?, columns: number("w", "width")? })
}

/// Of 32 bits, as the original reads it; what no terminal can have becomes the most that one can.
fn number(text: &str, what: &str) -> Result<u16> {
    let refused = |why: &str| Fault::invalid(format!("invalid resize {what} {:?}: {why}", echo(text)));
    let digits = text.strip_prefix('-').unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(refused("invalid syntax"));
    }
    let number: u32 = text.parse().map_err(|_| refused("value out of range"))?;
    Ok(u16::try_from(number).unwrap_or(u16::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_numbers_of_32_bits() {
        let read = |text: &str| number(text, "height").map_err(|fault| fault.message().to_owned());
        assert_eq!((read("0"), read("24"), read("4294967295")), (Ok(0), Ok(24), Ok(u16::MAX)));
        for (text, why) in [
            ("", "invalid syntax"),
            ("+5", "invalid syntax"),
            ("1.5", "invalid syntax"),
            ("-", "invalid syntax"),
            ("-1", "value out of range"),
            ("4294967296", "value out of range"),
        ] {
            assert_eq!(read(text), Err(format!("invalid resize height {text:?}: {why}")));
        }
    }
}
