//! Writes and reads a container's log files.

#![forbid(unsafe_code)]
