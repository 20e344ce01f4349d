//! What every store must show. One suite: a store calls [`crate::conformance_tests!`] in a test file of its own.

mod append;
mod fixture;
mod follow;
mod read;
mod snapshot;

pub use append::*;
pub use fixture::Fixture;
pub use follow::*;
pub use read::*;
pub use snapshot::*;
