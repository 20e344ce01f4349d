use clap::Args;
use legion_api::Session;
use serde::Serialize;

use crate::{
    connect::connect,
    context::Context,
    error::CliError,
    exit,
    init::{InitOutcome, InitReport, write_all},
    repository::Repository,
    session::{self, Opening},
    text::escape_line,
};

/// Prepare this repository for tickets
///
/// Writes what is missing of `legion.toml`, ignore rules, notes for agents and the command for splitting work, and opens a session for the
/// branch that is checked out. What is there already stays as it is.
#[derive(Debug, Args)]
pub(crate) struct InitArgs {
    /// Name of the session (made from the branch that is checked out when absent)
    #[arg(long, value_name = "NAME")]
    pub session: Option<String>,
}

/// What was done, for a program.
#[derive(Debug, Serialize)]
struct Initialised<'a> {
    root: &'a str,
    files: Vec<File>,
    session: &'a Session,
    /// The session was not there before.
    opened: bool,
    warnings: &'a [String],
}

#[derive(Debug, Serialize)]
struct File {
    path: String,
    outcome: String,
}

pub(crate) async fn run(context: Context<'_>, args: &InitArgs) -> Result<u8, CliError> {
    context.needs_person("prepares a repository")?;
    let output = context.output;
    let repository = Repository::discover(context).await?;
    let root = repository.root()?;
    let mut report = InitReport::default();
    write_all(repository.repo.root(), &mut report)?;
    let files = report.files.iter().map(|(path, outcome)| (path.display().to_string(), *outcome));
    if !output.json {
        for (path, outcome) in files.clone() {
            output.line(&format!("{}: {outcome}", escape_line(&path)))?;
        }
    }
    let project = context.project(&connect(context).await?)?;
    let opening = Opening { name: args.session.clone(), ..Opening::default() };
    let opened = session::open(&project, &repository, opening).await?;
    let warnings = warnings(&repository);
    if output.json {
        let files = files.map(|(path, outcome)| File { path, outcome: outcome.to_string() }).collect();
        output.document(&Initialised {
            root: &root,
            files,
            session: &opened.session,
            opened: opened.is_new,
            warnings: &warnings,
        })?;
        return Ok(exit::DONE);
    }
    output.line(&session::opened_line(&opened))?;
    output.warn(&warnings);
    let written = |(_, outcome): &(_, InitOutcome)| matches!(outcome, InitOutcome::Created | InitOutcome::Updated);
    if report.files.iter().any(written) {
        output.note("commit what was written, then `legion sync` brings it to the agents");
    }
    Ok(exit::DONE)
}

/// What may go wrong with this repository although it can be worked with.
fn warnings(repository: &Repository) -> Vec<String> {
    let pairs = repository.repo.case_clashes().iter();
    pairs
        .map(|(one, other)| {
            let (one, other) = (one.display(), other.display());
            format!("`{one}` and `{other}` are one file where a file system ignores case")
        })
        .collect()
}
