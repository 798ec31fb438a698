//! The command line of the docker client.

#![forbid(unsafe_code)]
