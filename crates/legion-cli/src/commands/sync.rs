use std::time::Duration;

use clap::Args;
use futures_util::StreamExt as _;
use legion_api::{ImportEnd, Imported, Session};
use legion_client::ProjectClient;
use serde::Serialize;

use crate::{
    connect::connect,
    context::Context,
    error::CliError,
    exit,
    repository::Repository,
    session,
    text::{escape_block, escape_line, short_commit},
};

/// How often the session is looked at when no event came: one may have come before anybody listened.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// Bring new commits of your branch into a session
///
/// They are merged into the session's branch by the merge queue, behind what waits there, and its gates run on the result. Waits until
/// they are in, and exits with 1 when they did not get in.
#[derive(Debug, Args)]
pub(crate) struct SyncArgs {
    /// The session (the current one when absent)
    #[arg(long, value_name = "NAME")]
    pub session: Option<String>,
    /// Do not wait: the commits are in the queue
    #[arg(long)]
    pub detach: bool,
}

/// What `--json` prints.
#[derive(Debug, Serialize)]
struct Synced<'a> {
    #[serde(flatten)]
    imported: &'a Imported,
    /// `null` with `--detach`.
    end: Option<&'a ImportEnd>,
}

pub(crate) async fn run(context: Context<'_>, args: &SyncArgs) -> Result<u8, CliError> {
    context.needs_person("brings commits into a session")?;
    let repository = Repository::discover(context).await?;
    let project = context.project(&connect(context).await?)?;
    let session = session::named(&project, args.session.as_deref()).await?;
    let commit = &repository.head.commit;
    let imported = session::import(&project, &repository, &session, commit).await?;
    let what = format!(
        "{}{}",
        short_commit(commit.as_str()),
        repository.branch().map(|branch| format!(" of {}", escape_line(branch))).unwrap_or_default()
    );
    let name = escape_line(&imported.session);
    if args.detach {
        if context.output.json {
            context.output.document(&Synced { imported: &imported, end: None })?;
        } else {
            context.output.line(&format!(
                "{what} is number {} in the imports of session `{name}`; `legion sessions` shows the queue",
                imported.number
            ))?;
        }
        return Ok(exit::DONE);
    }
    let behind = waiting(&session);
    if behind > 0 {
        context.output.note(&format!("{what} waits behind {behind} more in the merge queue of session `{name}`"));
    }
    let end = until_ended(&project, &imported).await?;
    if context.output.json {
        context.output.document(&Synced { imported: &imported, end: Some(&end) })?;
    } else {
        context.output.line(&match &end.landed {
            Some(tip) => format!("{what} is in session `{name}`, which stands at {} now", short_commit(tip)),
            None => {
                let why = escape_block(&end.why);
                format!("{what} did not get into session `{name}`: {why}\n`legion inbox` has what the gate said")
            }
        })?;
    }
    Ok(if end.landed.is_some() { exit::DONE } else { exit::FAILED })
}

/// What is landed before it.
fn waiting(session: &Session) -> usize {
    session.queue.len() + usize::from(session.landing.is_some())
}

/// What became of an import. It is waited for as long as the queue takes: each gate in it has its own limit.
async fn until_ended(project: &ProjectClient, imported: &Imported) -> Result<ImportEnd, CliError> {
    let mut events = std::pin::pin!(project.events(None));
    loop {
        let session = project.session(&imported.session).await?;
        if let Some(end) = session.imported.into_iter().find(|end| end.number == imported.number) {
            return Ok(end);
        }
        if let Ok(event) = tokio::time::timeout(LOOK_EVERY, events.next()).await {
            event.transpose()?;
        }
    }
}
