//! Reading a transcript: what the shim and the program did, as facts.

use std::collections::BTreeSet;
use std::path::Path;

use legion_agents::{AgentEvent, Conversation, TurnOutcome};
use legion_model::{Body, Exit, Fact, InjectionId, Outcome, TurnReport, Usage};
use legion_process::{Content, Entry, LineFollower, OutputStream, Position, ReadError, transcript_path};
use uuid::Uuid;

use super::exit;

/// Bytes of standard output that a run's result may have.
const RESULT_BYTES_MAX: usize = 16 * 1024;
/// Bytes of standard error that are kept for the reason of a failure.
const ERROR_BYTES_MAX: usize = 2 * 1024;
/// Entries that are looked at before others get their turn.
const ENTRIES_MAX: usize = 256;

/// Something in a transcript that somebody has to act on.
#[derive(Debug)]
pub(super) enum Seen {
    Started {
        pid: u32,
    },
    /// An input is in the transcript.
    Written(Uuid),
    /// The program took up an input; its session file is still to prove it.
    Echoed(InjectionId),
    Fact(Fact),
    /// A request of the program that nobody knows.
    Refuse(String),
    Ended {
        exit: Exit,
        tree_gone: bool,
    },
}

/// Follows one transcript from its start.
pub(super) struct Follower {
    lines: Option<LineFollower>,
    line_bytes_max: usize,
    conversation: Box<dyn Conversation>,
    /// Entries so far: the offset that facts are reported with.
    pub entries: u64,
    /// Inputs that are in the transcript.
    pub inputs: BTreeSet<Uuid>,
    stdout_tail: Tail,
    stderr_tail: Tail,
    /// Background work of the program that is not done.
    background: BTreeSet<String>,
    /// The turn that ended while background work was open.
    held: Option<(u64, TurnReport)>,
    converses: bool,
}

impl Follower {
    pub(super) fn new(conversation: Box<dyn Conversation>, converses: bool, line_bytes_max: usize) -> Self {
        Self {
            lines: None,
            line_bytes_max,
            conversation,
            entries: 0,
            inputs: BTreeSet::new(),
            stdout_tail: Tail::new(RESULT_BYTES_MAX),
            stderr_tail: Tail::new(ERROR_BYTES_MAX),
            background: BTreeSet::new(),
            held: None,
            converses,
        }
    }

    pub(super) fn conversation(&self) -> &dyn Conversation {
        self.conversation.as_ref()
    }

    /// The next things that were done, with their offset; nothing when the end is reached for now. The flag says whether there may be more.
    pub(super) fn read(&mut self, dir: &Path) -> Result<(Vec<(u64, Seen)>, bool), ReadError> {
        let path = transcript_path(dir);
        if self.lines.is_none() {
            if !path.exists() {
                return Ok((Vec::new(), false));
            }
            self.lines = Some(LineFollower::open(&path, Position::default(), self.line_bytes_max)?);
        }
        let mut found = Vec::new();
        for _ in 0..ENTRIES_MAX {
            let Some(lines) = &mut self.lines else { break };
            let Some((_, entry)) = lines.next_entry()? else { return Ok((found, false)) };
            self.take(entry, &mut found);
        }
        Ok((found, true))
    }

    /// Bytes that the program wrote to its outputs, as far as they were read.
    pub(super) fn output_bytes(&self) -> u64 {
        self.lines.as_ref().map_or(0, LineFollower::output_bytes)
    }

    /// What a killed shim left without a line's end.
    pub(super) fn finish(&mut self) -> Vec<(u64, Seen)> {
        let mut found = Vec::new();
        for (_, entry) in self.lines.take().map(LineFollower::finish).unwrap_or_default() {
            self.take(entry, &mut found);
        }
        found
    }

    fn take(&mut self, entry: Entry, found: &mut Vec<(u64, Seen)>) {
        self.entries += 1;
        let at = self.entries;
        match entry {
            Entry::Line(line) if line.stream == OutputStream::Stdout => {
                self.stdout_tail.line(&line.bytes, line.cut_bytes);
                for event in self.conversation.stdout_line(&line.bytes) {
                    found.extend(self.event(event).map(|seen| (at, seen)));
                }
            }
            Entry::Line(line) => self.stderr_tail.line(&line.bytes, line.cut_bytes),
            Entry::Frame(frame) => match frame.content {
                Content::Started(identity) => found.push((at, Seen::Started { pid: identity.pid })),
                Content::Input(input) => {
                    self.inputs.insert(input.id);
                    found.push((at, Seen::Written(input.id)));
                }
                Content::Failed(failure) => {
                    found.push((at, Seen::Ended { exit: exit::of_failure(&failure), tree_gone: true }));
                }
                Content::Exited(exit) => {
                    found.push((at, Seen::Ended { exit: exit::of_exit(&exit), tree_gone: exit.tree_gone }));
                }
                Content::Stdout(_) | Content::Stderr(_) | Content::Written(_) | Content::Unknown { .. } => {}
            },
        }
    }

    fn event(&mut self, event: AgentEvent) -> Option<Seen> {
        match event {
            AgentEvent::InputSeen { injection } => Some(Seen::Echoed(InjectionId(injection))),
            AgentEvent::TurnStarted => Some(Seen::Fact(Fact::TurnBegan)),
            AgentEvent::ApprovalWanted { request, tool, input, .. } => {
                Some(Seen::Fact(Fact::ApprovalWanted { request, tool, input: Body::Text(input.to_string()) }))
            }
            AgentEvent::ApprovalWithdrawn { request } => Some(Seen::Fact(Fact::ApprovalWithdrawn { request })),
            AgentEvent::HostRequest { request, .. } => Some(Seen::Refuse(request)),
            AgentEvent::BackgroundStarted { id } => {
                self.background.insert(id);
                None
            }
            AgentEvent::BackgroundEnded { id } => {
                self.background.remove(&id);
                None
            }
            AgentEvent::TurnEnded { outcome, text, error, usage, cost_total, turns, .. } => {
                let mut report = TurnReport {
                    outcome: match outcome {
                        TurnOutcome::Completed => Outcome::Completed,
                        TurnOutcome::Failed => Outcome::Failed,
                        TurnOutcome::Interrupted => Outcome::Interrupted,
                        TurnOutcome::Limit => Outcome::Limit,
                    },
                    text: Body::Text(text),
                    error,
                    exit_code: None,
                    usage: Usage {
                        input_tokens: usage.input_tokens,
                        output_tokens: usage.output_tokens,
                        cache_read_tokens: usage.cache_read_tokens,
                        cache_write_tokens: usage.cache_write_tokens,
                    },
                    cost_total,
                    cost_continues: self.conversation.cost_continues(),
                    turns,
                };
                if let Some((_, held)) = self.held.take() {
                    report.usage += held.usage;
                    report.turns = report.turns.map(|turns| turns.saturating_add(held.turns.unwrap_or_default()));
                }
                // A run lasts until its background work is done: what that brings comes as another turn.
                if !self.background.is_empty() && report.outcome == Outcome::Completed {
                    self.held = Some((self.entries, report));
                    return None;
                }
                self.background.clear();
                Some(Seen::Fact(Fact::TurnEnded(report)))
            }
            _ => None,
        }
    }

    /// The turn that was held back for background work which is done by now without another turn.
    pub(super) fn held_is_due(&self) -> bool {
        self.held.is_some() && self.background.is_empty()
    }

    /// The turn that was held back, with the entry at which it ended.
    pub(super) fn take_held(&mut self) -> Option<(u64, TurnReport)> {
        self.held.take()
    }

    /// Last words, for a run that ends with its process.
    pub(super) fn result(&self) -> String {
        if self.converses { String::new() } else { self.stdout_tail.text() }
    }

    /// Why the program was never executed, when what was to hold it says so: its exit code, and its only words.
    pub(super) fn not_held(&self, code: i32) -> Option<String> {
        let said = self.error_tail().filter(|_| self.stdout_tail.text().is_empty())?;
        legion_sandbox::why_not_held(code, &said).map(str::to_owned)
    }

    /// The end of standard error, when it says anything.
    pub(super) fn error_tail(&self) -> Option<String> {
        let text = self.stderr_tail.text();
        (!text.trim().is_empty()).then(|| text.trim().to_owned())
    }
}

/// The last whole lines of a stream.
struct Tail {
    bytes: Vec<u8>,
    bytes_max: usize,
}

impl Tail {
    fn new(bytes_max: usize) -> Self {
        Self { bytes: Vec::new(), bytes_max }
    }

    fn line(&mut self, line: &[u8], cut: u64) {
        self.bytes.extend_from_slice(line);
        if cut > 0 {
            self.bytes.extend_from_slice(format!(" … [{cut} bytes cut]").as_bytes());
        }
        self.bytes.push(b'\n');
        if self.bytes.len() > self.bytes_max * 2 {
            self.trim();
        }
    }

    fn trim(&mut self) {
        let Some(extra) = self.bytes.len().checked_sub(self.bytes_max).filter(|extra| *extra > 0) else { return };
        // Begins with a whole line where there is one.
        let start = self.bytes[extra - 1..].iter().position(|byte| *byte == b'\n').map_or(extra, |at| extra + at);
        let start = if start >= self.bytes.len() { extra } else { start };
        self.bytes.drain(..start);
    }

    fn text(&self) -> String {
        let mut last = Self { bytes: self.bytes.clone(), bytes_max: self.bytes_max };
        last.trim();
        String::from_utf8_lossy(&last.bytes).trim_end_matches('\n').to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tail_keeps_the_last_whole_lines() {
        let mut tail = Tail::new(16);
        for line in ["first line", "second line", "third", "fourth"] {
            tail.line(line.as_bytes(), 0);
        }
        assert_eq!(tail.text(), "third\nfourth");
        let mut long = Tail::new(8);
        long.line(&[b'x'; 100], 0);
        assert_eq!(long.text(), "xxxxxxx");
    }
}
