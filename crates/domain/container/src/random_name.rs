//! Names for containers that were given none: an adjective and somebody who made computers or ships go.

const ADJECTIVES: [&str; 64] = [
    "able", "agile", "amber", "ample", "apt", "balmy", "bold", "brave", "bright", "brisk", "calm", "candid", "cheery",
    "clear", "clever", "cosy", "crisp", "deft", "eager", "early", "earnest", "easy", "fair", "fleet", "fond", "frank",
    "free", "fresh", "gentle", "glad", "grand", "happy", "hardy", "hearty", "honest", "jolly", "keen", "kind",
    "lively", "lucid", "lucky", "merry", "mild", "neat", "nimble", "noble", "patient", "placid", "plucky", "prompt",
    "proud", "quick", "quiet", "ready", "serene", "sharp", "sober", "steady", "sturdy", "sunny", "swift", "tidy",
    "warm", "witty",
];

const PEOPLE: [&str; 64] = [
    "ada",
    "allen",
    "antonelli",
    "babbage",
    "backus",
    "bartik",
    "bell",
    "borg",
    "brunel",
    "cerf",
    "church",
    "clarke",
    "codd",
    "columbus",
    "conway",
    "cook",
    "curie",
    "dahl",
    "darwin",
    "diffie",
    "dijkstra",
    "easley",
    "engelbart",
    "faraday",
    "feinler",
    "floyd",
    "goldberg",
    "hamilton",
    "harrison",
    "hellman",
    "hoare",
    "holberton",
    "hopper",
    "iverson",
    "johnson",
    "kay",
    "keller",
    "kernighan",
    "kilby",
    "knuth",
    "lamarr",
    "lamport",
    "liskov",
    "magellan",
    "mccarthy",
    "mclean",
    "milner",
    "naur",
    "noether",
    "nygaard",
    "perlman",
    "pike",
    "postel",
    "ritchie",
    "shannon",
    "sutherland",
    "tantlinger",
    "thompson",
    "turing",
    "wilkes",
    "wilson",
    "wirth",
    "zheng",
    "zuse",
];

/// A name made from random bits; `attempt` above 0 appends a digit, for when names have become scarce.
pub fn random_name(bits: u64, attempt: u32) -> String {
    let adjective = ADJECTIVES[(bits % 64) as usize];
    let person = PEOPLE[(bits / 64 % 64) as usize];
    match attempt {
        0 => format!("{adjective}_{person}"),
        _ => format!("{adjective}_{person}{}", bits / 4096 % 10u64.saturating_pow(attempt.min(9))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_differ_and_fit_the_pattern() {
        let names: std::collections::BTreeSet<String> = (0..4096).map(|bits| random_name(bits, 0)).collect();
        assert_eq!(names.len(), 4096);
        assert!(names.iter().all(|name| name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')));
        assert_ne!(random_name(5, 0), random_name(5, 1));
    }
}
