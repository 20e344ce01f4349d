//! Tickets, the engine's side: the work that the model asks for, done in `control.git`, in clones and in the gates' directory; and what
//! faces ask for.
//!
//! What a piece of work needs is taken from the state when it begins. Each can be done again at any time.

mod assignment;
mod build;
mod collect;
mod command;
mod configuration;
mod face;
mod failure;
mod gate;
mod ground;
mod hand;
mod include;
mod move_target;
mod names;
mod order;
mod prepare;
mod prepare_review;
mod put_back;
mod remove;
mod rescue;
mod setup;
mod site;
mod startup;
mod strays;

pub use face::{Added, DiffFile, DiffOf, Garbage, Repository, SessionAsk, TicketDiff};
pub(crate) use ground::Grounds;
pub(crate) use hand::{Job, begin};
pub(crate) use order::WorkOrder;
