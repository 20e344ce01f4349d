//! Why the server ended.

/// Why the server ended before its client hung up.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum McpError {
    /// What came in was no MCP session.
    #[error("failed to open an MCP session")]
    Open(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The task that served the session failed.
    #[error("the MCP session broke")]
    Broken(#[source] Box<dyn std::error::Error + Send + Sync>),
}
