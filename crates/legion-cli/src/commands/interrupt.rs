use clap::Args;
use legion_api::InterruptRequest;

use crate::{
    connect::connect,
    context::Context,
    error::CliError,
    exit, input,
    text::{escape_line, parse_address},
};

/// End the turn of an agent
///
/// Its conversation stays. With a message it goes on with that; without one it stops and waits.
#[derive(Debug, Args)]
pub(crate) struct InterruptArgs {
    /// The agent
    #[arg(required_unless_present = "all", value_parser = parse_address)]
    pub id: Option<String>,
    /// What it shall do instead; `-` reads it from standard input
    #[arg(conflicts_with = "all")]
    pub message: Option<String>,
    /// End the turns of all agents
    #[arg(long, conflicts_with = "id")]
    pub all: bool,
}

pub(crate) async fn run(context: Context<'_>, args: &InterruptArgs) -> Result<u8, CliError> {
    let text = args.message.as_deref().map(input::text).transpose()?;
    let client = connect(context).await?;
    let output = context.output;
    let Some(id) = &args.id else {
        let reply = client.interrupt_all(None).await?;
        if output.json {
            output.document(&reply)?;
        } else {
            output.line(&format!("interrupted {} agents", reply.interrupted.len()))?;
        }
        return Ok(exit::DONE);
    };
    let reply = client.interrupt(id, &InterruptRequest { text }, None).await?;
    if output.json {
        output.document(&reply)?;
    } else {
        let id = escape_line(id);
        let line = match (&reply.run, &reply.message) {
            (Some(_), Some(_)) => format!("interrupted {id} and told it what to do instead"),
            (Some(_), None) => format!("interrupted {id}"),
            (None, Some(_)) => format!("told {id} which was idle"),
            (None, None) => format!("nothing to interrupt: idle is {id}"),
        };
        output.line(&line)?;
    }
    Ok(exit::DONE)
}
