//! The use cases: the only place where images, networks and containers meet.

#![forbid(unsafe_code)]
