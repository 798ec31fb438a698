//! A small synchronous netlink socket and the link, address and route messages used here.

#![forbid(unsafe_code)]
