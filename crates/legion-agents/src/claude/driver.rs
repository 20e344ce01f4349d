//! Claude Code as a driver.

use std::path::{Path, PathBuf};

use uuid::Uuid;

use super::conversation::ClaudeConversation;
use super::decoder::LINE_BYTES_MAX;
use super::{arguments, environment, instructions, send};
use crate::driver::{Conversation, Driver, DriverError, Launch, Start};

/// Claude Code over stream-json. An agent's id is the id of its session.
pub struct ClaudeDriver;

impl Driver for ClaudeDriver {
    fn launch(&self, start: &Start<'_>) -> Result<Launch, DriverError> {
        // A command given at hire replaces the program, and may begin its arguments.
        let mut words: Vec<String> = start.spec.command.iter().flatten().cloned().collect();
        if words.is_empty() {
            let program = start.program.ok_or(DriverError::NoProgram { driver: "claude" })?;
            words.push(program.to_string_lossy().into_owned());
        }
        let program = words.remove(0);
        let mut args = words;
        args.extend(arguments(start)?);
        Ok(Launch {
            program,
            args,
            env: environment(start),
            cwd: PathBuf::from(&start.spec.cwd),
            reads: instructions::files(start),
            first_input: start.prompt.map(|(injection, text)| (injection, send::user_message(injection, text, None))),
            keep_stdin_open: true,
        })
    }

    fn conversation(&self, agent: Uuid, cwd: &Path, config_dir: &Path) -> Box<dyn Conversation> {
        Box::new(ClaudeConversation::new(agent, cwd, config_dir))
    }

    fn line_bytes_max(&self) -> usize {
        LINE_BYTES_MAX
    }
}
