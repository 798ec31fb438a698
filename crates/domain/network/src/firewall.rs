//! What our nftables table holds.
//!
//! ```text
//! packet arrives ─► guard: 127.0.0.0/8 on a wire? drop
//!                ─► incoming ┐ to an address of this host?   ┌ published      (proto . ip . port → ip . port)
//! host sends ────► local ────┴─► publish: look up ───────────┴ published_any  (proto . port → ip . port)
//!                ─► forward: to the bridge? ─► to_containers: answers, published ports, neighbours; else drop
//!                ─► outgoing: from containers to elsewhere, and what containers must answer to the bridge: masquerade
//! ```
//!
//! The base chains accept what is not ours to judge: nothing here opens what another table closes, or touches traffic
//! that has nothing to do with our bridge.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use fault::{Result, Step};
use ipnet::Ipv4Net;
use nft::{Base, Batch, Chain, Element, Field, Hook, Kind, Map, Nft, Policy, Rule, Type, Value, state, status};

use crate::endpoint::{Protocol, PublishedPort};

const BY_ADDRESS: &str = "published";
const ANY_ADDRESS: &str = "published_any";
const TARGET: [Type; 2] = [Type::Ipv4, Type::Port];
const MAPS: [Map<'_>; 2] = [
    Map { name: BY_ADDRESS, key: &[Type::Protocol, Type::Ipv4, Type::Port], data: &TARGET },
    Map { name: ANY_ADDRESS, key: &[Type::Protocol, Type::Port], data: &TARGET },
];

const GUARD: &str = "guard";
const INCOMING: &str = "incoming";
const LOCAL: &str = "local";
const PUBLISH: &str = "publish";
const OUTGOING: &str = "outgoing";
const FORWARD: &str = "forwarding";
const TO_CONTAINERS: &str = "to_containers";

const fn base(kind: Kind, hook: Hook, priority: i32) -> Option<Base> {
    Some(Base { kind, hook, priority, policy: Policy::Accept })
}

/// Chains that others jump to come first. Priorities are the usual ones: raw, dstnat, filter, srcnat.
const CHAINS: [Chain<'_>; 7] = [
    Chain { name: PUBLISH, base: None },
    Chain { name: TO_CONTAINERS, base: None },
    Chain { name: GUARD, base: base(Kind::Filter, Hook::Prerouting, -300) },
    Chain { name: INCOMING, base: base(Kind::Nat, Hook::Prerouting, -100) },
    Chain { name: LOCAL, base: base(Kind::Nat, Hook::Output, -100) },
    Chain { name: FORWARD, base: base(Kind::Filter, Hook::Forward, 0) },
    Chain { name: OUTGOING, base: base(Kind::Nat, Hook::Postrouting, 100) },
];

/// What the rules are about.
#[derive(Clone, Debug)]
pub struct Scope {
    /// Our table's name.
    pub table: String,
    /// The bridge's name.
    pub bridge: String,
    /// The network on the bridge.
    pub subnet: Ipv4Net,
    /// Whether containers on the bridge reach one another.
    pub icc: bool,
}

/// Where a published port leads.
type Target = (Ipv4Addr, u16);
/// What is published: host's address, protocol, host's port.
type Key = (Ipv4Addr, Protocol, u16);

/// Whether the kernel has nftables, and lets us use them.
pub fn has_nftables() -> bool {
    Nft::open().is_ok_and(|mut kernel| kernel.dropping(Hook::Forward).is_ok())
}

/// Chains of this host's tables that drop forwarded packets by default: `table chain`. Ours accept.
pub fn foreign_drops() -> Vec<String> {
    let chains = Nft::open().and_then(|mut kernel| kernel.dropping(Hook::Forward)).unwrap_or_default();
    chains.into_iter().map(|(table, chain)| format!("{table} {chain}")).collect()
}

/// Our table: what it is to hold, and the way to make it so.
#[derive(Debug)]
pub struct Firewall {
    scope: Scope,
    port: u32,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    kernel: Nft,
    published: BTreeMap<Key, Target>,
}

impl State {
    fn forget(&mut self, ports: &[PublishedPort]) {
        for port in ports {
            self.published.remove(&key(port));
        }
    }
}

impl Firewall {
    /// Makes the table, or brings an existing one up to date without disturbing the ports in it: their containers have
    /// outlived the last daemon, and are adopted next.
    pub fn open(scope: Scope) -> Result<Self> {
        let kernel = Nft::open().step("open the firewall")?;
        let port = kernel.port();
        let firewall = Self { scope, port, state: Mutex::new(State { kernel, published: BTreeMap::new() }) };
        if let Err(error) = firewall.update() {
            tracing::info!(table = firewall.scope.table, %error, "the firewall's table is of another kind, replacing it");
            firewall.replace()?;
        }
        firewall.warn_of_others();
        Ok(firewall)
    }

    /// Ours is not the only table, and what another one drops stays dropped: we do not touch those.
    fn warn_of_others(&self) {
        for (table, chain) in self.lock().kernel.dropping(Hook::Forward).unwrap_or_default() {
            let bridge = &self.scope.bridge;
            tracing::warn!(
                "chain {chain} of the host's table {table} drops forwarded packets by default: containers reach nothing \
                 outside, and are not reached, unless it lets packets from and to {bridge} pass"
            );
        }
    }

    /// The table's name.
    pub fn table(&self) -> &str {
        &self.scope.table
    }

    /// The port of our netlink socket: changes with this sender are ours.
    pub fn port(&self) -> u32 {
        self.port
    }

    /// Makes ports of the host lead to a container.
    pub fn publish(&self, ports: &[PublishedPort], container: Ipv4Addr) -> Result<()> {
        if ports.is_empty() {
            return Ok(());
        }
        let mut state = self.lock();
        state.published.extend(ports.iter().map(|port| entry(port, container)));
        let mut batch = Batch::new(&self.scope.table);
        for (map, elements) in elements(ports.iter().map(|port| entry(port, container))) {
            batch.add_elements(map, &elements);
        }
        // Where that fails the table is not what it should be: flushed a moment ago, or with a dead container's ports.
        if state.kernel.commit(batch).is_ok() {
            return Ok(());
        }
        let replaced = self.replace_locked(&mut state);
        if replaced.is_err() {
            state.forget(ports);
        }
        replaced.step("publish ports")
    }

    /// Ends what [`Firewall::publish`] began.
    pub fn unpublish(&self, ports: &[PublishedPort], container: Ipv4Addr) -> Result<()> {
        if ports.is_empty() {
            return Ok(());
        }
        let mut state = self.lock();
        let mut batch = Batch::new(&self.scope.table);
        for (map, elements) in elements(ports.iter().map(|port| entry(port, container))) {
            batch.delete_elements(map, &elements);
        }
        state.forget(ports);
        if state.kernel.commit(batch).is_ok() {
            return Ok(());
        }
        self.replace_locked(&mut state).step("withdraw ports")
    }

    /// Puts a new table in the place of whatever is there, in one transaction.
    pub fn replace(&self) -> Result<()> {
        self.replace_locked(&mut self.lock()).step("replace the firewall's table")
    }

    /// Removes the table.
    pub fn remove(&self) -> Result<()> {
        let mut batch = Batch::new(&self.scope.table);
        batch.add_table();
        batch.delete_table();
        self.lock().kernel.commit(batch).step("remove the firewall's table")
    }

    /// Brings chains and rules up to date and leaves the elements.
    fn update(&self) -> Result<(), nft::Error> {
        let mut batch = Batch::new(&self.scope.table);
        batch.add_table();
        self.add_structure(&mut batch);
        self.lock().kernel.commit(batch)
    }

    fn replace_locked(&self, state: &mut State) -> Result<(), nft::Error> {
        let mut batch = Batch::new(&self.scope.table);
        batch.add_table(); // so that there is one to remove
        batch.delete_table();
        batch.add_table();
        self.add_structure(&mut batch);
        for (map, elements) in elements(state.published.iter().map(|(key, target)| (*key, *target))) {
            batch.add_elements(map, &elements);
        }
        state.kernel.commit(batch)
    }

    fn add_structure(&self, batch: &mut Batch<'_>) {
        MAPS.iter().for_each(|map| batch.add_map(map));
        CHAINS.iter().for_each(|chain| batch.add_chain(chain));
        CHAINS.iter().for_each(|chain| batch.flush_chain(chain.name));
        rules(&self.scope).iter().for_each(|rule| batch.add_rule(rule));
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn key(port: &PublishedPort) -> Key {
    (port.host_ip, port.proto, port.host_port)
}

fn entry(port: &PublishedPort, container: Ipv4Addr) -> (Key, Target) {
    (key(port), (container, port.container_port))
}

/// The elements for each of the two maps.
fn elements(entries: impl Iterator<Item = (Key, Target)>) -> [(&'static str, Vec<Element>); 2] {
    let (any, by_address): (Vec<_>, Vec<_>) = entries.partition(|((ip, _, _), _)| ip.is_unspecified());
    [
        (BY_ADDRESS, by_address.into_iter().map(|entry| element(entry, true)).collect()),
        (ANY_ADDRESS, any.into_iter().map(|entry| element(entry, false)).collect()),
    ]
}

fn element(((ip, proto, port), (container, container_port)): (Key, Target), with_address: bool) -> Element {
    let address = with_address.then_some(Value::Ipv4(ip));
    let key = [Some(Value::Protocol(proto.number())), address, Some(Value::Port(port))];
    Element {
        key: key.into_iter().flatten().collect(),
        data: vec![Value::Ipv4(container), Value::Port(container_port)],
    }
}

fn rules(scope: &Scope) -> Vec<Rule> {
    [guard_rules(), publish_rules(), forward_rules(scope), outgoing_rules(scope)].concat()
}

/// 127.0.0.0/8 has no business on a wire, neither as destination nor as source (RFC 1122, 3.2.1.3). The kernel would see
/// to it, but for two things that we do: `route_localnet` on the bridge, and the translation of published ports, which
/// comes before its check.
fn guard_rules() -> Vec<Rule> {
    let loopback = Ipv4Addr::new(127, 0, 0, 0);
    let from_wire = || Rule::new(GUARD).input_is_not("lo").ipv4();
    vec![from_wire().destination_in(loopback, 8).drop(), from_wire().source_in(loopback, 8).drop()]
}

fn publish_rules() -> Vec<Rule> {
    let by_address = [Field::Protocol, Field::Destination, Field::DestinationPort];
    let any_address = [Field::Protocol, Field::DestinationPort];
    vec![
        Rule::new(INCOMING).destination_local().jump(PUBLISH),
        Rule::new(LOCAL).destination_local().jump(PUBLISH),
        Rule::new(PUBLISH).ipv4().destination_nat_by(BY_ADDRESS, &by_address),
        Rule::new(PUBLISH).ipv4().destination_nat_by(ANY_ADDRESS, &any_address),
    ]
}

/// What reaches containers. A neighbour of the host that has a route to the subnet gets no further than one without.
fn forward_rules(scope: &Scope) -> Vec<Rule> {
    let rule = || Rule::new(TO_CONTAINERS);
    let icc = scope.icc.then(|| rule().input_is(&scope.bridge).accept());
    let mut rules = vec![
        Rule::new(FORWARD).output_is(&scope.bridge).jump(TO_CONTAINERS),
        rule().state(state::ESTABLISHED | state::RELATED).accept(),
        rule().status(status::DESTINATION_TRANSLATED).accept(),
    ];
    rules.extend(icc);
    rules.push(rule().count().drop());
    rules
}

/// Who gets the bridge's or the host's address: what leaves the subnet; what comes from 127.0.0.1, which a container could
/// not answer; what comes from a container by way of a published port, whose answer would else go past the translation.
fn outgoing_rules(scope: &Scope) -> Vec<Rule> {
    let (subnet, prefix_len) = (scope.subnet.network(), scope.subnet.prefix_len());
    let rule = || Rule::new(OUTGOING).ipv4();
    vec![
        rule().source_in(subnet, prefix_len).output_is_not(&scope.bridge).masquerade(),
        rule().source_in(Ipv4Addr::new(127, 0, 0, 0), 8).output_is(&scope.bridge).masquerade(),
        rule()
            .source_in(subnet, prefix_len)
            .output_is(&scope.bridge)
            .status(status::DESTINATION_TRANSLATED)
            .masquerade(),
    ]
}
