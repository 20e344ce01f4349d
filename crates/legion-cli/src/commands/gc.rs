use clap::Args;

use crate::{connect::connect, context::Context, error::CliError, exit, text::escape_line};

/// Remove what no ticket needs any more: clones whose files are secured, caches, files of crashes
#[derive(Debug, Args)]
pub(crate) struct GcArgs {}

pub(crate) async fn run(context: Context<'_>, _: &GcArgs) -> Result<u8, CliError> {
    let garbage = context.project(&connect(context).await?)?.gc().await?;
    if context.output.json {
        context.output.document(&garbage)?;
    } else {
        context.output.line(&format!(
            "removed {} clones, {} agents, {} runs of gates",
            garbage.clones, garbage.agents, garbage.gate_runs
        ))?;
    }
    for kept in &garbage.kept {
        context.output.note(&format!("kept: {}", escape_line(kept)));
    }
    Ok(exit::DONE)
}
