//! Reconcilers: they look at the state and at the world, take no event, and name the steps that close the gap.
//!
//! After a crash the same functions go on where the log ends: recovery is not a second code path.

mod deadlines;
mod deliveries;
mod liveness;
mod plan;
mod processes;
mod tickets;

pub use plan::reconcile;

use plan::Plan;
