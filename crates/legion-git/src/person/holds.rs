//! Whether what was merged in `control.git` has a commit of the person.

use std::path::Path;

use crate::error::GitError;
use crate::oid::Oid;
use crate::person::PersonRepo;

impl PersonRepo {
    /// Whether `commit`, one of the person's, is in the history of `tip`, one of the repository in `control_dir`. Takes the objects; no
    /// ref is touched.
    ///
    /// # Errors
    /// When git fails, or one of the two is not there.
    pub async fn is_held_by(&self, commit: &Oid, control_dir: &Path, tip: &Oid) -> Result<bool, GitError> {
        if commit == tip {
            return Ok(true);
        }
        self.fetch(control_dir, tip).await?;
        self.is_ancestor(commit, tip).await
    }

    /// Whether `commit` is on some branch here, of the person's own or of a remote.
    ///
    /// # Errors
    /// When git fails.
    pub async fn is_on_a_branch(&self, commit: &Oid) -> Result<bool, GitError> {
        if self.resolve(commit.as_str()).await?.is_none() {
            return Ok(false);
        }
        let call = self.call("for-each-ref").arg("--count=1").arg(format!("--contains={commit}"));
        let listed = call.args(["refs/heads", "refs/remotes"]).run().await?;
        Ok(!listed.is_empty())
    }
}
