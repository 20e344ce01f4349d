//! What is worth telling about a clone that was looked at.

use std::path::PathBuf;

use crate::oid::Oid;

/// Something that was not as expected. The work that could be taken was taken all the same.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Note {
    #[error("the clone's `.git` cannot be read ({reason}): only its files were taken")]
    HeadUnreadable { reason: String },
    #[error("the agent works on `{branch}` and not on the branch of its ticket; that was taken")]
    OtherBranch { branch: String },
    #[error("`{branch}`, the branch of the ticket, has commits that HEAD has not; HEAD was taken")]
    LeftBehind { branch: String },
    #[error("commit {head} has no history in common with the ticket's beginning: only the files were taken")]
    NoCommonHistory { head: Oid },
    #[error("the commits up to {head} were refused ({reason}): only the files were taken")]
    CommitsRefused { head: Oid, reason: String },
    #[error("`{name}` of the clone was not taken ({reason})")]
    BesideRefused { name: String, reason: String },
    #[error("`{path}` is a repository of its own: its files were taken, its history was not")]
    NestedRepository { path: PathBuf },
    #[error("`{path}` was not taken: {why}")]
    LeftOut { path: PathBuf, why: LeftOut },
}

/// Why a file was not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LeftOut {
    #[error("it is a pipe, a socket or a device, which has no content")]
    Special,
    #[error("it cannot be read")]
    Unreadable,
    #[error("what was there changed while it was taken in")]
    Changed,
    #[error("git takes no such path")]
    Path,
    #[error("git refused it: {0}")]
    Refused(String),
}

impl Note {
    /// Whether content is in the clone and nowhere else.
    pub fn is_loss(&self) -> bool {
        matches!(self, Self::LeftOut { why, .. } if *why != LeftOut::Special)
    }
}
