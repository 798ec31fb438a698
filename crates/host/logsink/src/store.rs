//! The container's log file: how long it may be, and how much of it is kept.

use fault::{Fault, Result};

use crate::options::{self, Options, refused};

/// Where nobody says how much is kept: five files of 20 MB, packed or not. Docker's `json-file` has no such bound; ours
/// has, because a container that prints must not fill the disk of its neighbours.
const MAX_SIZE: u64 = 20 << 20;
const MAX_FILES: u32 = 5;

/// A container's log file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Store {
    /// Size in bytes at which a file is full; 0 for never.
    pub max_size: u64,
    /// How many files there are at most, at least 1.
    pub max_files: u32,
    /// Whether full files are packed.
    pub compress: bool,
}

impl Store {
    /// Of the driver `json-file`. With `max-size=-1` the log grows without bound.
    pub(crate) fn json_file(options: &Options) -> Result<Self> {
        let max_size = options.get("max-size").map(|size| json_file_size(size)).transpose()?;
        let max_files = match options.get("max-file") {
            Some(count) => match options::number(count).map_err(refused)? {
                count @ 1.. => u32::try_from(count).map_err(|_| refused(format!("max-file is too large: {count}")))?,
                _ => return Err(refused("max-file cannot be less than 1")),
            },
            // Who gives a size gets one file of that size, as with Docker.
            None if max_size.is_some() => 1,
            None => MAX_FILES,
        };
        let compress = options.get("compress").map_or(Ok(false), |value| human::parse_bool(value)).map_err(refused)?;
        if compress && (max_files == 1 || max_size.is_none_or(|size| size == 0)) {
            return Err(refused("compress cannot be true when max-file is less than 2 or max-size is not set"));
        }
        Ok(Self { max_size: max_size.unwrap_or(MAX_SIZE), max_files, compress })
    }

    /// Of the driver `local`, and of the local copy that other drivers have (`cache-…`).
    pub(crate) fn local(options: &Options, prefix: &str) -> Result<Self> {
        let option = |name: &str| options.get(&format!("{prefix}{name}"));
        let max_size = match option("max-size") {
            Some(size) => human::parse_binary_size(size)
                .map_err(|error| refused(format!("invalid value for {prefix}max-size: {size}: {error}")))?,
            None => MAX_SIZE as i64,
        };
        let max_files = match option("max-file") {
            Some(count) => options::number(count)
                .map_err(|error| refused(format!("invalid value for {prefix}max-file: {count}: {error}")))?,
            None => i64::from(MAX_FILES),
        };
        let compress = option("compress").map_or(Ok(true), |value| human::parse_bool(value));
        let compress = compress.map_err(|error| refused(format!("error reading compress log option: {error}")))?;
        if max_files < 0 {
            return Err(refused("max file count cannot be less than 0"));
        }
        if compress && max_files <= 1 {
            return Err(refused("compression cannot be enabled when max file count is 1"));
        }
        let max_files = u32::try_from(max_files.max(1)).map_err(|_| refused("max file count is too large"))?;
        // A size of nothing is none that was chosen: the log has its bound all the same.
        let max_size = u64::try_from(max_size).ok().filter(|&size| size > 0).unwrap_or(MAX_SIZE);
        Ok(Self { max_size, max_files, compress })
    }
}

fn json_file_size(size: &str) -> Result<u64, Fault> {
    if size == "-1" {
        return Ok(0);
    }
    match human::parse_decimal_size(size).map_err(refused)? {
        size @ 1.. => Ok(size as u64),
        _ => Err(refused("max-size must be a positive number")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(pairs: &[(&str, &str)]) -> Options {
        pairs.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect()
    }

    #[test]
    fn no_log_is_without_a_bound_that_was_not_asked_for() {
        let json = |pairs: &[(&str, &str)]| Store::json_file(&options(pairs)).unwrap();
        assert_eq!(json(&[]), Store { max_size: 20 << 20, max_files: 5, compress: false });
        assert_eq!(json(&[("max-size", "10k")]), Store { max_size: 10_000, max_files: 1, compress: false });
        assert_eq!(json(&[("max-file", "2")]), Store { max_size: 20 << 20, max_files: 2, compress: false });
        assert_eq!(json(&[("max-size", "-1")]).max_size, 0);
        let local = |pairs: &[(&str, &str)]| Store::local(&options(pairs), "").unwrap();
        assert_eq!(local(&[]), Store { max_size: 20 << 20, max_files: 5, compress: true });
        assert_eq!(local(&[("max-size", "10k"), ("max-file", "3")]).max_size, 10 << 10);
        assert_eq!(local(&[("max-size", "0")]).max_size, 20 << 20);
    }

    /// Docker's own words, from a Docker that was asked.
    #[test]
    fn bad_values_are_refused_in_docker_s_words() {
        let start = "failed to initialize logging driver: ";
        for (pairs, why) in [
            (&[("max-size", "x")][..], "invalid size: 'x'"),
            (&[("max-size", "0")], "max-size must be a positive number"),
            (&[("max-size", "-5")], "invalid size: '-5'"),
            (&[("max-file", "x")], "strconv.Atoi: parsing \"x\": invalid syntax"),
            (&[("max-file", "0")], "max-file cannot be less than 1"),
            (&[("max-file", "-1")], "max-file cannot be less than 1"),
            (&[("compress", "x")], "strconv.ParseBool: parsing \"x\": invalid syntax"),
            (&[("compress", "true")], "compress cannot be true when max-file is less than 2 or max-size is not set"),
            (
                &[("compress", "true"), ("max-file", "2")],
                "compress cannot be true when max-file is less than 2 or max-size is not set",
            ),
        ] {
            let fault = Store::json_file(&options(pairs)).unwrap_err();
            assert_eq!(fault.message(), format!("{start}{why}"), "{pairs:?}");
        }
        for (pairs, why) in [
            (&[("max-size", "x")][..], "invalid value for max-size: x: invalid size: 'x'"),
            (&[("max-size", "-1")], "invalid value for max-size: -1: invalid size: '-1'"),
            (&[("max-file", "x")], "invalid value for max-file: x: strconv.Atoi: parsing \"x\": invalid syntax"),
            (&[("max-file", "-1")], "max file count cannot be less than 0"),
            (&[("max-file", "1")], "compression cannot be enabled when max file count is 1"),
            (
                &[("compress", "x")],
                "error reading compress log option: strconv.ParseBool: parsing \"x\": invalid syntax",
            ),
        ] {
            assert_eq!(Store::local(&options(pairs), "").unwrap_err().message(), format!("{start}{why}"), "{pairs:?}");
        }
    }
}
