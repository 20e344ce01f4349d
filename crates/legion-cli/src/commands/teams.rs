use clap::{Args, Subcommand};
use legion_api::{Problem, ProblemCode, Team, TeamRequest};
use legion_client::ProjectClient;

use crate::{connect::connect, context::Context, error::CliError, exit, input, text::escape_line, view};

/// Teams: which roles look at a ticket's work before it is merged
#[derive(Debug, Args)]
pub(crate) struct TeamsArgs {
    #[command(subcommand)]
    pub verb: Option<TeamsVerb>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum TeamsVerb {
    /// Show all of them (what is done without a subcommand)
    List,
    /// Show one
    Show { id: String },
    /// Make one of your own, or change it
    Set {
        /// Small letters, digits and `_`
        id: String,
        /// For people (the id when absent)
        #[arg(long)]
        name: Option<String>,
        /// What it is for, in a line
        #[arg(long, value_name = "TEXT")]
        description: Option<String>,
        /// Roles in order; exactly one of them writes
        #[arg(long, value_name = "A,B", value_delimiter = ',')]
        roles: Vec<String>,
        /// Told to every member; `-` reads it from standard input
        #[arg(long, value_name = "TEXT")]
        prompt: Option<String>,
    },
    /// Delete one of your own
    Delete { id: String },
}

pub(crate) async fn run(context: Context<'_>, args: &TeamsArgs) -> Result<u8, CliError> {
    let output = context.output;
    let project = context.project(&connect(context).await?)?;
    let team = match args.verb.as_ref().unwrap_or(&TeamsVerb::List) {
        TeamsVerb::List => {
            let list = project.teams().await?;
            if output.json {
                output.document(&list)?;
            } else {
                output.data(&view::teams(&list.teams, &output.look()))?;
            }
            return Ok(exit::DONE);
        }
        TeamsVerb::Show { id } => find(&project, id).await?.ok_or_else(|| none(id))?,
        TeamsVerb::Set { id, name, description, roles, prompt } => {
            // What is not given stays as it is.
            let old = find(&project, id).await?;
            let request = TeamRequest {
                name: name.clone().or_else(|| old.as_ref().map(|old| old.name.clone())),
                description: description
                    .clone()
                    .or_else(|| old.as_ref().map(|old| old.description.clone()))
                    .unwrap_or_default(),
                roles: if roles.is_empty() {
                    old.as_ref().map(|old| old.roles.clone()).unwrap_or_default()
                } else {
                    roles.clone()
                },
                prompt: match prompt {
                    Some(prompt) => input::text(prompt)?,
                    None => old.map(|old| old.prompt).unwrap_or_default(),
                },
            };
            if request.roles.is_empty() {
                return Err(CliError::Usage {
                    what: "a new team needs roles".to_owned(),
                    hint: Some("such as `--roles tech_lead,engineer,qa`; `legion roles` lists them".to_owned()),
                });
            }
            project.set_team(id, &request, None).await?
        }
        TeamsVerb::Delete { id } => {
            project.delete_team(id, None).await?;
            if !output.json {
                output.line(&format!("deleted team `{}`", escape_line(id)))?;
            }
            return Ok(exit::DONE);
        }
    };
    if output.json {
        output.document(&team)?;
    } else {
        output.data(&view::team(&team, &output.look()))?;
    }
    Ok(exit::DONE)
}

async fn find(project: &ProjectClient, id: &str) -> Result<Option<Team>, CliError> {
    Ok(project.teams().await?.teams.into_iter().find(|team| team.id == id))
}

fn none(id: &str) -> CliError {
    let problem = Problem::new(ProblemCode::NotFound, format!("there is no team `{}`", escape_line(id)));
    CliError::from(problem.hint("list them with `legion teams`"))
}
