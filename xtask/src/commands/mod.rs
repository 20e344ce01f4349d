//! The commands, one file each.

pub mod bench;
pub mod deny;
pub mod openapi;
pub mod prices;
pub mod setup;
pub mod soak;
pub mod test;
pub mod tidy;
