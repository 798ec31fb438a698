//! Subnets of a new network, and which range, gateway and reserved addresses belong to each.

use api::network::IpamPool;
use std::collections::BTreeMap;
use std::net::IpAddr;

/// What the command line says.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// In CIDR form.
    pub subnets: Vec<String>,
    /// Parts of subnets for containers.
    pub ranges: Vec<String>,
    /// Addresses of the host.
    pub gateways: Vec<String>,
    /// Addresses that no container gets, by the name of who has them.
    pub auxiliary: BTreeMap<String, String>,
}

/// One pool for each subnet, in the order given.
pub fn pools(wanted: &Wanted) -> Result<Vec<IpamPool>, String> {
    if wanted.subnets.len() < wanted.ranges.len() || wanted.subnets.len() < wanted.gateways.len() {
        return Err("every ip-range or gateway must have a corresponding subnet".into());
    }
    let mut pools: Vec<IpamPool> = Vec::new();
    for subnet in &wanted.subnets {
        for known in &pools {
            if contains(subnet, &known.subnet)? || contains(&known.subnet, subnet)? {
                return Err("multiple overlapping subnet configuration is not supported".into());
            }
        }
        pools.push(IpamPool { subnet: subnet.clone(), ..IpamPool::default() });
    }
    for range in &wanted.ranges {
        let pool = find(&mut pools, range, "range")?;
        if !pool.ip_range.is_empty() {
            return Err(format!(
                "cannot configure multiple ranges ({range}, {}) on the same subnet ({})",
                pool.ip_range, pool.subnet
            ));
        }
        pool.ip_range = range.clone();
    }
    for gateway in &wanted.gateways {
        let pool = find(&mut pools, gateway, "gateway")?;
        if !pool.gateway.is_empty() {
            return Err(format!(
                "cannot configure multiple gateways ({gateway}, {}) for the same subnet ({})",
                pool.gateway, pool.subnet
            ));
        }
        pool.gateway = gateway.clone();
    }
    for (name, address) in &wanted.auxiliary {
        let pool = find(&mut pools, address, "aux-address")?;
        pool.auxiliary_addresses.insert(name.clone(), address.clone());
    }
    Ok(pools)
}

/// The pool that `address` lies in.
fn find<'a>(pools: &'a mut [IpamPool], address: &str, what: &str) -> Result<&'a mut IpamPool, String> {
    for pool in pools {
        if contains(&pool.subnet, address)? {
            return Ok(pool);
        }
    }
    Err(format!("no matching subnet for {what} {address}"))
}

/// Whether the subnet has the address, or the beginning of the other subnet.
fn contains(subnet: &str, other: &str) -> Result<bool, String> {
    let (base, length) = cidr(subnet).map_err(|why| format!("invalid subnet: {why}"))?;
    let address = match other.contains('/') {
        true => cidr(other)?.0,
        false => match other.parse() {
            Ok(address) => address,
            Err(_) => return Ok(false),
        },
    };
    Ok(match (base, address) {
        (IpAddr::V4(base), IpAddr::V4(address)) => {
            same_start(base.to_bits().into(), address.to_bits().into(), 32 - length)
        }
        (IpAddr::V6(base), IpAddr::V6(address)) => same_start(base.to_bits(), address.to_bits(), 128 - length),
        _ => false,
    })
}

/// Whether two addresses differ in their last `free` bits alone.
fn same_start(a: u128, b: u128, free: u32) -> bool {
    (a ^ b).checked_shr(free).unwrap_or(0) == 0
}

fn cidr(text: &str) -> Result<(IpAddr, u32), String> {
    let bad = || format!("invalid CIDR address: {text}");
    let (address, length) = text.split_once('/').ok_or_else(bad)?;
    let address: IpAddr = address.parse().map_err(|_| bad())?;
    let most = if address.is_ipv4() { 32 } else { 128 };
    let digits = length.bytes().all(|byte| byte.is_ascii_digit());
    let length = length.parse().ok().filter(|length| digits && *length <= most).ok_or_else(bad)?;
    Ok((address, length))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(
        subnets: &[&str],
        ranges: &[&str],
        gateways: &[&str],
        auxiliary: &[(&str, &str)],
    ) -> Result<Vec<IpamPool>, String> {
        let strings = |list: &[&str]| list.iter().map(|text| text.to_string()).collect();
        let auxiliary = auxiliary.iter().map(|(name, address)| (name.to_string(), address.to_string())).collect();
        pools(&Wanted { subnets: strings(subnets), ranges: strings(ranges), gateways: strings(gateways), auxiliary })
    }

    #[test]
    fn what_belongs_together_is_put_together() {
        let found = check(
            &["10.77.0.0/16", "fd00::/64", "0.0.0.0/32"],
            &["10.77.5.0/24"],
            &["fd00::1", "10.77.0.1"],
            &[("h", "10.77.5.9")],
        )
        .unwrap();
        assert_eq!((&*found[0].ip_range, &*found[0].gateway), ("10.77.5.0/24", "10.77.0.1"));
        assert_eq!(found[0].auxiliary_addresses["h"], "10.77.5.9");
        assert_eq!(found[1].gateway, "fd00::1");
    }

    #[test]
    fn refusals_are_dockers() {
        for (subnets, ranges, gateways, why) in [
            (&[][..], &[][..], &["1.2.3.4"][..], "every ip-range or gateway must have a corresponding subnet"),
            (&["10.79.0.0/16", "10.79.5.0/24"], &[], &[], "multiple overlapping subnet configuration is not supported"),
            (&["10.79.0.0/16"], &[], &["10.80.0.1"], "no matching subnet for gateway 10.80.0.1"),
            (&["10.79.0.0/16"], &[], &["x"], "no matching subnet for gateway x"),
            (&["10.79.0.0/16"], &["10.80.0.0/24"], &[], "no matching subnet for range 10.80.0.0/24"),
            (&["x", "y"], &[], &[], "invalid subnet: invalid CIDR address: y"),
            (
                &["10.79.0.0/16", "10.80.0.0/16"],
                &[],
                &["10.79.0.1", "10.79.0.2"],
                "cannot configure multiple gateways (10.79.0.2, 10.79.0.1) for the same subnet (10.79.0.0/16)",
            ),
        ] {
            assert_eq!(check(subnets, ranges, gateways, &[]).unwrap_err(), why);
        }
        let aux = check(&["10.79.0.0/16"], &[], &[], &[("h", "")]);
        assert_eq!(aux.unwrap_err(), "no matching subnet for aux-address ");
        assert!(check(&["10.0.0.0/33"], &[], &["10.0.0.1"], &[]).is_err());
        assert_eq!(check(&["x"], &[], &[], &[]).unwrap()[0].subnet, "x", "one subnet is for the daemon to judge");
    }
}
