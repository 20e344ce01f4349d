//! What only Linux has. Another system needs the same names with its own means.

pub mod attempt;
pub(crate) mod cgroup;
pub mod mapped_mount;
pub mod peer;
pub(crate) mod proc;
pub mod replace;
pub(crate) mod spawn;
pub(crate) mod sweep;
pub(crate) mod trees;
pub(crate) mod usage;
