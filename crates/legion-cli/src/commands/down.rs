use std::time::Duration;

use clap::Args;
use legion_api::DownReply;
use legion_client::{Client, ClientError, Endpoint};

use crate::{connect, context::Context, error::CliError, exit};

/// A service gives its agents 20 s and what else it does as long; it is given a little more to close its log.
const GONE_WITHIN: Duration = Duration::from_secs(45);
/// How long it may take to say what is not finished.
const ASKED_WITHIN: Duration = Duration::from_secs(2);

/// End the service and all agents
///
/// Every agent is interrupted and its processes are ended. Their conversations stay: tell takes them up again after the next start.
#[derive(Debug, Args)]
pub(crate) struct DownArgs {
    /// Leave the agents running; the next service takes them up again
    #[arg(long)]
    pub keep: bool,
}

pub(crate) async fn run(context: Context<'_>, args: &DownArgs) -> Result<u8, CliError> {
    let Some(endpoint) = connect::running(context).await? else {
        context.output.note("no service is running");
        return Ok(exit::DONE);
    };
    let open = unfinished(&endpoint).await;
    let reply = end(&endpoint, args.keep).await?;
    match open {
        0 => {}
        1 => context
            .output
            .note("1 ticket is not finished: it goes on with the next start of the service, which any command makes"),
        open => context.output.note(&format!(
            "{open} tickets are not finished: they go on with the next start of the service, which any command makes"
        )),
    }
    match reply {
        Some(reply) if context.output.json => context.output.document(&reply)?,
        Some(reply) if args.keep => {
            context.output.line(&format!("service ended, {} runs go on without it", reply.kept))?
        }
        Some(reply) => context.output.line(&format!("service ended, {} runs ended", reply.ended))?,
        None => context.output.note("service ended before it could say what it ended"),
    }
    Ok(exit::DONE)
}

/// Tickets that go on with the next start. None are named when the service is too slow to say: ending it must not wait for that.
async fn unfinished(endpoint: &Endpoint) -> u32 {
    let Ok(client) = Client::to(endpoint) else { return 0 };
    let asked = tokio::time::timeout(ASKED_WITHIN, client.status(None)).await;
    asked.ok().and_then(Result::ok).map_or(0, |status| status.tickets.unfinished())
}

/// Ends the service and waits until it is gone. None when it was gone before it could answer.
pub(crate) async fn end(endpoint: &Endpoint, keep: bool) -> Result<Option<DownReply>, CliError> {
    let holder = connect::holder(endpoint);
    let reply = match Client::to(endpoint)?.down(keep).await {
        Ok(reply) => Some(reply),
        // Lost together with the service: that it is gone is then the answer.
        Err(ClientError::Unreachable { .. }) => None,
        Err(error) => return Err(error.into()),
    };
    connect::until_gone(endpoint, holder, GONE_WITHIN).await?;
    Ok(reply)
}
