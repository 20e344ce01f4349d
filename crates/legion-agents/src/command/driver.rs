//! Started anew for each message, with the message on standard input; the exit code is the outcome.

use std::io;
use std::path::{Path, PathBuf};

use uuid::Uuid;

use crate::driver::{Conversation, Driver, DriverError, Launch, Start, common_environment};
use crate::{AgentEvent, driver};

/// Any program.
pub struct CommandDriver;

/// Lines are only kept for showing.
const LINE_BYTES_MAX: usize = 64 * 1024;

impl Driver for CommandDriver {
    fn launch(&self, start: &Start<'_>) -> Result<Launch, DriverError> {
        let mut words = start.spec.command.iter().flatten();
        let program = words.next().ok_or(DriverError::NoProgram { driver: "command" })?;
        Ok(Launch {
            program: program.clone(),
            args: words.cloned().collect(),
            env: common_environment(start),
            cwd: PathBuf::from(&start.spec.cwd),
            reads: Vec::new(),
            first_input: start.prompt.map(|(injection, text)| (injection, text.as_bytes().to_vec())),
            keep_stdin_open: false,
        })
    }

    fn conversation(&self, _agent: Uuid, _cwd: &Path, _config_home: &Path) -> Box<dyn Conversation> {
        Box::new(OneWay)
    }

    fn line_bytes_max(&self) -> usize {
        LINE_BYTES_MAX
    }
}

/// Nothing is understood of what it writes, and nothing reaches it after its start.
struct OneWay;

impl driver::Conversation for OneWay {
    fn stdout_line(&mut self, _line: &[u8]) -> Vec<AgentEvent> {
        Vec::new()
    }
    fn message(&self, _injection: Uuid, _text: &str, _steer: bool) -> Option<Vec<u8>> {
        None
    }
    fn interrupt(&self, _request: Uuid) -> Option<Vec<u8>> {
        None
    }
    fn probe(&self, _request: Uuid) -> Option<Vec<u8>> {
        None
    }
    fn allow(&self, _request: &str, _input: &str) -> Option<Vec<u8>> {
        None
    }
    fn deny(&self, _request: &str, _reason: &str) -> Option<Vec<u8>> {
        None
    }
    fn refuse(&self, _request: &str, _reason: &str) -> Option<Vec<u8>> {
        None
    }
    fn proof(&self, _injection: Uuid) -> Option<io::Result<bool>> {
        None
    }
    fn cost_continues(&self) -> bool {
        false
    }
}
