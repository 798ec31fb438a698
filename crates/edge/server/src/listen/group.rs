//! Groups, read from `/etc/group` by hand: a static binary must not load the host's NSS modules.

/// The id of the group `name`, or of the one with that number, in the text of `/etc/group` (group(5)).
pub(super) fn find(file: &str, name: &str) -> Option<u32> {
    let entry = |line: &str| {
        let mut fields = line.split(':');
        let (found, _, id) = (fields.next()?, fields.next()?, fields.next()?);
        (found == name).then(|| id.parse().ok()).flatten()
    };
    file.lines().find_map(entry).or_else(|| name.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_are_found_by_name_and_by_number() {
        let file = "root:x:0:\nbroken\ndocker:x:998:alice,bob\n";
        assert_eq!(find(file, "docker"), Some(998));
        assert_eq!(find(file, "dock"), None);
        assert_eq!(find(file, "1000"), Some(1000));
        assert_eq!(find("", "docker"), None);
    }
}
