//! Sending a branch to where the person's repository came from.

use crate::command::failed;
use crate::error::GitError;
use crate::person::PersonRepo;
use crate::ref_name::RefName;

/// Why nothing was sent.
#[derive(Debug, thiserror::Error)]
pub enum PushError {
    #[error("the remote `{remote}` took nothing: {message}")]
    Refused { remote: String, message: String },
    #[error(transparent)]
    Git(#[from] GitError),
}

impl PersonRepo {
    /// The remote that `branch` belongs to: what its configuration says, else `origin`, else the only one there is.
    ///
    /// # Errors
    /// When git fails.
    pub async fn remote_of(&self, branch: Option<&RefName>) -> Result<Option<String>, GitError> {
        let listed = self.call("remote").run().await?;
        let listed = String::from_utf8_lossy(&listed).into_owned();
        let remotes: Vec<&str> = listed.lines().filter(|name| !name.is_empty() && !name.starts_with('-')).collect();
        let configured = match branch.and_then(RefName::branch_name) {
            Some(name) => {
                let asked = self.call("config").args(["--get", &format!("branch.{name}.remote")]).run_any().await?;
                String::from_utf8_lossy(&asked.stdout).trim().to_owned()
            }
            None => String::new(),
        };
        let named = |name: &str| remotes.contains(&name).then(|| name.to_owned());
        Ok(named(&configured).or_else(|| named("origin")).or_else(|| match remotes[..] {
            [only] => Some(only.to_owned()),
            _ => None,
        }))
    }

    /// Sends a branch to a remote, under the same name. Nothing there is overwritten that is not in it.
    ///
    /// # Errors
    /// When the remote does not take it, or git fails.
    pub async fn push(&self, remote: &str, branch: &RefName) -> Result<(), PushError> {
        let call = self.call("push").args(["--quiet", "--no-follow-tags", "--end-of-options", remote]);
        let output = call.arg(format!("{branch}:{branch}")).run_any().await?;
        if output.status.success() {
            return Ok(());
        }
        match failed("push", self.root(), &output) {
            GitError::Failed { message, .. } => Err(PushError::Refused { remote: remote.to_owned(), message }),
            error => Err(error.into()),
        }
    }
}
