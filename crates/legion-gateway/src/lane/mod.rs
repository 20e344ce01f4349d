//! A call's way: route → reserve → send → peek → stream → settle.

mod asked;
mod attempt;
mod border;
mod flow;
mod headers;
mod held;
mod machine;
mod outcome;
mod parts;
mod ping;
mod refusal;
mod rename;
mod settlement;
mod trace;
mod upstreams;
mod way;

pub(crate) use asked::Asked;
pub(crate) use attempt::prepare;
pub(crate) use flow::Flights;
pub(crate) use headers::answer_headers;
pub(crate) use machine::run;
pub use outcome::Outcome;
pub(crate) use refusal::{Refusal, refuse};
pub(crate) use upstreams::Upstreams;
