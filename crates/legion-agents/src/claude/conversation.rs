//! Both directions of one process.

use std::io;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};
use uuid::Uuid;

use super::decoder::Decoder;
use super::send::{self, Priority};
use super::session_file::{seen_in_session, session_file};
use crate::AgentEvent;
use crate::driver::Conversation;

/// One process of Claude Code, from its first line on.
#[derive(Debug)]
pub struct ClaudeConversation {
    decoder: Decoder,
    session: Uuid,
    cwd: PathBuf,
    config_dir: PathBuf,
}

impl ClaudeConversation {
    /// `config_dir` is the configuration directory that the program runs with.
    pub fn new(session: Uuid, cwd: &Path, config_dir: &Path) -> Self {
        Self { decoder: Decoder::new(), session, cwd: cwd.to_owned(), config_dir: config_dir.to_owned() }
    }
}

impl Conversation for ClaudeConversation {
    fn stdout_line(&mut self, line: &[u8]) -> Vec<AgentEvent> {
        self.decoder.stdout_line(line)
    }

    fn message(&self, injection: Uuid, text: &str, steer: bool) -> Option<Vec<u8>> {
        Some(send::user_message(injection, text, steer.then_some(Priority::Next)))
    }

    fn interrupt(&self, request: Uuid) -> Option<Vec<u8>> {
        Some(send::interrupt(request))
    }

    fn probe(&self, request: Uuid) -> Option<Vec<u8>> {
        Some(send::probe(request))
    }

    fn allow(&self, request: &str, input: &str) -> Option<Vec<u8>> {
        let input: Map<String, Value> = serde_json::from_str(input).ok()?;
        Some(send::allow(request, &input))
    }

    fn deny(&self, request: &str, reason: &str) -> Option<Vec<u8>> {
        Some(send::deny(request, reason))
    }

    fn refuse(&self, request: &str, reason: &str) -> Option<Vec<u8>> {
        Some(send::refuse(request, reason))
    }

    fn proof(&self, injection: Uuid) -> Option<io::Result<bool>> {
        let path = session_file(&self.config_dir, &self.cwd, self.session);
        Some(seen_in_session(&path, injection))
    }

    fn cost_continues(&self) -> bool {
        // The decoder counts from the start of the process, whatever the program does.
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_input_that_is_no_object_cannot_be_allowed() {
        let conversation = ClaudeConversation::new(Uuid::nil(), Path::new("/w"), Path::new("/h"));
        assert!(conversation.allow("r", "{\"command\":\"ls\"}").is_some());
        assert_eq!(conversation.allow("r", "[1]"), None);
        assert_eq!(conversation.allow("r", "{"), None);
    }
}
