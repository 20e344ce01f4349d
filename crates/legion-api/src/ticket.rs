use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{Driver, Usage};

/// Where a ticket stands. Derived at the moment of asking, never stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum TicketStatus {
    /// It waits for a worker, or for the time of its next attempt.
    Queued,
    /// It waits for a ticket that is not merged yet.
    Blocked,
    /// Its agent works, or its clone is being made.
    Working,
    /// What it left is taken in, reviewed, or waits for a person's decision about protected files.
    Verifying,
    /// It is in the merge queue: waiting, being built, or being tested on the merged tree.
    Merging,
    /// Merged, or a checkpoint that passed.
    Done,
    Error,
    Stopped,
    /// One that it waited for was not merged.
    Skipped,
}

impl TicketStatus {
    pub const ALL: [Self; 9] = [
        Self::Queued,
        Self::Blocked,
        Self::Working,
        Self::Verifying,
        Self::Merging,
        Self::Done,
        Self::Error,
        Self::Stopped,
        Self::Skipped,
    ];

    /// The word used in JSON, queries and on screens.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Blocked => "blocked",
            Self::Working => "working",
            Self::Verifying => "verifying",
            Self::Merging => "merging",
            Self::Done => "done",
            Self::Error => "error",
            Self::Stopped => "stopped",
            Self::Skipped => "skipped",
        }
    }

    /// Whether nothing but an order moves it.
    pub fn is_closed(self) -> bool {
        matches!(self, Self::Done | Self::Error | Self::Stopped | Self::Skipped)
    }
}

/// How far a ticket's work is on its way into the target branch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum MergeState {
    /// Not in the merge queue.
    None,
    /// It waits in the merge queue.
    Queued,
    /// The merge queue works on it: merge, gates, move.
    Landing,
    /// Part of the target branch.
    Merged,
    /// Its last attempt did not merge with the newest target.
    Conflict,
}

impl MergeState {
    /// The word used in JSON and on screens.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Queued => "queued",
            Self::Landing => "landing",
            Self::Merged => "merged",
            Self::Conflict => "conflict",
        }
    }
}

/// Where the open attempt at a ticket stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// The service makes or refreshes its clone.
    Preparing,
    /// Its agent works.
    Running,
    /// The service takes in what it left.
    Collecting,
    /// A member of its team looks at it.
    Reviewing,
    /// A person decides about protected files.
    Held,
    /// It waits in the merge queue.
    Queued,
    /// The merge queue works on it.
    Landing,
}

impl Stage {
    /// The word used in JSON and on screens.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Preparing => "preparing",
            Self::Running => "running",
            Self::Collecting => "collecting",
            Self::Reviewing => "reviewing",
            Self::Held => "held",
            Self::Queued => "queued",
            Self::Landing => "landing",
        }
    }
}

/// Why an attempt did not succeed, as far as it matters for what happens next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ErrorClass {
    /// Passes by itself: the network, an overloaded server, an agent that died.
    Transient,
    /// Nothing more may be used until a window ends.
    Quota,
    /// Nobody is logged in, or a key is wrong.
    Auth,
    /// The work is not good enough: a gate, a review, no change, out of time.
    Task,
    /// It does not merge with the newest target.
    Conflict,
    /// Trying again cannot help.
    Fatal,
}

impl ErrorClass {
    /// The word used in JSON and on screens.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Transient => "transient",
            Self::Quota => "quota",
            Self::Auth => "auth",
            Self::Task => "task",
            Self::Conflict => "conflict",
            Self::Fatal => "fatal",
        }
    }
}

/// What becomes of a ticket when one that it waits for ends without being merged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum OnUpstream {
    Skip,
    Fail,
    Wait,
}

/// A ticket that another one waits for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TicketLink {
    pub id: u32,
    /// Null for one that was merged and deleted: it holds nobody up.
    pub status: Option<TicketStatus>,
}

/// A command that decides whether a tree is good: exit code 0.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Gate {
    /// The command, or a name from the repository's configuration.
    pub name: String,
    pub command: String,
    pub timeout_seconds: u64,
}

/// A ticket as lists and boards show it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Ticket {
    /// 1, 2, 3 …, unique in the project for ever.
    pub id: u32,
    pub session: String,
    /// The id that its plan gave it.
    pub local: Option<String>,
    pub title: String,
    pub status: TicketStatus,
    pub merge: MergeState,
    /// Tickets that it waits for.
    pub after: Vec<TicketLink>,
    /// Tickets that wait for it.
    pub dependents: Vec<u32>,
    pub checkpoint: bool,
    /// Number of the worker that has it, while an attempt is open.
    pub worker: Option<u32>,
    /// UUID of the agent of the open attempt, or of the last one.
    pub agent: Option<String>,
    /// Attempts begun so far.
    pub attempts: u32,
    /// Of these, those that failed their verification since it was last opened by order.
    pub failures: u32,
    /// `failures` at which it has failed.
    pub max_attempts: u32,
    /// Null while no attempt is open.
    pub stage: Option<Stage>,
    pub added_at: Timestamp,
    /// When its first attempt began.
    pub began_at: Option<Timestamp>,
    /// When the open attempt began.
    pub attempt_began_at: Option<Timestamp>,
    pub closed_at: Option<Timestamp>,
    /// Not before this time does its next attempt begin.
    pub retry_at: Option<Timestamp>,
    /// Seconds that attempts at it were open, this one included.
    pub working_seconds: u64,
    /// The class of the error that closed it.
    pub error: Option<ErrorClass>,
    /// Why it was closed, or why its last attempt ended.
    pub why: Option<String>,
    /// Its agent's own words about its work.
    pub summary: Option<String>,
    /// Evidence of a ticket that is done: the commit on the target branch.
    pub commit: Option<String>,
    /// Evidence of a ticket that is done: the tree that passed its gates.
    pub tree: Option<String>,
    /// Gates of its own; those of its session and of the target's configuration come on top.
    pub gates: Vec<Gate>,
    pub team: Option<String>,
    pub role: Option<String>,
    pub group: Option<String>,
    /// Null for a checkpoint without an agent.
    pub driver: Option<Driver>,
    pub model: Option<String>,
    /// Globs of files that it means to touch.
    pub files: Vec<String>,
    /// Who dispatched it: UUID or `root`.
    pub by: String,
    /// Sum over its agents that are there, and all agents below them.
    pub usage: Usage,
    /// Dollars, likewise; null when none of them reported money.
    pub cost_usd: Option<f64>,
}

/// A page of tickets, by number.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct TicketPage {
    pub tickets: Vec<Ticket>,
    /// Of all that the caller may see in the session, not of this page or filter.
    pub counts: TicketCounts,
    /// Pass as `after` to get the next page; null at the end.
    pub next: Option<u32>,
}

/// Tickets by status.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct TicketCounts {
    pub total: u32,
    pub queued: u32,
    pub blocked: u32,
    pub working: u32,
    pub verifying: u32,
    pub merging: u32,
    pub done: u32,
    pub error: u32,
    pub stopped: u32,
    pub skipped: u32,
}

impl TicketCounts {
    pub fn of(&self, status: TicketStatus) -> u32 {
        match status {
            TicketStatus::Queued => self.queued,
            TicketStatus::Blocked => self.blocked,
            TicketStatus::Working => self.working,
            TicketStatus::Verifying => self.verifying,
            TicketStatus::Merging => self.merging,
            TicketStatus::Done => self.done,
            TicketStatus::Error => self.error,
            TicketStatus::Stopped => self.stopped,
            TicketStatus::Skipped => self.skipped,
        }
    }

    /// Counts one ticket more.
    pub fn add(&mut self, status: TicketStatus) {
        let count = match status {
            TicketStatus::Queued => &mut self.queued,
            TicketStatus::Blocked => &mut self.blocked,
            TicketStatus::Working => &mut self.working,
            TicketStatus::Verifying => &mut self.verifying,
            TicketStatus::Merging => &mut self.merging,
            TicketStatus::Done => &mut self.done,
            TicketStatus::Error => &mut self.error,
            TicketStatus::Stopped => &mut self.stopped,
            TicketStatus::Skipped => &mut self.skipped,
        };
        *count += 1;
        self.total += 1;
    }

    /// Those that are not closed yet.
    pub fn unfinished(&self) -> u32 {
        TicketStatus::ALL.into_iter().filter(|status| !status.is_closed()).map(|status| self.of(status)).sum()
    }
}

impl std::ops::AddAssign for TicketCounts {
    fn add_assign(&mut self, other: Self) {
        self.total += other.total;
        self.queued += other.queued;
        self.blocked += other.blocked;
        self.working += other.working;
        self.verifying += other.verifying;
        self.merging += other.merging;
        self.done += other.done;
        self.error += other.error;
        self.stopped += other.stopped;
        self.skipped += other.skipped;
    }
}
