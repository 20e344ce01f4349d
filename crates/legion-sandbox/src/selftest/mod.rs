//! The self-test: whether a tier holds on this machine, shown by attempts inside of it and the same attempts outside.

mod diagnosis;
mod facts;
mod report;
mod round;
mod test;

pub use report::{Report, Row, TierReport, Verdict};
pub use test::{Extent, SelfTest};
