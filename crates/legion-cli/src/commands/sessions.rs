use clap::{Args, Subcommand};
use legion_api::{Overlap, PlanDuration, Session, SessionChanges, TextOrList};
use legion_client::ProjectClient;

use crate::{
    connect::connect,
    context::Context,
    error::CliError,
    exit,
    repository::Repository,
    session::{self, Opening},
    text::{escape_line, parse_seconds},
    view,
};

/// Sessions: bodies of work with a branch of their own
#[derive(Debug, Args)]
pub(crate) struct SessionsArgs {
    #[command(subcommand)]
    pub verb: Option<SessionsVerb>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum SessionsVerb {
    /// Show all of them (what is done without a subcommand)
    List,
    /// Open one on the commit that is checked out, and make it the current one
    New {
        /// Small letters, digits, `-`, `_` and `.`
        name: String,
        /// The branch, tag or commit that it begins with
        #[arg(long, value_name = "REF")]
        from: Option<String>,
        #[command(flatten)]
        settings: SettingsArgs,
    },
    /// Make one the current one: what commands mean that name none
    Use { name: String },
    /// Complete one: nothing starts in it any more
    Complete { name: String },
    /// Delete one with its tickets; their files are secured first
    Delete {
        name: String,
        /// Even when it has unfinished tickets or results that were not landed
        #[arg(long)]
        force: bool,
    },
    /// Change how one works
    Set {
        /// The session (the current one when absent)
        name: Option<String>,
        #[command(flatten)]
        settings: SettingsArgs,
    },
}

/// How a session works.
#[derive(Debug, Default, Args)]
pub(crate) struct SettingsArgs {
    /// Tickets that are worked on at the same time
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=64))]
    pub workers: Option<u32>,
    /// Whether tickets that mean to touch the same files run side by side (`warn`) or wait for each other (`hold`)
    #[arg(long, value_name = "WHAT", value_parser = ["warn", "hold"])]
    pub overlap: Option<String>,
    /// Command that checks every merged tree (can be repeated; `--gate ''` is none)
    #[arg(long, value_name = "COMMAND")]
    pub gate: Vec<String>,
    /// Time that each of these gates may take: seconds, or a span such as 10m
    #[arg(long, value_name = "SPAN", value_parser = parse_seconds, requires = "gate")]
    pub gate_timeout: Option<u64>,
    /// Globs of files that only a person may let a ticket change
    #[arg(long, value_name = "A,B", value_delimiter = ',')]
    pub protect: Vec<String>,
    /// Most tickets of a group at the same time, such as `db=1` (can be repeated)
    #[arg(long, value_name = "GROUP=N", value_parser = parse_cap)]
    pub group_cap: Vec<(String, u32)>,
}

impl SettingsArgs {
    fn changes(&self) -> SessionChanges {
        let without_blanks = |values: &[String]| -> Vec<String> {
            values.iter().map(|value| value.trim()).filter(|value| !value.is_empty()).map(str::to_owned).collect()
        };
        let overlap = self.overlap.as_deref().map(|word| if word == "hold" { Overlap::Hold } else { Overlap::Warn });
        SessionChanges {
            workers: self.workers,
            overlap,
            group_caps: (!self.group_cap.is_empty()).then(|| self.group_cap.iter().cloned().collect()),
            gate: (!self.gate.is_empty()).then(|| TextOrList::List(without_blanks(&self.gate))),
            gate_timeout: self.gate_timeout.map(|seconds| PlanDuration { seconds }),
            protect: (!self.protect.is_empty()).then(|| without_blanks(&self.protect)),
        }
    }
}

pub(crate) async fn run(context: Context<'_>, args: &SessionsArgs) -> Result<u8, CliError> {
    let project = context.project(&connect(context).await?)?;
    let session = match args.verb.as_ref().unwrap_or(&SessionsVerb::List) {
        SessionsVerb::List => return list(context, &project).await,
        SessionsVerb::New { name, from, settings } => {
            let repository = Repository::discover(context).await?;
            let opening =
                Opening { name: Some(name.clone()), from: from.clone(), target: None, settings: settings.changes() };
            let opened = session::open(&project, &repository, opening).await?;
            if !opened.is_new {
                return Err(CliError::Usage {
                    what: format!("there is a session `{}` already", escape_line(name)),
                    hint: Some("take it up with `legion sessions use`, or choose another name".to_owned()),
                });
            }
            opened.session
        }
        SessionsVerb::Use { name } => project.use_session(name, None).await?,
        SessionsVerb::Complete { name } => project.complete_session(name, None).await?,
        SessionsVerb::Delete { name, force } => {
            if !force {
                check_landed(context, &project.session(name).await?).await?;
            }
            project.delete_session(name, *force, None).await?;
            if !context.output.json {
                context.output.line(&format!("deleted session `{}`", escape_line(name)))?;
            }
            return Ok(exit::DONE);
        }
        SessionsVerb::Set { name, settings } => {
            let changes = settings.changes();
            if changes == SessionChanges::default() {
                return Err(CliError::Usage {
                    what: "nothing is to be set".to_owned(),
                    hint: Some("see `legion sessions set --help`".to_owned()),
                });
            }
            let session = session::named(&project, name.as_deref()).await?;
            project.set_session(&session.name, &changes, None).await?
        }
    };
    show(context, &session)
}

/// Refuses when something was merged that is on no branch of the person.
async fn check_landed(context: Context<'_>, session: &Session) -> Result<(), CliError> {
    if session.merged == 0 || context.environment.is_agent() {
        return Ok(());
    }
    let repository = Repository::discover(context).await?;
    let tip = session.tip.parse().map_err(|_| CliError::Failed {
        what: format!(
            "session `{}` stands at `{}`, which is no commit",
            escape_line(&session.name),
            escape_line(&session.tip)
        ),
        hint: None,
    })?;
    if repository.repo.is_on_a_branch(&tip).await? {
        return Ok(());
    }
    let name = escape_line(&session.name);
    Err(CliError::Repository {
        what: format!("what was merged in session `{name}` is on no branch of yours"),
        hint: Some(format!(
            "`legion land --session {name}` brings it over; `--force` deletes the session all the same"
        )),
    })
}

async fn list(context: Context<'_>, project: &ProjectClient) -> Result<u8, CliError> {
    let list = session::all(project).await?;
    if context.output.json {
        context.output.document(&list)?;
    } else if list.sessions.is_empty() {
        context.output.note("no session; `legion init` opens one");
    } else {
        context.output.data(&view::sessions(&list.sessions, &context.output.look()))?;
    }
    Ok(exit::DONE)
}

fn show(context: Context<'_>, session: &Session) -> Result<u8, CliError> {
    if context.output.json {
        context.output.document(session)?;
    } else {
        context.output.data(&view::session(session, &context.output.look()))?;
    }
    Ok(exit::DONE)
}

fn parse_cap(text: &str) -> Result<(String, u32), String> {
    let (group, cap) = text.split_once('=').ok_or("a group and its cap are wanted, such as `db=1`")?;
    match cap.parse() {
        Ok(cap @ 1..=64) if !group.trim().is_empty() => Ok((group.trim().to_owned(), cap)),
        _ => Err("a group and its cap (1 to 64) are wanted, such as `db=1`".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cap_names_its_group() {
        assert_eq!(parse_cap("db=1"), Ok(("db".to_owned(), 1)));
        for wrong in ["db", "=1", "db=0", "db=65", "db=many", "db="] {
            assert!(parse_cap(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_empty_gate_takes_all_gates_away() {
        let settings = SettingsArgs { gate: vec![String::new()], ..SettingsArgs::default() };
        assert_eq!(settings.changes().gate, Some(TextOrList::List(Vec::new())));
        assert_eq!(SettingsArgs::default().changes(), SessionChanges::default());
    }
}
