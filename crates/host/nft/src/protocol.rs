//! Numbers of the protocol (`include/uapi/linux/netfilter/{nfnetlink,nf_tables}.h`).

/// The address family of all our tables: IPv4 and IPv6 at once.
pub const INET: u8 = 1;
/// IPv4, as `meta nfproto` says it.
pub const IPV4: u8 = 2;

const SUBSYSTEM: u16 = 10;
/// The subsystem's number in the messages around a transaction.
pub const RESOURCE: u16 = SUBSYSTEM;
pub const BATCH_BEGIN: u16 = 0x10;
pub const BATCH_END: u16 = 0x11;
pub const BATCH_GENERATION: u16 = 1;

const fn message(number: u16) -> u16 {
    SUBSYSTEM << 8 | number
}
pub const NEW_TABLE: u16 = message(0);
pub const DELETE_TABLE: u16 = message(2);
pub const NEW_CHAIN: u16 = message(3);
pub const GET_CHAIN: u16 = message(4);
pub const NEW_RULE: u16 = message(6);
pub const DELETE_RULE: u16 = message(8);
pub const NEW_SET: u16 = message(9);
pub const NEW_ELEMENT: u16 = message(12);
pub const DELETE_ELEMENT: u16 = message(14);
pub const NEW_GENERATION: u16 = message(15);
pub const GET_GENERATION: u16 = message(16);

/// In a list, every entry is an attribute of this type.
pub const LIST_ENTRY: u16 = 1;

pub mod table {
    pub const NAME: u16 = 1;
}
pub mod chain {
    pub const TABLE: u16 = 1;
    pub const NAME: u16 = 3;
    pub const HOOK: u16 = 4;
    pub const POLICY: u16 = 5;
    pub const TYPE: u16 = 7;
    pub const HOOK_NUMBER: u16 = 1;
    pub const HOOK_PRIORITY: u16 = 2;
}
pub mod rule {
    pub const TABLE: u16 = 1;
    pub const CHAIN: u16 = 2;
    pub const EXPRESSIONS: u16 = 4;
    pub const USERDATA: u16 = 7;
}
pub mod set {
    pub const TABLE: u16 = 1;
    pub const NAME: u16 = 2;
    pub const FLAGS: u16 = 3;
    pub const KEY_TYPE: u16 = 4;
    pub const KEY_LENGTH: u16 = 5;
    pub const DATA_TYPE: u16 = 6;
    pub const DATA_LENGTH: u16 = 7;
    pub const ID: u16 = 10;
    pub const IS_MAP: u32 = 0x8;
}
pub mod element {
    pub const TABLE: u16 = 1;
    pub const SET: u16 = 2;
    pub const LIST: u16 = 3;
    pub const KEY: u16 = 1;
    pub const DATA: u16 = 2;
}
pub mod data {
    pub const VALUE: u16 = 1;
    pub const VERDICT: u16 = 2;
    pub const VERDICT_CODE: u16 = 1;
    pub const VERDICT_CHAIN: u16 = 2;
}
pub mod generation {
    pub const ID: u16 = 1;
}
