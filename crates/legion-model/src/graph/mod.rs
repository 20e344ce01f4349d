//! Graphs of things that wait for each other: their order, their circles, and how long they take with a number of workers.
//!
//! Nodes are places in a list; `upstream[i]` holds the nodes that `i` waits for.

mod ancestors;
mod circle;
mod dag;
mod schedule;

pub use ancestors::Ancestors;
pub use circle::circles;
pub use dag::Graph;
pub use schedule::{CriticalPath, Priority, Schedule};
