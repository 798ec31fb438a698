//! Containers: record, rules, life cycle, specification.

#![forbid(unsafe_code)]
