use clap::{Args, ValueEnum};
use legion_api::AgentStatus;
use legion_client::TreeFilter;

use crate::{connect::connect, context::Context, error::CliError, exit, view};

/// Show the whole organisation
#[derive(Debug, Args)]
pub(crate) struct TreeArgs {
    /// Only agents of this level: L1, L2 … or 1, 2 …
    #[arg(long, value_parser = parse_level)]
    pub level: Option<u32>,
    /// Only this agent and what is below it
    #[arg(long, value_name = "ID")]
    pub parent: Option<String>,
    /// Only agents that do this
    #[arg(long, value_enum)]
    pub status: Option<StatusArg>,
}

/// [`AgentStatus`] as typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum StatusArg {
    /// A run is open and its process lives
    Working,
    /// Anything else
    Idle,
}

impl From<StatusArg> for AgentStatus {
    fn from(status: StatusArg) -> Self {
        match status {
            StatusArg::Working => Self::Working,
            StatusArg::Idle => Self::Idle,
        }
    }
}

/// A level, with or without its `L`.
fn parse_level(text: &str) -> Result<u32, String> {
    let digits = text.strip_prefix(['L', 'l']).unwrap_or(text);
    digits.parse().map_err(|_| "not a level such as `L2` or `2`".to_owned())
}

pub(crate) async fn run(context: Context<'_>, args: &TreeArgs) -> Result<u8, CliError> {
    let filter =
        TreeFilter { level: args.level, parent: args.parent.clone(), status: args.status.map(AgentStatus::from) };
    let client = connect(context).await?;
    let tree = client.tree(&filter).await?;
    if context.output.json {
        context.output.document(&tree)?;
    } else {
        context.output.data(&view::tree(&tree, &context.output.look()))?;
    }
    Ok(exit::DONE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_may_have_its_letter() {
        assert_eq!(parse_level("L2"), Ok(2));
        assert_eq!(parse_level("l2"), Ok(2));
        assert_eq!(parse_level("2"), Ok(2));
        assert!(parse_level("two").is_err());
        assert!(parse_level("L").is_err());
    }
}
