use clap::{Args, Subcommand, ValueEnum};
use legion_api::{Driver, Duty, Problem, ProblemCode, Role, RoleRequest, TextOrList};
use legion_client::ProjectClient;

use super::hire::DriverArg;
use crate::{connect::connect, context::Context, error::CliError, exit, input, text::escape_line, view};

/// Roles: how a member of a team is told to behave, and what it is run with
#[derive(Debug, Args)]
pub(crate) struct RolesArgs {
    #[command(subcommand)]
    pub verb: Option<RolesVerb>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum RolesVerb {
    /// Show all of them (what is done without a subcommand)
    List,
    /// Show one
    Show { id: String },
    /// Make one of your own, or change it
    Set(Box<RoleSetArgs>),
    /// Delete one of your own
    Delete { id: String },
}

#[derive(Debug, Args)]
pub(crate) struct RoleSetArgs {
    /// Small letters, digits and `_`
    pub id: String,
    /// For people (the id when absent)
    #[arg(long)]
    pub name: Option<String>,
    /// What it is for, in a line
    #[arg(long, value_name = "TEXT")]
    pub description: Option<String>,
    /// What it does in a team
    #[arg(long, value_enum)]
    pub duty: Option<DutyArg>,
    /// Put before its assignment; `-` reads it from standard input
    #[arg(long, value_name = "TEXT")]
    pub prompt: Option<String>,
    /// How it is run, instead of as the ticket says
    #[arg(long, value_enum)]
    pub driver: Option<DriverArg>,
    /// Program line of a `command` agent
    #[arg(long, value_name = "PROGRAM ARGS")]
    pub command: Option<String>,
    /// Model that it uses
    #[arg(long)]
    pub model: Option<String>,
}

/// What a role does in a team, as typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum DutyArg {
    /// Does the work
    Write,
    /// Looks at the work and lets it through or sends it back
    Review,
    /// Tries the work against the criteria, after all reviews
    Verify,
}

impl From<DutyArg> for Duty {
    fn from(duty: DutyArg) -> Self {
        match duty {
            DutyArg::Write => Self::Write,
            DutyArg::Review => Self::Review,
            DutyArg::Verify => Self::Verify,
        }
    }
}

pub(crate) async fn run(context: Context<'_>, args: &RolesArgs) -> Result<u8, CliError> {
    let output = context.output;
    let project = context.project(&connect(context).await?)?;
    let role = match args.verb.as_ref().unwrap_or(&RolesVerb::List) {
        RolesVerb::List => {
            let list = project.roles().await?;
            if output.json {
                output.document(&list)?;
            } else {
                output.data(&view::roles(&list.roles, &output.look()))?;
            }
            return Ok(exit::DONE);
        }
        RolesVerb::Show { id } => find(&project, id).await?.ok_or_else(|| none(id))?,
        RolesVerb::Set(set) => {
            let old = find(&project, &set.id).await?;
            project.set_role(&set.id, &set.request(old)?, None).await?
        }
        RolesVerb::Delete { id } => {
            project.delete_role(id, None).await?;
            if !output.json {
                output.line(&format!("deleted role `{}`", escape_line(id)))?;
            }
            return Ok(exit::DONE);
        }
    };
    if output.json {
        output.document(&role)?;
    } else {
        output.data(&view::role(&role, &output.look()))?;
    }
    Ok(exit::DONE)
}

impl RoleSetArgs {
    /// What is not given stays as it is.
    fn request(&self, old: Option<Role>) -> Result<RoleRequest, CliError> {
        let lacks = |what: &str, flag: &str| CliError::Usage {
            what: format!("a new role needs {what}"),
            hint: Some(format!("give it with `{flag}`")),
        };
        let old = old.as_ref();
        let duty = self.duty.map(Duty::from).or(old.map(|old| old.duty));
        let prompt = self.prompt.as_deref().map(input::text).transpose()?;
        let old_command = || old.and_then(|old| old.command.clone());
        Ok(RoleRequest {
            name: self.name.clone().or_else(|| old.map(|old| old.name.clone())),
            description: self
                .description
                .clone()
                .or_else(|| old.map(|old| old.description.clone()))
                .unwrap_or_default(),
            duty: duty.ok_or_else(|| lacks("a duty", "--duty write|review|verify"))?,
            prompt: prompt
                .or_else(|| old.map(|old| old.prompt.clone()))
                .ok_or_else(|| lacks("a prompt", "--prompt TEXT"))?,
            driver: self.driver.map(Driver::from).or(old.and_then(|old| old.driver)),
            command: self.command.clone().or_else(old_command).map(TextOrList::Text),
            model: self.model.clone().or_else(|| old.and_then(|old| old.model.clone())),
        })
    }
}

async fn find(project: &ProjectClient, id: &str) -> Result<Option<Role>, CliError> {
    Ok(project.roles().await?.roles.into_iter().find(|role| role.id == id))
}

fn none(id: &str) -> CliError {
    let problem = Problem::new(ProblemCode::NotFound, format!("there is no role `{}`", escape_line(id)));
    CliError::from(problem.hint("list them with `legion roles`"))
}
