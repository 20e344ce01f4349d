//! Paths of the REST interface. Written once: the router, the client and the tests read them here.

/// Liveness of the service. The only path that answers without a token: it says nothing but that the service lives.
pub const HEALTH: &str = "/health";
/// The OpenAPI document.
pub const OPENAPI: &str = "/openapi.json";
/// What the service is: version, pid, data directory, projects.
pub const SERVICE: &str = "/v1/service";
/// Ends the service.
pub const SERVICE_DOWN: &str = "/v1/service/down";
/// Writes a copy of the log.
pub const SERVICE_BACKUP: &str = "/v1/service/backup";
/// The projects the service knows.
pub const PROJECTS: &str = "/v1/projects";
/// Agents: hire with POST, list with GET.
pub const AGENTS: &str = "/v1/org/agents";
/// One agent: read with GET, fire with DELETE.
pub const AGENT: &str = "/v1/org/agents/{id}";
/// Messages to one agent: tell with POST.
pub const AGENT_MESSAGES: &str = "/v1/org/agents/{id}/messages";
/// Ends the turn of one agent.
pub const AGENT_INTERRUPT: &str = "/v1/org/agents/{id}/interrupt";
/// What one agent wrote.
pub const AGENT_LOGS: &str = "/v1/org/agents/{id}/logs";
/// Waits for one agent's open run, or gives its last one.
pub const AGENT_WAIT: &str = "/v1/org/agents/{id}/wait";
/// Ends the turns of all agents.
pub const INTERRUPT_ALL: &str = "/v1/org/interrupt";
/// The caller's inbox and direct reports.
pub const STATUS: &str = "/v1/org/status";
/// The whole organisation.
pub const TREE: &str = "/v1/org/tree";
/// The caller's inbox.
pub const INBOX: &str = "/v1/org/inbox";
/// Marks messages of the caller's inbox as handled.
pub const INBOX_ACK: &str = "/v1/org/inbox/ack";
/// One message with its delivery state.
pub const MESSAGE: &str = "/v1/org/messages/{id}";
/// Permission requests that wait for a person.
pub const APPROVALS: &str = "/v1/org/approvals";
/// Decides one permission request.
pub const APPROVAL: &str = "/v1/org/approvals/{id}";
/// Events as server-sent events; resumes after the number in `Last-Event-ID` or `?after=`.
pub const EVENTS: &str = "/v1/events";
/// The MCP endpoint (streamable HTTP).
pub const MCP: &str = "/mcp";

/// Header with the key under which a call that changes something is done at most once (1 to 128 visible ASCII characters).
pub const IDEMPOTENCY_KEY: &str = "idempotency-key";

/// Fills the `{id}` of a path.
pub fn with_id(path: &str, id: &str) -> String {
    let mut escaped = String::with_capacity(id.len());
    for byte in id.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.') {
            escaped.push(byte as char);
        } else {
            escaped.push_str(&format!("%{byte:02X}"));
        }
    }
    path.replace("{id}", &escaped)
}
