//! Weights and rates of block devices.

use crate::flag::Kind;
use api::container::{ThrottleDevice, WeightDevice};

/// `--blkio-weight-device`.
pub const WEIGHT: Kind = Kind::CheckedList("list", |value| weight(value).map(drop));
/// `--device-read-bps` and its like.
pub const BPS: Kind = Kind::CheckedList("list", |value| bps(value).map(drop));
/// `--device-read-iops` and its like.
pub const IOPS: Kind = Kind::CheckedList("list", |value| iops(value).map(drop));

fn parts(value: &str) -> Result<(&str, &str), String> {
    let (path, amount) =
        value.split_once(':').filter(|(path, _)| !path.is_empty()).ok_or_else(|| format!("bad format: {value}"))?;
    if !path.starts_with("/dev/") {
        return Err(format!("bad format for device path: {value}"));
    }
    Ok((path, amount))
}

/// `/dev/sda:500`.
pub fn weight(value: &str) -> Result<WeightDevice, String> {
    let (path, amount) = parts(value)?;
    let weight = human::parse_uint(amount, 10, 16).ok().filter(|weight| *weight == 0 || (10..=1000).contains(weight));
    let weight = weight.ok_or_else(|| format!("invalid weight for device: {value}"))?;
    Ok(WeightDevice { path: path.into(), weight: weight as u16 })
}

/// `/dev/sda:1mb`.
pub fn bps(value: &str) -> Result<ThrottleDevice, String> {
    let (path, amount) = parts(value)?;
    let rate = human::parse_binary_size(amount).ok().and_then(|rate| u64::try_from(rate).ok());
    let rate = rate.ok_or_else(|| {
        format!(
            "invalid rate for device: {value}. The correct format is <device-path>:<number>[<unit>]. \
             Number must be a positive integer. Unit is optional and can be kb, mb, or gb"
        )
    })?;
    Ok(ThrottleDevice { path: path.into(), rate })
}

/// `/dev/sda:1000`.
pub fn iops(value: &str) -> Result<ThrottleDevice, String> {
    let (path, amount) = parts(value)?;
    let rate = human::parse_uint(amount, 10, 64).map_err(|_| {
        format!(
            "invalid rate for device: {value}. The correct format is <device-path>:<number>. \
             Number must be a positive integer"
        )
    })?;
    Ok(ThrottleDevice { path: path.into(), rate })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_are_read() {
        assert_eq!(weight("/dev/sda:500").unwrap().weight, 500);
        assert_eq!(bps("/dev/sda:1mb").unwrap().rate, 1 << 20);
        assert_eq!(iops("/dev/sda:7").unwrap().rate, 7);
    }

    #[test]
    fn refusals_are_dockers() {
        assert_eq!(weight("foo").unwrap_err(), "bad format: foo");
        assert_eq!(weight("x:100").unwrap_err(), "bad format for device path: x:100");
        assert_eq!(weight("/dev/x:5").unwrap_err(), "invalid weight for device: /dev/x:5");
        assert!(
            bps("/dev/x:foo").unwrap_err().starts_with(
                "invalid rate for device: /dev/x:foo. The correct format is <device-path>:<number>[<unit>]."
            )
        );
        assert!(
            iops("/dev/x:foo")
                .unwrap_err()
                .starts_with("invalid rate for device: /dev/x:foo. The correct format is <device-path>:<number>. ")
        );
    }
}
