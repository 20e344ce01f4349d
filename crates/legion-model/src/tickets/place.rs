//! Places: the clones that agents work in.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::names::{SessionName, TicketId};
use crate::ids::AgentId;

/// Where a clone lies below the project's work directory: `SESSION/t3/a1`, or `SESSION/t3/a1-r1` for a review.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PlaceKey(String);

impl PlaceKey {
    pub fn of_attempt(session: &SessionName, ticket: TicketId, attempt: u32) -> Self {
        Self(format!("{session}/t{}/a{attempt}", ticket.0))
    }

    pub fn of_review(session: &SessionName, ticket: TicketId, attempt: u32, review: usize) -> Self {
        Self(format!("{session}/t{}/a{attempt}-r{review}", ticket.0))
    }

    /// Whether it was made for somebody who only looks at the work.
    pub fn is_review(&self) -> bool {
        let name = self.0.rsplit('/').next().unwrap_or_default();
        name.rsplit_once('a').is_some_and(|(_, numbers)| numbers.contains("-r"))
    }

    /// The place that a rescue is of, as far as the name of its ref tells.
    pub fn of_rescue(reference: &str) -> Self {
        Self(reference.trim_start_matches("refs/legion/rescue/").to_owned())
    }

    /// Relative, of plain parts only.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The number of the attempt that it was made for: later ones may go on in it, on the same branch.
    pub fn attempt(&self) -> Option<u32> {
        let name = self.0.rsplit('/').next()?.strip_prefix('a')?;
        name.split('-').next()?.parse().ok()
    }
}

impl fmt::Display for PlaceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A clone that is there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Place {
    pub key: PlaceKey,
    pub session: SessionName,
    pub ticket: TicketId,
    pub agent: Option<AgentId>,
    /// Absolute path, once its agent is hired to work in it.
    pub dir: Option<String>,
    pub base: String,
    /// Somebody may have worked in it since it was last secured.
    pub dirty: bool,
    /// The commit under a rescue reference that holds all of its files.
    pub rescued: Option<String>,
    /// Nobody needs it any more: it is secured, then removed.
    pub released: bool,
    /// Work on it that failed and is tried again.
    pub delay: Option<super::attempt::Delay>,
}

impl Place {
    /// Whether a directory is the clone or lies in it.
    pub fn holds(&self, path: &str) -> bool {
        let rest = self.dir.as_deref().and_then(|dir| path.strip_prefix(dir));
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }
}
