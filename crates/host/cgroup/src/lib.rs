//! Control groups, version 1 and 2.

#![forbid(unsafe_code)]
