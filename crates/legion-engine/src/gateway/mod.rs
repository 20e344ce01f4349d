//! What the gateway knows of the rest: who calls, what is set, what may be spent. And the keeper of its stream.
//!
//! The facts are the service's own, so they lie in one stream for all projects; there is no run or process to reconcile, and so its
//! keeper is small.

mod address;
mod books;
mod books_task;
mod cache_watch;
mod caller;
mod credential;
mod directory;
mod face;
mod key_use;
mod metering;
mod pending;
mod settings;
mod spending;

pub use directory::GatewayDirectory;
pub use spending::{Spending, Spent, SpentBy};

pub(crate) use address::GatewayAddress;
pub(crate) use books::Books;
pub(crate) use metering::{Metering, keep_settled};
