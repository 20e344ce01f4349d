use std::sync::Arc;

use legion_client::{Client, Patience};
use legion_mcp::Caller;

use crate::{clock, context::Context, error::CliError, exit};

/// Serves MCP on standard input and output until the agent program closes them. A service that is being restarted is waited for.
pub(crate) async fn run(context: Context<'_>) -> Result<u8, CliError> {
    let client = Client::rediscovering(context.service())?.with_patience(Patience::MCP);
    let id = match (context.environment.text("LEGION_SESSION_ID"), context.environment.text("LEGION_PROCESS_ID")) {
        (Some(agent), Some(process)) => format!("{agent}/{process}"),
        (agent, _) => agent.unwrap_or("root").to_owned(),
    };
    let project = context.project(&client)?.directory().map(str::to_owned);
    legion_mcp::serve_stdio(Caller { client, id, clock: Arc::new(clock::now), project })
        .await
        .map_err(|error| CliError::Failed { what: format!("failed to serve MCP: {error}"), hint: None })?;
    Ok(exit::DONE)
}
