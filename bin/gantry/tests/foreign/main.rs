//! Other engines with gantry-runc in runc's place: each runs a container with limits, on a terminal, enters it, measures
//! it; and our engine with crun and runc in our runtime's place. Needs root, docker.io, containerd, Podman and crun.

mod containerd;
mod docker;
mod lab;
mod ours;
mod podman;
