use clap::Args;

use crate::{connect::connect, context::Context, error::CliError, exit, text::parse_address, view};

/// Show who waits for you: the inbox and the direct reports
#[derive(Debug, Args)]
pub(crate) struct StatusArgs {
    /// Show this agent's instead of the caller's
    #[arg(value_parser = parse_address)]
    pub id: Option<String>,
}

pub(crate) async fn run(context: Context<'_>, args: &StatusArgs) -> Result<u8, CliError> {
    let client = connect(context).await?;
    let report = client.status(args.id.as_deref()).await?;
    if context.output.json {
        context.output.document(&report)?;
    } else {
        context.output.data(&view::status(&report, &context.output.look()))?;
    }
    Ok(exit::DONE)
}
