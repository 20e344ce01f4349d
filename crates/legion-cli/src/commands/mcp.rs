use legion_client::{Client, Patience};

use crate::{context::Context, error::CliError, exit};

/// Serves MCP on standard input and output until the agent program closes them. A service that is being restarted is waited for.
pub(crate) async fn run(context: Context<'_>) -> Result<u8, CliError> {
    let client = Client::rediscovering(context.service())?.with_patience(Patience::MCP);
    legion_mcp::serve_stdio(client)
        .await
        .map_err(|error| CliError::Failed { what: format!("failed to serve MCP: {error}"), hint: None })?;
    Ok(exit::DONE)
}
