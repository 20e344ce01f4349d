//! Requests of every dialect in one form, so that scripts and records need to know only that.

mod chat;
mod conversation;
mod responses;
mod tools;

pub(super) use conversation::{Conversation, conversation};
pub(super) use tools::{Style, Tool, find};
