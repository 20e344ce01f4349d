//! The service's faces: REST, server-sent events, MCP over HTTP.
