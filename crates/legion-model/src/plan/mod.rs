//! Plans: graphs of tickets as they come in, and what is wrong with them.
//!
//! [`check`] reports every problem at once, each in a sentence that names its ticket. What passes is a [`CheckedPlan`]: defaults
//! are merged in, references are places in a list, the order is known.

pub mod bounds;
mod check;
mod checked;
mod merge;
mod nearest;
mod overlap;
mod phrase;
mod problem;
mod ref_name;
mod session;
mod size;
mod spec;
mod ticket;
mod warnings;
mod words;

pub use check::{Known, check};
pub use checked::{CheckedPlan, CheckedTicket};
pub use nearest::nearest;
pub use overlap::OverlapPair;
pub use problem::{PlanProblem, PlanWarning, ProblemKind, WarningKind};
pub use ref_name::{RefNameFault, check_branch_name, check_part, check_revision};
pub use spec::{PlanSpec, SessionSpec, TicketFields, TicketSpec, UpstreamSpec};
