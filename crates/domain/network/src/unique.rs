//! Random identifiers.

use rustix::rand::{GetRandomFlags, getrandom};

/// `N` random bytes.
pub fn bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    // Blocks only before the kernel has gathered entropy for the first time; up to 256 bytes come whole (getrandom(2)).
    let filled = getrandom(&mut bytes, GetRandomFlags::empty());
    assert_eq!(filled, Ok(N), "getrandom gives short requests whole");
    bytes
}

/// An id of a network or an endpoint: 64 hexadecimal digits.
pub fn id() -> String {
    hex(&bytes::<32>())
}

/// The name of a host's end of a link: `veth` and 7 digits, as Docker's users know them.
pub fn link_name() -> String {
    format!("veth{}", &hex(&bytes::<4>())[..7])
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_have_their_shape_and_differ() {
        assert_eq!(id().len(), 64);
        assert_ne!(id(), id());
        assert_eq!(link_name().len(), 11);
    }
}
