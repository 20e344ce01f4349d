//! The environments in which tests run agent programs: built from nothing, and with no way out.

mod claude;
mod codex;
mod common;
mod opencode;

pub use claude::agent_env;
pub use codex::codex_env;
pub use opencode::opencode_env;
