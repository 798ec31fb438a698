//! Turns `--user` and `--group-add` into numbers, from the text of the container's own `/etc/passwd` and `/etc/group`.
//!
//! The host's databases are never asked, and nothing is executed: a name means what the image says (passwd(5), group(5)).

use fault::{Fault, Result};
use oci::runtime::User;

/// A resolved user, and the home directory that `HOME` is set to.
#[derive(Clone, Debug, PartialEq)]
pub struct Resolved {
    /// The numbers.
    pub user: User,
    /// The home directory; `/` where the database knows none.
    pub home: String,
}

struct Passwd<'a> {
    name: &'a str,
    uid: u32,
    gid: u32,
    home: &'a str,
}

fn passwd(text: &str) -> impl Iterator<Item = Passwd<'_>> {
    text.lines().filter_map(|line| {
        let mut fields = line.trim().split(':');
        let name = fields.next().filter(|name| !name.is_empty() && !name.starts_with('#'))?;
        let uid = fields.nth(1)?.parse().ok()?;
        let gid = fields.next()?.parse().ok()?;
        let home = fields.nth(1).unwrap_or("");
        Some(Passwd { name, uid, gid, home })
    })
}

struct Group<'a> {
    name: &'a str,
    gid: u32,
    members: &'a str,
}

fn groups(text: &str) -> impl Iterator<Item = Group<'_>> {
    text.lines().filter_map(|line| {
        let mut fields = line.trim().split(':');
        let name = fields.next().filter(|name| !name.is_empty() && !name.starts_with('#'))?;
        let gid = fields.nth(1)?.parse().ok()?;
        Some(Group { name, gid, members: fields.next().unwrap_or("") })
    })
}

/// Resolves `user[:group]`, each a name or a number, and the extra groups.
///
/// A user that is a bare number needs no entry. Where no group is named, the user's own group is taken, and the groups
/// that list the user as a member are added; where one is named, only that one is (as the original does).
pub fn resolve(user: &str, extra: &[String], passwd_text: &str, group_text: &str) -> Result<Resolved> {
    let (user_part, group_part) = user.split_once(':').map_or((user, None), |(user, group)| (user, Some(group)));
    let wanted = if user_part.is_empty() { "0" } else { user_part };
    let number = parse_id(wanted)?;
    let entry = passwd(passwd_text).find(|entry| entry.name == wanted || Some(entry.uid) == number);
    let (uid, own_gid, home) = match (&entry, number) {
        (Some(entry), _) => (entry.uid, entry.gid, entry.home),
        (None, Some(uid)) => (uid, 0, ""),
        (None, None) => {
            return Err(Fault::invalid(format!("unable to find user {wanted}: no matching entries in passwd file")));
        }
    };
    let gid = match group_part.filter(|group| !group.is_empty()) {
        Some(group) => find_group(group, group_text)?,
        None => own_gid,
    };
    // The user's own group is listed too: without it, a file mode that denies the group could be got around by
    // dropping it (CVE-2022-36109).
    let mut additional = vec![gid];
    if let (None, Some(entry)) = (group_part, &entry) {
        let listed =
            groups(group_text).filter(|group| group.members.split(',').any(|member| member.trim() == entry.name));
        additional.extend(listed.map(|group| group.gid));
    }
    for group in extra {
        additional.push(find_group(group, group_text)?);
    }
    let mut seen = std::collections::BTreeSet::new();
    additional.retain(|&gid| seen.insert(gid));
    let home = if home.is_empty() { "/" } else { home };
    Ok(Resolved { user: User { uid, gid, umask: None, additional_gids: additional }, home: home.to_owned() })
}

fn find_group(wanted: &str, text: &str) -> Result<u32> {
    let number = parse_id(wanted)?;
    let found = groups(text).find(|group| group.name == wanted).map(|group| group.gid).or(number);
    found.ok_or_else(|| Fault::invalid(format!("unable to find group {wanted}: no matching entries in group file")))
}

/// A number, or nothing for a name. Ids end at 2^31 - 1, as in the original.
fn parse_id(text: &str) -> Result<Option<u32>> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(None);
    }
    match text.parse::<u32>() {
        Ok(id) if id <= i32::MAX as u32 => Ok(Some(id)),
        _ => Err(Fault::invalid("uids and gids must be in range 0-2147483647")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PASSWD: &str = "root:x:0:0:root:/root:/bin/sh\n# note\nweb:x:33:34:www:/var/www:/bin/false\nbroken\n";
    const GROUP: &str = "root:x:0:\nwww:x:34:\naudio:x:29:web,root\nextra:x:50:web\n";

    fn check(user: &str, extra: &[&str], expected: (u32, u32, &[u32], &str)) {
        let extra: Vec<String> = extra.iter().map(|&group| group.to_owned()).collect();
        let got = resolve(user, &extra, PASSWD, GROUP).unwrap();
        assert_eq!(
            (got.user.uid, got.user.gid, got.user.additional_gids.as_slice(), got.home.as_str()),
            expected,
            "{user}"
        );
    }

    #[test]
    fn users_are_names_or_numbers() {
        check("", &[], (0, 0, &[0, 29], "/root"));
        check("web", &[], (33, 34, &[34, 29, 50], "/var/www"));
        check("33", &[], (33, 34, &[34, 29, 50], "/var/www"));
        check("web:audio", &[], (33, 29, &[29], "/var/www"));
        check("1000:1000", &[], (1000, 1000, &[1000], "/"));
        check("1000", &["audio", "77", "29"], (1000, 0, &[0, 29, 77], "/"));
    }

    #[test]
    fn unknown_names_and_absurd_numbers_are_refused() {
        for user in ["nobody", "web:nogroup", "4294967296", "2147483648", "-5"] {
            assert_eq!(resolve(user, &[], PASSWD, GROUP).unwrap_err().kind(), fault::Kind::InvalidParameter, "{user}");
        }
        assert!(resolve("0", &["none".into()], "", "").is_err());
    }
}
