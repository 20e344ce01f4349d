use clap::Args;
use legion_client::TreeFilter;

use crate::{
    connect::connect,
    context::Context,
    error::CliError,
    exit,
    view::{self, Names},
};

/// Show who was refused what, which secrets were handed out, and what the person let through
#[derive(Debug, Args)]
pub(crate) struct AuditArgs {
    /// Of this agent only: an id, the beginning of one, or a name
    #[arg(long, value_name = "AGENT")]
    pub agent: Option<String>,
}

pub(crate) async fn run(context: Context<'_>, args: &AuditArgs) -> Result<u8, CliError> {
    let client = connect(context).await?;
    let audit = client.audit_all(args.agent.as_deref()).await?;
    let output = context.output;
    if output.json {
        output.document(&audit)?;
        return Ok(exit::DONE);
    }
    let mut names = Names::default();
    names.learn_tree(&client.tree(&TreeFilter::default()).await?);
    for event in &audit.events {
        output.line(&view::event(event, &names, &output.look()))?;
    }
    Ok(exit::DONE)
}
