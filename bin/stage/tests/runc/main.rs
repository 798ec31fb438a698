//! The face of the OCI runtime as engines see it: command lines, exit codes, messages, what is left. Needs root.

mod apparmor;
mod attacks;
mod checkpoint;
mod enter;
mod host_systemd;
mod kill;
mod lab;
mod life;
mod notify;
mod oracle;
mod refusals;
mod rootless;
mod seal;
mod streams;
mod systemd;
