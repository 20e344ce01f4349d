//! Plans: graphs of tickets, as people write them in TOML and programs send them as JSON. One set of types serves both.
//!
//! Reading says where a value of the wrong type stands (ticket and field). Whether a plan makes sense is not decided here.

mod read;
mod schema;
mod types;
mod upstream;
mod values;

pub use read::{PlanPlace, PlanReader};
pub use schema::plan_schema;
pub use types::{Plan, PlanDefaults, PlanSession, PlanTicket};
pub use upstream::PlanUpstream;
pub use values::{DurationText, PlanDuration, TextOrList, TicketKey};
