//! Legion as an MCP server: tools, resources and prompts over the REST interface.
