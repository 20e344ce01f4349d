//! Tickets: units of work in a graph, worked in isolated clones, verified on the merged tree, landed by a queue.
//!
//! The log holds facts about them like about agents. What follows from a fact (an attempt that begins because a worker is free,
//! a landing that begins because the queue moved) is decided in the same batch by the rules in `rules.rs`.

mod apply;
mod attempt;
mod board;
mod classify;
mod decide;
mod landing;
mod names;
mod place;
mod protect;
pub(crate) mod rules;
mod session;
mod spec;
mod team;
mod text;
mod ticket;
mod why;
mod work;

pub use attempt::{Attempt, AttemptEnd, AttemptSummary, Delay, Evidence, ProtectedChange, Review, Stage};
pub use board::{Board, Post, Rescue};
pub use classify::{ErrorClass, classify};
pub use landing::{Built, GateRun, GateVerdict, Item, Judgement, Landing};
pub use names::{SessionName, TicketId};
pub use place::{Place, PlaceKey};
pub use protect::{Protection, Touch};
pub use session::{ImportEnd, Overlap, Session, SessionPhase, SessionSettings};
pub use spec::{GateSpec, NewTicket, NoPolicy, OnUpstream, TicketChanges, TicketSpec, UpstreamPolicy};
pub use team::{Duty, Role, Team, builtin_roles, builtin_teams};
pub use text::{AssignmentTexts, Crew, assignment};
pub use ticket::{Phase, Status, Ticket, TicketOutcome};
pub use why::{Mover, Why, Whys, why};
pub use work::{JobId, Work, jobs};

pub(crate) use apply::{agent_used, apply};
pub(crate) use decide::decide;
