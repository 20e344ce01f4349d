//! Making commits.

use jiff::Timestamp;

use crate::control::Control;
use crate::error::GitError;
use crate::identity::Identity;
use crate::oid::Oid;

impl Control {
    /// Makes a commit. The same arguments make the same commit, whenever and however often.
    ///
    /// # Errors
    /// When `tree` or a parent is not here, or git fails.
    pub async fn commit(
        &self,
        tree: &Oid,
        parents: &[Oid],
        message: &str,
        author: &Identity,
        at: Timestamp,
    ) -> Result<Oid, GitError> {
        // Git takes no time before 1970.
        let date = format!("@{} +0000", at.as_second().max(0));
        let mut call = self.call("commit-tree").arg(tree);
        for parent in parents {
            call = call.arg("-p").arg(parent);
        }
        for role in ["AUTHOR", "COMMITTER"] {
            call = call
                .env(&format!("GIT_{role}_NAME"), author.name())
                .env(&format!("GIT_{role}_EMAIL"), author.email())
                .env(&format!("GIT_{role}_DATE"), &date);
        }
        // A NUL would end the message, and git refuses it.
        let answer = call.args(["-F", "-"]).stdin(message.replace('\0', "")).run().await?;
        Oid::from_output(&answer).ok_or_else(|| GitError::unexpected("commit-tree", &answer))
    }
}
