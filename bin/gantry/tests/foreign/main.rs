//! Other engines with gantry-runc in runc's place: each runs a container with limits, on a terminal, enters it, measures
//! it. Needs root, docker.io, containerd and Podman.

mod containerd;
mod docker;
mod lab;
mod podman;
