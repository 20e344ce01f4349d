//! The person's repository, in which the command stands.

use legion_git::{Git, PersonRepo, RefName};

use crate::{context::Context, error::CliError, text::session_name};

/// The repository of the current directory, and what is checked out in it.
pub(crate) struct Repository {
    pub repo: PersonRepo,
    pub head: legion_git::Head,
}

impl Repository {
    /// Finds it, and looks whether Legion can work with it.
    pub(crate) async fn discover(context: Context<'_>) -> Result<Self, CliError> {
        let git = Git::find(context.environment.get("PATH").unwrap_or_default()).await?;
        let repo = PersonRepo::discover(git, context.environment.current_dir()).await?;
        let head = repo.head().await?;
        Ok(Self { repo, head })
    }

    /// The working directory, as requests name it.
    pub(crate) fn root(&self) -> Result<String, CliError> {
        let root = self.repo.root();
        root.to_str().map(str::to_owned).ok_or_else(|| CliError::Usage {
            what: format!("the directory `{}` is not UTF-8", root.display()),
            hint: None,
        })
    }

    /// The branch that is checked out, without `refs/heads/`; none with a detached HEAD.
    pub(crate) fn branch(&self) -> Option<&str> {
        self.head.branch.as_ref().and_then(RefName::branch_name)
    }

    /// The name of the session that belongs to what is checked out.
    pub(crate) fn session_name(&self) -> String {
        session_name(self.branch())
    }
}
