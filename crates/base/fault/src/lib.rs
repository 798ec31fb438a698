//! Errors with a kind, and the one table that maps kinds to HTTP statuses.
//!
//! A library crate of `host` has its own small error types; where they enter a noun or the engine they become a
//! [`Fault`], which says what kind of refusal it is and what to tell the user. The message names the step, the
//! object and the cause, lower case, without a final stop, joined by `: `.

#![forbid(unsafe_code)]

use std::error::Error as StdError;
use std::fmt;

/// What kind of refusal an error is. The Engine API has one HTTP status for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The object does not exist: 404.
    NotFound,
    /// The request is malformed or asks for something that cannot be: 400.
    InvalidParameter,
    /// The object is in a state, or in use, that forbids the request: 409.
    Conflict,
    /// Credentials are missing or wrong: 401.
    Unauthorized,
    /// The request is understood and never allowed: 403.
    Forbidden,
    /// A peer (registry, swarm) cannot be reached now: 503.
    Unavailable,
    /// The object is in the wanted state already: 304, and no body.
    NotModified,
    /// Gantry does not do this yet: 501.
    NotImplemented,
    /// A deadline passed: 500, as Docker answers.
    Deadline,
    /// The host or the kernel refused: 500.
    System,
}

impl Kind {
    /// The HTTP status of the Engine API for this kind.
    pub fn http_status(self) -> u16 {
        match self {
            Kind::NotFound => 404,
            Kind::InvalidParameter => 400,
            Kind::Conflict => 409,
            Kind::Unauthorized => 401,
            Kind::Forbidden => 403,
            Kind::Unavailable => 503,
            Kind::NotModified => 304,
            Kind::NotImplemented => 501,
            Kind::Deadline | Kind::System => 500,
        }
    }
}

/// An error as it leaves a use case: a kind, and one message that tells everything, once.
#[derive(Debug)]
pub struct Fault {
    kind: Kind,
    message: String,
}

/// The result of a use case.
pub type Result<T, E = Fault> = std::result::Result<T, E>;

macro_rules! constructors {
    ($($(#[$doc:meta])* $name:ident => $kind:ident),+ $(,)?) => {
        $($(#[$doc])* pub fn $name(message: impl Into<String>) -> Self { Self::new(Kind::$kind, message) })+
    };
}

impl Fault {
    /// Makes a fault of `kind` with the whole message.
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into() }
    }

    constructors! {
        /// The object does not exist.
        not_found => NotFound,
        /// The request is malformed.
        invalid => InvalidParameter,
        /// The object's state forbids the request.
        conflict => Conflict,
        /// Credentials are missing or wrong.
        unauthorized => Unauthorized,
        /// Never allowed.
        forbidden => Forbidden,
        /// A peer cannot be reached now.
        unavailable => Unavailable,
        /// Already in the wanted state.
        not_modified => NotModified,
        /// Not there yet.
        not_implemented => NotImplemented,
        /// A deadline passed.
        deadline => Deadline,
        /// The host or the kernel refused.
        system => System,
    }

    /// Makes a fault of `kind` from an error, with the messages of its causes joined by `: `.
    pub fn from_error(kind: Kind, error: &(dyn StdError + 'static)) -> Self {
        Self::new(kind, chain(error))
    }

    /// The kind.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The whole message.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Puts the step that failed in front of the message.
    #[must_use]
    pub fn at(self, step: impl fmt::Display) -> Self {
        Self { message: format!("{step}: {}", self.message), ..self }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl StdError for Fault {}

/// Adds the failed step to any error and makes it a [`Fault`] of kind [`Kind::System`].
pub trait Step<T> {
    /// `step` is prefixed to the message: `"step: cause"`.
    fn step(self, step: impl fmt::Display) -> Result<T>;
}

impl<T, E: StdError + 'static> Step<T> for Result<T, E> {
    fn step(self, step: impl fmt::Display) -> Result<T> {
        self.map_err(|error| {
            let any: &(dyn StdError + 'static) = &error;
            match any.downcast_ref::<Fault>() {
                Some(fault) => Fault::new(fault.kind, format!("{step}: {}", fault.message)),
                None => Fault::system(format!("{step}: {}", chain(&error))),
            }
        })
    }
}

/// The messages of an error and of its causes, each once, joined by `: `.
pub fn chain(error: &(dyn StdError + 'static)) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let message = cause.to_string();
        if !text.ends_with(&message) {
            text.push_str(": ");
            text.push_str(&message);
        }
        next = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_keeps_the_kind_and_names_the_cause_once() {
        let fault: Result<()> = Err(Fault::not_found("no such image: x"));
        let fault = fault.step("pull").unwrap_err();
        assert_eq!(fault.kind(), Kind::NotFound);
        assert_eq!(fault.to_string(), "pull: no such image: x");

        let io: Result<(), std::io::Error> = Err(std::io::Error::from_raw_os_error(13));
        let fault = io.step("open `/x`").unwrap_err();
        assert_eq!(fault.kind(), Kind::System);
        assert_eq!(fault.message(), "open `/x`: Permission denied (os error 13)");
    }
}
