//! Claude Code as a driver: glue between the contract and its wire messages.
use crate::driver::{Conversation, Driver, DriverError, Launch, Start};
use std::path::Path;
use uuid::Uuid;
pub struct ClaudeDriver;
impl Driver for ClaudeDriver {
    fn launch(&self, _start: &Start<'_>) -> Result<Launch, DriverError> {
        Err(DriverError::NoProgram { driver: "claude" })
    }
    fn conversation(&self, agent: Uuid, cwd: &Path, home: &Path) -> Box<dyn Conversation> {
        crate::command::CommandDriver.conversation(agent, cwd, home)
    }
    fn line_bytes_max(&self) -> usize {
        64 * 1024 * 1024
    }
}
