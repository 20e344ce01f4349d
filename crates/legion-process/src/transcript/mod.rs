//! The transcript: the one file through which everything that a process says reaches the service.

pub(crate) mod file;
pub(crate) mod frame;
pub(crate) mod lines;
pub(crate) mod reader;
pub(crate) mod tail;
