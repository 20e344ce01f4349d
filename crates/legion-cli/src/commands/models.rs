use clap::Args;

use crate::{connect::connect, context::Context, error::CliError, exit, view};

/// Models that can be asked for, with their prices
#[derive(Debug, Args)]
pub(crate) struct ModelsArgs {}

pub(crate) async fn run(context: Context<'_>, _: &ModelsArgs) -> Result<u8, CliError> {
    let output = context.output;
    let list = context.project(&connect(context).await?)?.models().await?;
    if output.json {
        output.document(&list)?;
    } else {
        output.data(&view::models(&list, &output.look()))?;
    }
    Ok(exit::DONE)
}
