use clap::{Args, ValueEnum};

use crate::{connect::connect, context::Context, error::CliError, exit, view};

/// What model calls through the gateway have cost
#[derive(Debug, Args)]
pub(crate) struct CostArgs {
    /// What the lines are by
    #[arg(long, value_enum, default_value_t)]
    pub by: By,
}

/// What lines are by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum By {
    #[default]
    Agent,
    Ticket,
    Model,
    /// In UTC
    Day,
}

impl By {
    fn as_str(self) -> &'static str {
        match self {
            Self::Agent => "agent",
            Self::Ticket => "ticket",
            Self::Model => "model",
            Self::Day => "day",
        }
    }
}

pub(crate) async fn run(context: Context<'_>, args: &CostArgs) -> Result<u8, CliError> {
    let output = context.output;
    let cost = context.project(&connect(context).await?)?.cost(args.by.as_str()).await?;
    if output.json {
        output.document(&cost)?;
    } else {
        output.data(&view::cost(&cost, &output.look()))?;
    }
    Ok(exit::DONE)
}
