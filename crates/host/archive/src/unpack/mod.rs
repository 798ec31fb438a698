//! Turns the entries of a layer into files below a root that may be hostile itself.
//!
//! Names go to the kernel one component at a time: the parent is a descriptor, resolved inside the root, and the last
//! component is created exclusively or not followed. Whiteouts of the image format become those of overlayfs
//! (Documentation/filesystems/overlayfs.rst, "whiteouts and opaque directories").

mod error;
mod metadata;
mod name;
mod parents;
mod unpacker;

pub use error::UnpackError;
pub(crate) use metadata::is_for_layers;
pub(crate) use name::split;
pub use unpacker::{Contents, Into, Unpacker};

#[cfg(test)]
mod attack_test;
#[cfg(test)]
mod unpacker_test;
