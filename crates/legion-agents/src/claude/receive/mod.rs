//! What Claude Code writes, one file per message.

pub(super) mod assistant;
pub(super) mod control_cancel_request;
pub(super) mod control_request;
pub(super) mod control_response;
mod field;
pub(super) mod result;
pub(super) mod system_api_retry;
pub(super) mod system_init;
pub(super) mod system_task;
pub(super) mod user;
