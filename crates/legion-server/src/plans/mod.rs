//! Plans and single tickets on their way in: read, checked, and resolved into what the model takes.

mod checked;
mod faults;
mod overlap;
mod read;
mod resolve;

pub(crate) use checked::checked;
pub(crate) use faults::{problem, refused_plan, refused_ticket};
pub(crate) use overlap::overlaps;
pub(crate) use read::{Read, one, plan, words};
pub(crate) use resolve::{Ground, gates, ground, new_tickets, settings};
