//! What limits mean in properties of a unit: systemd.resource-control(5). systemd writes what it was told, and nothing
//! else, into the files of the unit's control group whenever its configuration is read anew; so it must know of each
//! limit that it has a property for. All others stay in the files alone.

use super::wire::Value;
use crate::devices::Rule;
use crate::setting::Setting;

/// No limit.
const INFINITY: u64 = u64::MAX;

/// The properties of settings that have one. `release`: of systemd.
pub(super) fn of_settings(settings: &[Setting], release: u32) -> Vec<(String, Value)> {
    let value = |file: &str| settings.iter().find(|setting| setting.file == file).map(|setting| setting.value.as_str());
    let mut all = Vec::new();
    let mut add = |name: &str, value: Option<Value>| all.extend(value.map(|value| (name.to_owned(), value)));
    for (file, name) in [
        ("memory.max", "MemoryMax"),
        ("memory.high", "MemoryHigh"),
        ("memory.low", "MemoryLow"),
        ("memory.min", "MemoryMin"),
        ("memory.swap.max", "MemorySwapMax"),
        ("memory.limit_in_bytes", "MemoryLimit"),
        ("cpu.weight", "CPUWeight"),
        ("cpu.shares", "CPUShares"),
        ("io.weight", "IOWeight"),
        ("blkio.weight", "BlockIOWeight"),
    ] {
        add(name, value(file).and_then(number).map(Value::U64));
    }
    // At first there is the placeholder, too.
    add("TasksMax", value("pids.max").and_then(number).map(|count| Value::U64(count.max(2))));
    let v1 = value("cpu.cfs_quota_us").map(|quota| (quota, value("cpu.cfs_period_us")));
    let quota =
        value("cpu.max").map(|text| text.split_once(' ').map_or((text, None), |(quota, rest)| (quota, Some(rest))));
    if let Some((quota, period)) = quota.or(v1) {
        let period = period.and_then(|period| period.parse().ok()).unwrap_or(100_000);
        add("CPUQuotaPerSecUSec", number(quota).map(|quota| Value::U64(per_second(quota, period))));
        add("CPUQuotaPeriodUSec", (release >= 242).then_some(Value::U64(period)));
    }
    if release >= 244 {
        add("AllowedCPUs", value("cpuset.cpus").and_then(mask).map(Value::Bytes));
        add("AllowedMemoryNodes", value("cpuset.mems").and_then(mask).map(Value::Bytes));
    }
    all
}

/// A number, as the files have it: `max` and what is below zero are no limit.
fn number(text: &str) -> Option<u64> {
    match text.trim() {
        "max" => Some(INFINITY),
        text if text.starts_with('-') => Some(INFINITY),
        text => text.parse().ok(),
    }
}

/// Microseconds of processor time in each second, in steps of a hundredth, which is what systemd keeps: rounded up, as
/// less than was asked for would be worse.
fn per_second(quota: u64, period: u64) -> u64 {
    if quota == INFINITY {
        return INFINITY;
    }
    let exact = u128::from(quota) * 1_000_000 / u128::from(period.max(1));
    u64::try_from(exact).unwrap_or(INFINITY - 1).checked_next_multiple_of(10_000).unwrap_or(INFINITY)
}

/// A list as `0-3,5` as a mask of bits, the lowest first.
fn mask(list: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    for part in list.trim().split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last) = (first.trim().parse::<usize>().ok()?, last.trim().parse::<usize>().ok()?);
        if first > last || last > 1 << 16 {
            return None;
        }
        bytes.resize(bytes.len().max(last / 8 + 1), 0);
        (first..=last).for_each(|bit| bytes[bit / 8] |= 1 << (bit % 8));
    }
    Some(bytes)
}

/// The devices that a unit may use. Nothing where all are allowed, or where a rule forbids some of them after allowing
/// more: systemd can only be told what is allowed, and is then told of no restriction.
pub(super) fn of_devices(rules: &[Rule], groups: &str) -> Vec<(String, Value)> {
    let Some((first, rest)) = rules.split_first() else { return Vec::new() };
    if first.allow || !first.is_everything() || !rest.iter().all(|rule| rule.allow) {
        return Vec::new();
    }
    let allowed = rest.iter().filter(|rule| rule.access.chars().any(|letter| "rwm".contains(letter)));
    let pairs = allowed.flat_map(|rule| names(rule, groups).into_iter().map(|name| (name, rule.access.clone())));
    vec![("DevicePolicy".to_owned(), Value::text("strict")), ("DeviceAllow".to_owned(), Value::Pairs(pairs.collect()))]
}

/// A rule's devices by systemd's names: a node, or a group of those with one major number by the name that
/// /proc/devices has for it.
fn names(rule: &Rule, groups: &str) -> Vec<String> {
    let kinds: &[(&str, &str)] = match rule.kind {
        'c' => &[("char", "Character devices:")],
        'b' => &[("block", "Block devices:")],
        _ => &[("char", "Character devices:"), ("block", "Block devices:")],
    };
    let of_kind = |&(kind, title): &(&str, &str)| match (rule.major, rule.minor) {
        (None, _) => vec![format!("{kind}-*")],
        (Some(major), Some(minor)) => vec![format!("/dev/{kind}/{major}:{minor}")],
        (Some(major), None) => group(groups, title, major).map(|name| format!("{kind}-{name}")).into_iter().collect(),
    };
    kinds.iter().flat_map(of_kind).collect()
}

fn group<'a>(groups: &'a str, title: &str, major: u32) -> Option<&'a str> {
    let lines = groups.lines().skip_while(|line| *line != title).skip(1).take_while(|line| !line.is_empty());
    lines
        .filter_map(|line| line.trim().split_once(' '))
        .find(|(number, _)| number.parse() == Ok(major))
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use oci::runtime::{Cpu, DeviceRule, Memory, Resources};

    use super::*;
    use crate::{devices, v1, v2};

    fn resources() -> Resources {
        let memory = Memory { limit: Some(1 << 26), swap: Some(-1), ..Memory::default() };
        let cpu = Cpu { quota: Some(33_333), shares: Some(1024), cpus: Some("0-1,9".into()), ..Cpu::default() };
        let pids = Some(oci::runtime::Pids { limit: Some(10) });
        Resources { memory: Some(memory), cpu: Some(cpu), pids, ..Resources::default() }
    }

    fn named(properties: Vec<(String, Value)>) -> String {
        properties.into_iter().map(|(name, value)| format!("{name}={value:?} ")).collect()
    }

    #[test]
    fn limits_of_both_versions_have_their_properties() {
        let of = |settings: Vec<Setting>, release| named(of_settings(&settings, release));
        let infinity = u64::MAX;
        assert_eq!(
            of(v2::settings(&resources()).unwrap(), 252),
            format!(
                "MemoryMax=U64(67108864) MemorySwapMax=U64({infinity}) CPUWeight=U64(39) TasksMax=U64(10) \
                 CPUQuotaPerSecUSec=U64(340000) CPUQuotaPeriodUSec=U64(100000) AllowedCPUs=Bytes([3, 2]) "
            )
        );
        assert_eq!(
            of(v1::settings(&resources()).unwrap(), 239),
            "MemoryLimit=U64(67108864) CPUShares=U64(1024) TasksMax=U64(10) CPUQuotaPerSecUSec=U64(340000) "
        );
    }

    #[test]
    fn quotas_are_rounded_up_and_lists_are_masks() {
        assert_eq!(per_second(100_000, 100_000), 1_000_000);
        assert_eq!(per_second(1000, 1_000_000), 10_000);
        assert_eq!((per_second(INFINITY, 100_000), per_second(1, 0)), (INFINITY, 1_000_000));
        assert_eq!((mask("8"), mask("1,0")), (Some(vec![0, 1]), Some(vec![3])));
        assert_eq!((mask("x"), mask("3-1"), mask(""), mask("0-99999999999")), (None, None, None, None));
    }

    #[test]
    fn devices_are_told_where_a_list_of_the_allowed_says_it_all() {
        let groups = "Character devices:\n  1 mem\n136 pts\n\nBlock devices:\n  8 sd\n";
        let rule = |allow, kind: &str, numbers: (i64, i64), access: &str| DeviceRule {
            allow,
            kind: Some(kind.into()),
            major: Some(numbers.0),
            minor: Some(numbers.1),
            access: Some(access.into()),
        };
        let of = |devices| {
            let rules = devices::rules(&Resources { devices, ..Resources::default() }).unwrap();
            named(of_devices(&rules, groups))
        };
        let none = rule(false, "a", (-1, -1), "rwm");
        let told = of(vec![none.clone(), rule(true, "b", (8, -1), "r"), rule(true, "c", (10, 229), "rw")]);
        for pair in [
            r#"DevicePolicy=Text("strict")"#,
            r#"("block-sd", "r")"#,
            r#"("/dev/char/10:229", "rw")"#,
            r#"("char-pts", "rwm")"#,
            r#"("char-*", "m")"#,
            r#"("/dev/char/1:3", "rwm")"#,
        ] {
            assert!(told.contains(pair), "{pair}: {told}");
        }
        assert_eq!(of(vec![none.clone(), rule(true, "a", (-1, -1), "rwm")]), "");
        assert_eq!(of(vec![rule(false, "c", (1, 3), "rwm")]), "");
        assert_eq!(of(vec![none, rule(true, "b", (8, -1), "rwm"), rule(false, "b", (8, 1), "rwm")]), "");
    }
}
