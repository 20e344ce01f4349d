use jiff::{SignedDuration, Timestamp};

use super::{
    attempt::{Attempt, AttemptEnd, Stage},
    group::Group,
};

/// Where a ticket stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Standing {
    Queued {
        /// Not before this time: it is tried again.
        not_before: Option<Timestamp>,
    },
    Open(Stage),
    Done {
        commit: String,
        at: Timestamp,
    },
    Error {
        class: String,
        why: String,
    },
    Stopped {
        why: String,
    },
    Skipped {
        why: String,
    },
}

impl Standing {
    /// Whether nothing but an order moves it.
    pub(crate) fn is_closed(&self) -> bool {
        !matches!(self, Self::Queued { .. } | Self::Open(_))
    }

    pub(crate) fn is_done(&self) -> bool {
        matches!(self, Self::Done { .. })
    }

    /// The word of the interface for it.
    pub(crate) fn word(&self) -> &'static str {
        match self {
            Self::Queued { .. } => "queued",
            Self::Open(Stage::Preparing | Stage::Running) => "working",
            Self::Open(Stage::Collecting | Stage::Reviewing { .. } | Stage::Held) => "verifying",
            Self::Open(_) => "merging",
            Self::Done { .. } => "done",
            Self::Error { .. } => "error",
            Self::Stopped { .. } => "stopped",
            Self::Skipped { .. } => "skipped",
        }
    }

    /// Where the board shows it.
    pub(crate) fn group(&self) -> Group {
        match self {
            Self::Queued { .. } => Group::Queued,
            Self::Open(Stage::Preparing | Stage::Running) => Group::Working,
            Self::Open(Stage::Collecting | Stage::Reviewing { .. } | Stage::Held) => Group::Verifying,
            Self::Open(_) => Group::Merging,
            Self::Done { .. } => Group::Done,
            Self::Error { .. } | Self::Stopped { .. } | Self::Skipped { .. } => Group::Error,
        }
    }
}

/// A ticket as the board shows it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct BoardTicket {
    pub number: u32,
    pub title: String,
    pub after: Vec<u32>,
    pub checkpoint: bool,
    /// Attempts that may fail.
    pub attempts_max: u32,
    pub standing: Standing,
    /// In their order.
    pub attempts: Vec<Attempt>,
    /// What its agent does, when that is known.
    pub activity: Option<String>,
    /// In millionths of a dollar, as far as its agents said.
    pub cost_micro_usd: Option<u64>,
}

impl BoardTicket {
    /// One that waits.
    pub(crate) fn queued(number: u32, title: &str, after: Vec<u32>) -> Self {
        Self {
            number,
            title: title.to_owned(),
            after,
            checkpoint: false,
            attempts_max: 1,
            standing: Standing::Queued { not_before: None },
            attempts: Vec::new(),
            activity: None,
            cost_micro_usd: None,
        }
    }

    /// The attempt that is open.
    pub(crate) fn open_attempt(&self) -> Option<&Attempt> {
        self.attempts.last().filter(|attempt| attempt.end.is_none())
    }

    /// Whether an attempt failed with this class of error.
    pub(crate) fn failed_of(&self, class: &str) -> bool {
        let failed =
            |attempt: &Attempt| matches!(&attempt.end, Some((AttemptEnd::Failed { class: of }, _)) if of == class);
        self.attempts.iter().any(failed)
    }

    /// Sum of what its attempts took, without waits for their turn to be merged.
    pub(crate) fn took(&self, now: Timestamp) -> SignedDuration {
        self.attempts.iter().map(|attempt| attempt.worked(now) + attempt.landed(now)).sum()
    }
}
