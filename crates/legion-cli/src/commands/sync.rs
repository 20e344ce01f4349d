use clap::Args;

use crate::{
    connect::connect,
    context::Context,
    error::CliError,
    exit,
    repository::Repository,
    session,
    text::{escape_line, short_commit},
};

/// Bring new commits of your branch into a session
///
/// They are merged into the session's branch by the merge queue, behind what waits there, and its gates run on the result.
#[derive(Debug, Args)]
pub(crate) struct SyncArgs {
    /// The session (the current one when absent)
    #[arg(long, value_name = "NAME")]
    pub session: Option<String>,
}

pub(crate) async fn run(context: Context<'_>, args: &SyncArgs) -> Result<u8, CliError> {
    context.needs_person("brings commits into a session")?;
    let repository = Repository::discover(context).await?;
    let project = context.project(&connect(context).await?)?;
    let session = session::named(&project, args.session.as_deref()).await?;
    let commit = &repository.head.commit;
    let imported = session::import(&project, &repository, &session, commit).await?;
    if context.output.json {
        context.output.document(&imported)?;
    } else {
        context.output.line(&format!(
            "{}{} is number {} in the imports of session `{}`; `legion sessions` shows the queue",
            short_commit(commit.as_str()),
            repository.branch().map(|branch| format!(" of {}", escape_line(branch))).unwrap_or_default(),
            imported.number,
            escape_line(&imported.session),
        ))?;
    }
    Ok(exit::DONE)
}
