use clap::Args;

use crate::{connect::connect, context::Context, error::CliError, exit, text::parse_ticket, view};

/// Show what a ticket waits for, what waits for it, and what those have done
#[derive(Debug, Args)]
pub(crate) struct DepsArgs {
    /// The ticket (an agent's own when absent)
    #[arg(value_parser = parse_ticket)]
    pub id: Option<u32>,
}

pub(crate) async fn run(context: Context<'_>, args: &DepsArgs) -> Result<u8, CliError> {
    let project = context.project(&connect(context).await?)?;
    let deps = match args.id {
        Some(id) => project.deps(id).await?,
        None => project.own_deps().await?,
    };
    if context.output.json {
        context.output.document(&deps)?;
    } else {
        context.output.data(&view::deps(&deps, &context.output.look()))?;
    }
    Ok(exit::DONE)
}
