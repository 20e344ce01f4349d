//! Test support: the scripted model server, pinned agent programs, directories, and waiting for states.
#![forbid(unsafe_code)]

mod agent_env;
pub mod demo_model;
pub mod model_server;
pub mod npm;
mod test_dir;
mod until;

pub use agent_env::{agent_env, codex_env, opencode_env};
pub use model_server::ModelServer;
pub use test_dir::TestDir;
pub use until::until;
