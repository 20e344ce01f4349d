use clap::{Args, ValueEnum};
use legion_api::{ReportRequest, ReportStatus};

use crate::{connect::connect, context::Context, error::CliError, exit, input};

/// Report on your own ticket (for its agents)
///
/// A worker says that it is done, or that it cannot be done; a reviewer lets the work through (`done`) or sends it back (`error`).
#[derive(Debug, Args)]
pub(crate) struct ReportArgs {
    /// How it stands
    #[arg(value_enum)]
    pub state: ReportArg,
    /// What was done, or what is wrong; `-` reads it from standard input
    pub summary: Option<String>,
}

/// A report's state as typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ReportArg {
    /// The work is done; a reviewer: it is good
    Done,
    /// It cannot be done; a reviewer: it must be changed
    Error,
}

impl From<ReportArg> for ReportStatus {
    fn from(state: ReportArg) -> Self {
        match state {
            ReportArg::Done => Self::Done,
            ReportArg::Error => Self::Error,
        }
    }
}

pub(crate) async fn run(context: Context<'_>, args: &ReportArgs) -> Result<u8, CliError> {
    if !context.environment.is_agent() {
        return Err(CliError::Usage {
            what: "only an agent of a ticket reports".to_owned(),
            hint: Some("a person decides with `legion approve`, `deny`, `retry` or `stop`".to_owned()),
        });
    }
    let summary = args.summary.as_deref().map(input::text).transpose()?.unwrap_or_default();
    let project = context.project(&connect(context).await?)?;
    let reported = project.report(&ReportRequest { status: args.state.into(), summary }, None).await?;
    if context.output.json {
        context.output.document(&reported)?;
    } else {
        context.output.line(&format!("reported on ticket {}; its gates decide", reported.ticket))?;
    }
    Ok(exit::DONE)
}
