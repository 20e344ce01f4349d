use clap::Args;
use legion_api::TellRequest;

use crate::{
    clock,
    connect::connect,
    context::Context,
    error::CliError,
    exit, input,
    text::{DeadlineArg, escape_line, parse_address, parse_deadline},
};

/// Tell an agent something
///
/// An idle agent takes its conversation up again; a working one gets the message when its turn ends.
#[derive(Debug, Args)]
pub(crate) struct TellArgs {
    /// The agent
    #[arg(value_parser = parse_address)]
    pub id: String,
    /// The message; `-` reads it from standard input
    pub message: String,
    /// Deliver it at the next tool boundary of a working agent, where its driver can
    #[arg(long)]
    pub now: bool,
    /// Tell the sender and the agent's parent if it was not seen by then: a moment, or a span such as 10m
    #[arg(long, value_name = "DEADLINE", value_parser = parse_deadline)]
    pub by: Option<DeadlineArg>,
    /// Do this at most once under this key, however often it is sent
    #[arg(long, value_name = "KEY")]
    pub idempotency_key: Option<String>,
}

pub(crate) async fn run(context: Context<'_>, args: &TellArgs) -> Result<u8, CliError> {
    let by = args.by.map(|by| by.at(clock::now()));
    let request = TellRequest { text: input::text(&args.message)?, now: args.now, by };
    let client = connect(context).await?;
    let told = client.tell(&args.id, &request, args.idempotency_key.as_deref()).await?;
    if context.output.json {
        context.output.document(&told)?;
    } else {
        context.output.line(&format!(
            "told {}  {}  message {}",
            escape_line(&args.id),
            escape_line(&told.delivery),
            escape_line(&told.id)
        ))?;
    }
    Ok(exit::DONE)
}
