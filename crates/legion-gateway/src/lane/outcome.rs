//! How calls end.

/// How a call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The answer came to its end.
    Done,
    /// The provider reported an error in its answer, after it had begun.
    Failed,
    /// The provider broke off.
    Cut,
    /// The provider fell silent.
    Silent,
    /// The caller hung up.
    HangUp,
    /// The caller stopped reading.
    SlowReader,
    /// No provider gave an answer.
    Refused,
}

impl Outcome {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Cut => "cut",
            Self::Silent => "silent",
            Self::HangUp => "hang-up",
            Self::SlowReader => "slow-reader",
            Self::Refused => "refused",
        }
    }
}
