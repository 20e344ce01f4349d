//! The MCP server as its clients meet it.

mod claude_code;
mod support;
mod tools;
