//! How the agent calls Legion: the MCP server that Claude Code starts.

use serde_json::{Value, json};

use crate::driver::Access;

/// The name of the server; its tools are called `mcp__legion__…`.
pub(super) const SERVER: &str = "legion";

/// Returns the configuration of MCP servers. It stands in the arguments, which everybody can read: secrets are named by
/// their variable, which the program replaces from its environment.
pub(super) fn configuration(access: &Access) -> Value {
    json!({"mcpServers": {SERVER: {
        "type": "stdio",
        "command": access.legion.to_string_lossy(),
        "args": ["mcp"],
        "env": {
            "LEGION_URL": "${LEGION_URL}",
            "LEGION_SESSION_ID": "${LEGION_SESSION_ID}",
            "LEGION_TOKEN": "${LEGION_TOKEN}",
            "LEGION_SERVICE_FILE": "${LEGION_SERVICE_FILE}",
        },
    }}})
}
