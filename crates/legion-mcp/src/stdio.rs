//! The face on standard input and output: one session, one caller.

use legion_client::Patience;
use rmcp::service::ServerInitializeError;
use rmcp::transport::stdio_pipes;
use tokio::io::{AsyncRead, AsyncWrite};

use crate::handler::{Handler, Source};
use crate::{Caller, McpError};

/// Serves one MCP session on standard input and output until the input ends.
///
/// Needs no service to start. A call during a restart of the service is repeated under the same key for up to a minute.
pub async fn serve_stdio(caller: Caller) -> Result<(), McpError> {
    let (input, output) = stdio_pipes();
    serve(caller, input, output).await
}

/// Serves one MCP session on any pair of streams until the input ends.
pub async fn serve<R, W>(mut caller: Caller, input: R, output: W) -> Result<(), McpError>
where
    R: AsyncRead + Send + Unpin + 'static,
    W: AsyncWrite + Send + Unpin + 'static,
{
    caller.client = caller.client.with_patience(Patience::MCP);
    let session = match rmcp::serve_server(Handler::new(Source::Session(caller)), (input, output)).await {
        Ok(session) => session,
        // A client that hangs up before it begins wanted nothing.
        Err(ServerInitializeError::ConnectionClosed(_)) => return Ok(()),
        Err(error) => return Err(McpError::Open(error.into())),
    };
    session.waiting().await.map(drop).map_err(|error| McpError::Broken(error.into()))
}
