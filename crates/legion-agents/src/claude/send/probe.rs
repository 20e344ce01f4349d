use serde_json::json;
use uuid::Uuid;

/// Returns a cheap question that is answered at once, also while a tool runs: the answer proves that the program's own
/// loop is alive, and says how its MCP servers are.
pub fn probe(request: Uuid) -> Vec<u8> {
    super::line::control_request(request, &json!({"subtype": "mcp_status"}))
}
