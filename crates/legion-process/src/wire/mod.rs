//! What the service and the shim say to each other.

pub(crate) mod message;
pub(crate) mod spec;
