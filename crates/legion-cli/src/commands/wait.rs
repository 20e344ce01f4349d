use std::time::Duration;

use clap::Args;
use legion_api::{ProblemCode, RunResult};
use legion_client::{Client, ClientError};

use crate::{
    connect::connect,
    context::Context,
    error::CliError,
    exit, live,
    text::{escape_block, parse_address, parse_seconds},
    view,
};

/// A service that is being restarted is back within this.
const AWAY_MAX: Duration = Duration::from_secs(60);

/// Wait for an agent's run to end
///
/// Prints the result, and exits with the outcome's code: 0 completed, 1 failed, 5 interrupted, 6 limit, 7 killed. An idle agent's last
/// run is taken.
#[derive(Debug, Args)]
pub(crate) struct WaitArgs {
    /// The agent
    #[arg(value_parser = parse_address)]
    pub id: String,
    /// Give up after this time with exit code 8; the run goes on: seconds, or a span such as 10m
    #[arg(long, value_name = "SPAN", value_parser = parse_seconds)]
    pub timeout: Option<u64>,
}

pub(crate) async fn run(context: Context<'_>, args: &WaitArgs) -> Result<u8, CliError> {
    let client = connect(context).await?;
    until_ended(context, &client, &args.id, args.timeout).await
}

/// Waits for the agent's run and prints its result. The exit code is the outcome's.
pub(crate) async fn until_ended(
    context: Context<'_>,
    client: &Client,
    id: &str,
    timeout: Option<u64>,
) -> Result<u8, CliError> {
    let output = context.output;
    let (id, name) = match client.agent(id).await {
        Ok(agent) => (agent.id, agent.name),
        // An agent may wait for more than it may look into: for its parent and its siblings.
        Err(ClientError::Problem(problem)) if problem.code == ProblemCode::Forbidden => (id.to_owned(), id.to_owned()),
        Err(error) => return Err(error.into()),
    };
    let work = waiting(client, &id, timeout.map(Duration::from_secs));
    let waited = live::show_while(output, client, (&id, &name), work).await??;
    let Some(result) = waited else {
        return Err(CliError::WaitTimedOut { name, seconds: timeout.unwrap_or_default() });
    };
    if output.json {
        output.document(&result)?;
        return Ok(exit::of_outcome(result.outcome));
    }
    if output.stdout_is_terminal() {
        output.line(&escape_block(result.result.trim_end()))?;
    } else if !result.result.is_empty() {
        output.data(&result.result)?;
        if !result.result.ends_with('\n') {
            output.data("\n")?;
        }
    }
    output.note(&view::outcome_line(&name, &result, &output.error_look()));
    Ok(exit::of_outcome(result.outcome))
}

/// Waits for the run; null when the timeout passes first.
async fn waiting(client: &Client, id: &str, timeout: Option<Duration>) -> Result<Option<RunResult>, ClientError> {
    if let Some(timeout) = timeout {
        return client.wait(id, timeout).await;
    }
    loop {
        // In pieces: within one the client waits for a service that is gone, and one that stays away must end the wait.
        if let Some(result) = client.wait(id, AWAY_MAX).await? {
            return Ok(Some(result));
        }
    }
}
