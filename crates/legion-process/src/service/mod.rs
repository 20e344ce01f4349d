//! The service's side of a shim.

mod connection;
pub(crate) mod handle;
pub(crate) mod socket_directory;
pub(crate) mod start;
pub(crate) mod task;
