use clap::Args;

use crate::{connect::connect, context::Context, error::CliError, exit, text::parse_ticket, view};

/// Show what the gates of a ticket printed
///
/// What its agent wrote is shown by `legion logs AGENT`.
#[derive(Debug, Args)]
pub(crate) struct LogArgs {
    /// The ticket
    #[arg(value_parser = parse_ticket)]
    pub id: u32,
}

pub(crate) async fn run(context: Context<'_>, args: &LogArgs) -> Result<u8, CliError> {
    let project = context.project(&connect(context).await?)?;
    let detail = project.ticket(args.id).await?;
    if context.output.json {
        context.output.document(&detail)?;
    } else {
        context.output.data(&view::gate_log(&detail, &context.output.look()))?;
    }
    Ok(exit::DONE)
}
