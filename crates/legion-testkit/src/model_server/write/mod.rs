//! Answers in every dialect, as lists of parts to send, wait for, or break at.

mod anthropic;
mod breaking;
mod chat;
mod error;
mod message;
mod part;
mod responses;
mod responses_item;

pub(super) use error::{error_body, error_frame};
pub(super) use message::{Frame, message};
pub(super) use part::Part;
