//! The log in SQLite, on real files: one program, so that it is linked once.

mod backup;
mod common;
mod conformance;
mod deleted;
mod disk_full;
mod fencing;
mod kill;
mod open;
