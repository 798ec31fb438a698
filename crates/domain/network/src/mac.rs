//! Ethernet addresses.

use std::fmt;
use std::net::Ipv4Addr;
use std::str::FromStr;

use fault::Fault;
use serde::{Deserialize, Serialize};

/// An Ethernet address; as text `02:42:ac:11:00:02`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Mac(pub [u8; 6]);

impl Mac {
    /// The address of the container with this IP address: `02:42` and its four bytes.
    ///
    /// Neighbours that still remember who had the IP address before are right about the new one as well, so nobody has
    /// to be told; random addresses would need an announcement (gratuitous ARP) for each container.
    pub fn of(ip: Ipv4Addr) -> Self {
        let [a, b, c, d] = ip.octets();
        Self([0x02, 0x42, a, b, c, d])
    }
}

impl fmt::Display for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, e, g] = self.0;
        write!(f, "{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{g:02x}")
    }
}

impl FromStr for Mac {
    type Err = Fault;

    /// Six pairs of hexadecimal digits between `:` or `-`. An address of a group is refused: no link can have it.
    fn from_str(text: &str) -> Result<Self, Fault> {
        let refuse = || Fault::invalid(format!("invalid MAC address: {text}"));
        let mut bytes = [0; 6];
        let mut parts = text.split([':', '-']);
        for byte in &mut bytes {
            let part = parts.next().filter(|part| part.len() == 2 && part.bytes().all(|b| b.is_ascii_hexdigit()));
            *byte = u8::from_str_radix(part.ok_or_else(refuse)?, 16).map_err(|_| refuse())?;
        }
        let is_one_links = bytes[0] & 1 == 0 && bytes != [0; 6];
        if parts.next().is_none() && is_one_links { Ok(Self(bytes)) } else { Err(refuse()) }
    }
}

impl TryFrom<String> for Mac {
    type Error = Fault;

    fn try_from(text: String) -> Result<Self, Fault> {
        text.parse()
    }
}

impl From<Mac> for String {
    fn from(mac: Mac) -> Self {
        mac.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_goes_both_ways_and_nonsense_is_refused() {
        let mac = Mac::of(Ipv4Addr::new(172, 17, 0, 2));
        assert_eq!(mac.to_string(), "02:42:ac:11:00:02");
        assert_eq!("02:42:AC:11:00:02".parse::<Mac>().unwrap(), mac);
        for text in ["", "02:42", "02:42:ac:11:00:02:03", "01:00:5e:00:00:01", "00:00:00:00:00:00", "+2:42:ac:11:00:02"]
        {
            assert_eq!(text.parse::<Mac>().unwrap_err().kind(), fault::Kind::InvalidParameter, "{text}");
        }
    }
}
