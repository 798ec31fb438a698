//! Descriptors of the caller's that the program gets.

use std::path::Path;

use crate::error::Error;

/// How many there are, and what the program is told of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Preserved {
    /// From 3 on.
    pub count: u32,
    /// Variables for the program: sd_listen_fds(3).
    pub env: Vec<String>,
}

impl Preserved {
    /// Those of `--preserve-fds`, behind those that a service manager has opened for us.
    pub fn read(asked: Option<u32>) -> Result<Self, Error> {
        let variable = |name: &str| std::env::var(name).ok();
        let is_ours = variable("LISTEN_PID").is_none_or(|pid| pid == std::process::id().to_string());
        let listening = variable("LISTEN_FDS").filter(|_| is_ours).and_then(|count| count.parse::<u32>().ok());
        Self::of(asked.unwrap_or(0), listening.unwrap_or(0))
    }

    fn of(asked: u32, listening: u32) -> Result<Self, Error> {
        let count = asked.saturating_add(listening);
        let is_open = |number: u32| Path::new(&format!("/proc/self/fd/{number}")).symlink_metadata().is_ok();
        if let Some(missing) = (0..count).find(|place| !is_open(place + 3)) {
            return Err(Error::new(format!(
                "please check that preserved-fd {missing} is present: descriptor {} is not open",
                missing + 3
            )));
        }
        let env =
            if listening > 0 { vec![format!("LISTEN_FDS={listening}"), "LISTEN_PID=1".to_owned()] } else { vec![] };
        Ok(Self { count, env })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_that_are_not_open_are_named() {
        assert_eq!(Preserved::of(0, 0).unwrap(), Preserved::default());
        let error = Preserved::of(100_000, 0).unwrap_err().to_string();
        assert!(error.starts_with("please check that preserved-fd "), "{error}");
    }
}
