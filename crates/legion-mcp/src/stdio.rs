//! The face on standard input and output: one session, one caller.

use legion_client::Patience;
use rmcp::service::ServerInitializeError;
use rmcp::transport::stdio_pipes;
use tokio::io::{AsyncRead, AsyncWrite};

use crate::handler::{Handler, Source};
use crate::lines::lines;
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
    R: AsyncRead + Send + Unpin,
    W: AsyncWrite + Send + Unpin,
{
    caller.client = caller.client.with_patience(Patience::MCP);
    let lines = lines(input, output);
    let session = async {
        let streams = (lines.kit_input, lines.kit_output);
        let session = match rmcp::serve_server(Handler::new(Source::Session(caller)), streams).await {
            Ok(session) => session,
            // A client that hangs up before it begins wanted nothing.
            Err(ServerInitializeError::ConnectionClosed(_)) => return Ok(()),
            Err(error) => return Err(McpError::Open(error.into())),
        };
        session.waiting().await.map(drop).map_err(|error| McpError::Broken(error.into()))
    };
    let until_closed = async {
        tokio::select! {
            ended = session => ended,
            // An input that has ended, or cannot be read, ends the session by itself.
            never = async { let _ = lines.reading.run().await; std::future::pending().await } => never,
        }
    };
    // What the session has answered is written before the end. A client that does not read any more wants none of it.
    let (ended, _) = tokio::join!(until_closed, lines.writing.run());
    ended
}
