use clap::Args;
use futures_util::StreamExt as _;
use legion_client::TreeFilter;

use crate::{
    connect::connect,
    context::Context,
    error::CliError,
    exit,
    view::{self, Names},
};

/// Show what happens, as it happens
#[derive(Debug, Args)]
pub(crate) struct WatchArgs {
    /// Begin after the event of this number (0 is the beginning of the log; absent, with what happens from now on)
    #[arg(long, value_name = "N")]
    pub after: Option<u64>,
}

pub(crate) async fn run(context: Context<'_>, args: &WatchArgs) -> Result<u8, CliError> {
    let client = connect(context).await?;
    let output = context.output;
    let mut names = Names::default();
    if !output.json {
        names.learn_tree(&client.tree(&TreeFilter::default()).await?);
    }
    let mut events = std::pin::pin!(client.events(args.after));
    while let Some(event) = events.next().await {
        let event = event?;
        if output.json {
            output.document(&event)?;
        } else {
            names.learn_from(&event);
            output.line(&view::event(&event, &names, &output.look()))?;
        }
    }
    Ok(exit::DONE)
}
