//! Encodes nftables transactions and sends them over netlink.

#![forbid(unsafe_code)]
