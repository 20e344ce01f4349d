use serde::{Deserialize, Serialize};

/// What becomes of a ticket when one that it waits for ends without being done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OnUpstream {
    /// It is passed over, and so is what waits for it in the same way.
    Skip,
    /// It fails.
    Fail,
    /// It waits until somebody retries or deletes the other one.
    #[default]
    Wait,
}

/// What is done about tickets that mean to touch the same files and could run side by side.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OverlapPolicy {
    /// They run side by side; the person is told.
    #[default]
    Warn,
    /// One waits for the other.
    Hold,
}

impl OnUpstream {
    pub const ALL: [Self; 3] = [Self::Skip, Self::Fail, Self::Wait];

    /// The word in plans and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Skip => "skip",
            Self::Fail => "fail",
            Self::Wait => "wait",
        }
    }

    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|policy| policy.as_str() == word)
    }
}

impl OverlapPolicy {
    pub const ALL: [Self; 2] = [Self::Warn, Self::Hold];

    /// The word in plans and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Warn => "warn",
            Self::Hold => "hold",
        }
    }

    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|policy| policy.as_str() == word)
    }
}
