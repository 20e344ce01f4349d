//! The log in SQLite, on one writer thread.
//!
//! Appends that wait together are committed together; readers have connections of their own; nothing is answered
//! before it is on the disk. Nothing outside this crate knows SQL.

#![forbid(unsafe_code)]

mod append;
mod backup;
mod error;
mod files;
mod group;
mod log;
mod page;
mod readers;
mod schema;
mod shared;
mod snapshot;
mod writer;

pub use backup::{BackupReport, Existing};
pub use error::{BackupError, OpenError};
pub use log::SqliteLog;
pub use schema::SCHEMA_VERSION;
