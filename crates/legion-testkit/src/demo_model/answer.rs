//! Which agent of the demo asks.

use super::turn::Turn;
use super::{leader, manager, ticket, worker};
use crate::model_server::{ModelRequest, Step};

/// Returns the answer to an agent of the demo, and none to anybody else.
pub fn answer(request: &ModelRequest) -> Option<Step> {
    let turn = Turn::of(request)?;
    let task = turn.task();
    // The leader's task quotes the manager's, and that one the worker's.
    if task.starts_with("You lead the work") {
        Some(leader::answer(&turn))
    } else if task.starts_with("You are a manager") {
        Some(manager::answer(&turn))
    } else if task.starts_with("Write lib/") {
        worker::answer(&turn)
    } else if task.starts_with("## Ticket ") {
        ticket::answer(&turn)
    } else {
        None
    }
}
