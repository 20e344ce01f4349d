use clap::Args;
use legion_api::{AckRequest, MessageKind};

use crate::{connect::connect, context::Context, error::CliError, exit, view};

/// Show the messages that wait for you
#[derive(Debug, Args)]
pub(crate) struct InboxArgs {
    /// Mark what is shown as handled; permission requests stay until they are decided
    #[arg(long)]
    pub ack: bool,
}

pub(crate) async fn run(context: Context<'_>, args: &InboxArgs) -> Result<u8, CliError> {
    let client = connect(context).await?;
    let inbox = client.inbox().await?;
    if context.output.json {
        context.output.document(&inbox)?;
    } else {
        context.output.data(&view::letters(&inbox.messages, &context.output.look()))?;
    }
    if args.ack {
        // Only what was shown: a message that came meanwhile was not read.
        let shown = inbox.messages.iter().filter(|message| message.kind != MessageKind::Approval);
        let shown: Vec<String> = shown.map(|message| message.id.clone()).collect();
        if !shown.is_empty() {
            client.ack(&AckRequest { messages: Some(shown) }, None).await?;
        }
    }
    Ok(exit::DONE)
}
