use std::path::PathBuf;

use clap::{Args, ValueEnum};
use legion_api::{Driver, HireRequest, OnRestart, Permissions};

use super::wait;
use crate::{connect::connect, context::Context, error::CliError, exit, input, text::parse_seconds, view};

/// Hire an agent
///
/// It begins to work on its task at once; its id is printed before it has answered. Who hires becomes its parent, and is told when a run
/// of it ends. What is not given is the parent's: model, directory, tools. Limits only narrow going down.
#[derive(Debug, Args)]
pub(crate) struct HireArgs {
    /// What the agent shall do; `-` reads it from standard input
    pub task: String,
    /// Its name: letters, digits, `-`, `_`, `.` (made from the task when absent)
    #[arg(long)]
    pub name: Option<String>,
    /// What it is, such as `reviewer`
    #[arg(long)]
    pub role: Option<String>,
    /// How it is run
    #[arg(long, value_enum)]
    pub driver: Option<DriverArg>,
    /// Program line of a `command` agent
    #[arg(long, value_name = "PROGRAM ARGS")]
    pub command: Option<String>,
    /// Model that it uses
    #[arg(long)]
    pub model: Option<String>,
    /// Working directory, inside the parent's (the person's: the current one)
    #[arg(long, value_name = "DIR")]
    pub cwd: Option<PathBuf>,
    /// Tools that it may use
    #[arg(long, value_name = "A,B", value_delimiter = ',')]
    pub tools: Option<Vec<String>>,
    /// What it may do without asking
    #[arg(long, value_name = "MODE", value_parser = ["default", "acceptEdits", "plan", "dontAsk"])]
    pub permission_mode: Option<String>,
    /// How it is held: at least as its parent
    #[arg(long, value_name = "TIER", value_parser = ["full", "landlock", "none"])]
    pub tier: Option<String>,
    /// Paths that it may read; with any of these three, nothing else of its directory is open to it
    #[arg(long, value_name = "A,B", value_delimiter = ',')]
    pub read: Option<Vec<String>>,
    /// Paths that it may change
    #[arg(long, value_name = "A,B", value_delimiter = ',')]
    pub write: Option<Vec<String>>,
    /// Paths in which it may execute programs
    #[arg(long, value_name = "A,B", value_delimiter = ',')]
    pub execute: Option<Vec<String>>,
    /// Turns of the model in one run
    #[arg(long, value_name = "N")]
    pub max_turns: Option<u32>,
    /// Time that one run may take: seconds, or a span such as 10m
    #[arg(long, value_name = "SPAN", value_parser = parse_seconds)]
    pub timeout: Option<u64>,
    /// Dollars for it and all below it
    #[arg(value_parser = dollars, long, value_name = "USD")]
    pub budget: Option<f64>,
    /// Agents that may exist below it at the same time
    #[arg(long, value_name = "N")]
    pub headcount: Option<u32>,
    /// Levels that may exist below it
    #[arg(long, value_name = "N")]
    pub depth: Option<u32>,
    /// Models that it and all below it may use
    #[arg(long, value_name = "A,B", value_delimiter = ',')]
    pub models: Option<Vec<String>>,
    /// Files that matter for the task, inside its directory
    #[arg(long, value_name = "A,B", value_delimiter = ',')]
    pub files: Option<Vec<String>>,
    /// What becomes of its run when a restart of the service finds its process gone
    #[arg(long, value_enum, value_name = "WHAT")]
    pub on_restart: Option<OnRestartArg>,
    /// Hire it below this agent instead of below the caller
    #[arg(long, value_name = "ID")]
    pub parent: Option<String>,
    /// Wait for its first run to end, print the result, and exit with the outcome's code
    #[arg(long)]
    pub wait: bool,
    /// Do this at most once under this key, however often it is sent
    #[arg(long, value_name = "KEY")]
    pub idempotency_key: Option<String>,
}

/// [`Driver`] as typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum DriverArg {
    /// Claude Code
    Claude,
    /// Any program
    Command,
}

impl From<DriverArg> for Driver {
    fn from(driver: DriverArg) -> Self {
        match driver {
            DriverArg::Claude => Self::Claude,
            DriverArg::Command => Self::Command,
        }
    }
}

/// [`OnRestart`] as typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum OnRestartArg {
    /// It comes back idle and its parent is told
    Idle,
    /// Its run is taken up again
    Resume,
}

impl From<OnRestartArg> for OnRestart {
    fn from(what: OnRestartArg) -> Self {
        match what {
            OnRestartArg::Idle => Self::Idle,
            OnRestartArg::Resume => Self::Resume,
        }
    }
}

pub(crate) async fn run(context: Context<'_>, args: &HireArgs) -> Result<u8, CliError> {
    let request = request(context, args)?;
    let client = connect(context).await?;
    let hired = client.hire(&request, args.idempotency_key.as_deref()).await?;
    context.output.warn(&hired.warnings);
    if args.wait {
        if !context.output.json {
            context.output.note(&view::hired(&hired));
        }
        return wait::until_ended(context, &client, &hired.id, None).await;
    }
    if context.output.json {
        context.output.document(&hired)?;
    } else {
        context.output.line(&view::hired(&hired))?;
    }
    Ok(exit::DONE)
}

fn request(context: Context<'_>, args: &HireArgs) -> Result<HireRequest, CliError> {
    let cwd = match &args.cwd {
        Some(cwd) => Some(context.environment.absolute(cwd)),
        // The person has no directory that could be taken over; an agent has its own.
        None if context.environment.is_agent() || args.parent.is_some() => None,
        None => Some(context.environment.current_dir().to_owned()),
    };
    let cwd = cwd.map(|cwd| {
        cwd.into_os_string().into_string().map_err(|cwd| CliError::Usage {
            what: format!("the directory `{}` is not UTF-8", cwd.to_string_lossy()),
            hint: None,
        })
    });
    Ok(HireRequest {
        task: input::text(&args.task)?,
        name: args.name.clone(),
        role: args.role.clone(),
        driver: args.driver.map(Driver::from),
        command: args.command.clone(),
        model: args.model.clone(),
        cwd: cwd.transpose()?,
        tools: args.tools.as_deref().map(without_blanks),
        permission_mode: args.permission_mode.clone(),
        tier: args.tier.clone(),
        permissions: permissions(args),
        max_turns: args.max_turns,
        timeout_seconds: args.timeout,
        budget_usd: args.budget,
        headcount: args.headcount,
        depth: args.depth,
        models: args.models.as_deref().map(without_blanks),
        parent: args.parent.clone(),
        files: args.files.as_deref().map(without_blanks),
        on_restart: args.on_restart.map(OnRestart::from),
    })
}

fn permissions(args: &HireArgs) -> Option<Permissions> {
    let lists = [&args.read, &args.write, &args.execute];
    lists.iter().any(|list| list.is_some()).then(|| {
        let [read, write, execute] = lists.map(|list| list.as_deref().map(without_blanks).unwrap_or_default());
        Permissions { read, write, execute }
    })
}

/// `--tools ""` means none at all, and `a, b` two.
fn without_blanks(values: &[String]) -> Vec<String> {
    values.iter().map(|value| value.trim()).filter(|value| !value.is_empty()).map(str::to_owned).collect()
}

/// An amount of money: finite, and not below zero.
fn dollars(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(dollars) if dollars.is_finite() && dollars >= 0.0 => Ok(dollars),
        _ => Err("an amount of dollars such as 2.50 is wanted".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_list_is_a_list_without_entries() {
        assert_eq!(without_blanks(&[String::new()]), Vec::<String>::new());
        assert_eq!(without_blanks(&["Read".to_owned(), " Edit".to_owned()]), ["Read", "Edit"]);
    }
}
