use std::fmt;

use super::bounds::PROBLEMS_MAX;

/// Something in a plan that has to be mended before anything starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanProblem {
    pub kind: ProblemKind,
    /// The key of the ticket that it is about.
    pub ticket: Option<String>,
    /// A sentence without a full stop that names the ticket.
    pub sentence: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProblemKind {
    /// No ticket at all.
    Empty,
    TooManyTickets,
    /// An id that is none.
    Key,
    DuplicateKey,
    UnknownUpstream,
    AfterItself,
    Circle,
    /// Neither prompt nor title.
    NoPrompt,
    /// Neither criteria nor gate.
    NoCriteria,
    /// A checkpoint that nothing checks.
    NoGate,
    Glob,
    /// A number, a text or a list outside of its limits.
    Limit,
    /// A text that is empty or has characters that have no place in it.
    Text,
    /// A name of a branch or session that git refuses or a program could take for an option.
    RefName,
    /// A word that is not one of those that are known.
    Word,
    /// Driver and command do not go together.
    Command,
    /// More problems than are told.
    More,
}

/// Something in a plan that may be meant so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanWarning {
    pub kind: WarningKind,
    /// A sentence without a full stop.
    pub sentence: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WarningKind {
    Overlap,
    LongPrompt,
    Chain,
    /// A checkpoint that waits for nothing.
    Checkpoint,
    /// A cap for a group without tickets.
    Group,
    /// A worker that the session does not have.
    Worker,
}

/// Problems as they are found. What is over the limit is only counted.
#[derive(Debug, Default)]
pub(super) struct Problems {
    found: Vec<PlanProblem>,
    more: usize,
}

impl Problems {
    pub(super) fn push(&mut self, kind: ProblemKind, ticket: Option<String>, sentence: String) {
        if self.found.len() < PROBLEMS_MAX {
            self.found.push(PlanProblem { kind, ticket, sentence });
        } else {
            self.more += 1;
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// All that is to be told.
    pub(super) fn told(self) -> Vec<PlanProblem> {
        let mut problems = self.found;
        if self.more > 0 {
            let sentence = format!("the plan has {} problems more", self.more);
            problems.push(PlanProblem { kind: ProblemKind::More, ticket: None, sentence });
        }
        problems
    }
}

impl ProblemKind {
    /// A stable word for programs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::TooManyTickets => "too-many-tickets",
            Self::Key => "id",
            Self::DuplicateKey => "duplicate-id",
            Self::UnknownUpstream => "unknown-upstream",
            Self::AfterItself => "after-itself",
            Self::Circle => "circle",
            Self::NoPrompt => "no-prompt",
            Self::NoCriteria => "no-criteria",
            Self::NoGate => "no-gate",
            Self::Glob => "glob",
            Self::Limit => "limit",
            Self::Text => "text",
            Self::RefName => "ref-name",
            Self::Word => "word",
            Self::Command => "command",
            Self::More => "more",
        }
    }
}

impl fmt::Display for PlanProblem {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.sentence)
    }
}

impl fmt::Display for PlanWarning {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.sentence)
    }
}
