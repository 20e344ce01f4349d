use clap::Args;

use crate::{connect::connect, context::Context, error::CliError, exit, text::parse_ticket, view};

/// Take a ticket off the board
///
/// An open attempt is ended. Its files are secured first: `legion undelete` brings them back. What is merged stays merged.
#[derive(Debug, Args)]
pub(crate) struct DeleteArgs {
    /// The ticket
    #[arg(value_parser = parse_ticket)]
    pub id: u32,
    /// Those that wait for it, too
    #[arg(long)]
    pub dependents: bool,
}

pub(crate) async fn run(context: Context<'_>, args: &DeleteArgs) -> Result<u8, CliError> {
    let project = context.project(&connect(context).await?)?;
    let deleted = project.delete_ticket(args.id, args.dependents, None).await?;
    if context.output.json {
        context.output.document(&deleted)?;
    } else {
        context.output.line(&view::took("deleted", &deleted.tickets))?;
    }
    Ok(exit::DONE)
}
