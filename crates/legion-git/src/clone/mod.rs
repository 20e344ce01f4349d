//! The clone of a ticket's attempt: made by us, the agent's from then on, and never again a repository to us.

mod besides;
mod clear_locks;
pub(crate) mod collect;
pub(crate) mod copy_ignored;
mod copy_out;
pub(crate) mod fetch_updates;
pub(crate) mod head;
pub(crate) mod nested;
pub(crate) mod note;
pub(crate) mod objects;
pub(crate) mod place;
pub(crate) mod prepare;
pub(crate) mod remove;
pub(crate) mod rescue;
pub(crate) mod snapshot;
pub(crate) mod unfinished;
