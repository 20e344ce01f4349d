//! How much of the machine each agent's tree takes, by whatever means this machine has: control groups of version 2, of
//! version 1, both, or none.

mod admission;
mod apply;
mod detect;
mod error;
mod group;
mod means;
mod mounts;
mod pressure;
mod usage;

pub use admission::{Admission, Footprint, Machine, Running, admit};
pub use detect::detect;
pub use error::ResourceError;
pub use group::Group;
pub use means::{Means, Resource, Resources};
pub use pressure::machine;
pub use usage::GroupUsage;
