//! The helper: the program that stands between the shim and an agent program, prepares the tier and then becomes the
//! program. It has one thread and keeps nothing open.

pub(crate) mod account;
mod apply;
mod covers;
mod error;
mod filter;
pub(crate) mod identity;
mod inside;
mod landlock;
mod limits;
pub(crate) mod main;
mod outside;
pub(crate) mod relay;
mod said;
mod set_id;
mod stage;

pub use error::{EXIT_NOT_CONFINED, EXIT_NOT_EXECUTABLE, EXIT_NOT_FOUND};
pub use said::why_not_held;
