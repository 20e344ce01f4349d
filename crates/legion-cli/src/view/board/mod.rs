//! The board of a session: its tickets, what each of them is at, and what came of it. Folded from events, rendered without a clock.

mod activity;
mod attempt;
mod change;
mod end;
mod end_document;
mod fields;
mod fold;
mod frame;
mod from_wire;
mod glyphs;
mod group;
mod layout;
mod path;
mod reckoning;
mod row;
mod state;
mod ticket;
mod verdict;

#[cfg(test)]
mod samples;
#[cfg(test)]
mod tests;

pub(crate) use activity::activity;
pub(crate) use change::board_line;
pub(crate) use end::end_table;
pub(crate) use end_document::end_document;
pub(crate) use frame::board;
pub(crate) use glyphs::Glyphs;
pub(crate) use state::Board;
#[cfg(test)]
pub(crate) use state::Commit as BoardCommit;
pub(crate) use ticket::BoardTicket;
pub(crate) use verdict::BoardVerdict;
