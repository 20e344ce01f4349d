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
/// Refusals, secrets that were handed out, and what the person let through.
pub const AUDIT: &str = "/v1/audit";
/// Contents of files that may configure agent programs: read with GET, set with POST.
pub const TRUST: &str = "/v1/trust";
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
/// What agents take of the machine now.
pub const USAGE: &str = "/v1/org/usage";
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
/// The control repository of a project: read with GET, made with POST.
pub const REPOSITORY: &str = "/v1/repository";
/// Clears away what nobody needs any more.
pub const REPOSITORY_GC: &str = "/v1/repository/gc";
/// Sessions: open with POST, list with GET.
pub const SESSIONS: &str = "/v1/sessions";
/// One session by its name: read with GET, set with PATCH, delete with DELETE.
pub const SESSION: &str = "/v1/sessions/{id}";
/// From now on calls that name no session mean this one; a completed one goes on.
pub const SESSION_USE: &str = "/v1/sessions/{id}/use";
/// Completes a session without unfinished tickets.
pub const SESSION_COMPLETE: &str = "/v1/sessions/{id}/complete";
/// Brings commits of the person into a session.
pub const SESSION_IMPORT: &str = "/v1/sessions/{id}/import";
/// Tickets: dispatch one with POST, list with GET.
pub const TICKETS: &str = "/v1/tickets";
/// Stops every unfinished ticket.
pub const TICKETS_STOP: &str = "/v1/tickets/stop";
/// One ticket by its number: read with GET, delete with DELETE. What only reads knows the caller's own ticket as `self`.
pub const TICKET: &str = "/v1/tickets/{id}";
/// Who moves each unfinished ticket on, and until when.
pub const TICKETS_WHY: &str = "/v1/tickets/why";
/// Stops one ticket.
pub const TICKET_STOP: &str = "/v1/tickets/{id}/stop";
/// Opens one ticket again.
pub const TICKET_RETRY: &str = "/v1/tickets/{id}/retry";
/// What one ticket changes.
pub const TICKET_DIFF: &str = "/v1/tickets/{id}/diff";
/// What one ticket waits for or builds on.
pub const TICKET_DEPS: &str = "/v1/tickets/{id}/deps";
/// Who moves one ticket on, and until when.
pub const TICKET_WHY: &str = "/v1/tickets/{id}/why";
/// What the agent of one ticket wrote.
pub const TICKET_LOG: &str = "/v1/tickets/{id}/log";
/// Files of one ticket that were secured.
pub const TICKET_RESCUES: &str = "/v1/tickets/{id}/rescues";
/// Files of all tickets that were secured.
pub const RESCUES: &str = "/v1/rescues";
/// Brings files of one ticket back.
pub const TICKET_UNDELETE: &str = "/v1/tickets/{id}/undelete";
/// Lets changes of one ticket to protected files through.
pub const TICKET_APPROVE: &str = "/v1/tickets/{id}/approve";
/// Sends changes of one ticket to protected files back.
pub const TICKET_DENY: &str = "/v1/tickets/{id}/deny";
/// Dispatches a whole plan, or only checks it.
pub const PLANS: &str = "/v1/plans";
/// What a ticket's agent says about its work.
pub const REPORT: &str = "/v1/report";
/// Roles.
pub const ROLES: &str = "/v1/roles";
/// One role: set with PUT, delete with DELETE.
pub const ROLE: &str = "/v1/roles/{id}";
/// Teams.
pub const TEAMS: &str = "/v1/teams";
/// One team: set with PUT, delete with DELETE.
pub const TEAM: &str = "/v1/teams/{id}";
/// Providers of models.
pub const PROVIDERS: &str = "/v1/providers";
/// One provider: set with PUT, remove with DELETE.
pub const PROVIDER: &str = "/v1/providers/{id}";
/// Asks one provider for its models.
pub const PROVIDER_TEST: &str = "/v1/providers/{id}/test";
/// Models that can be asked for.
pub const MODELS: &str = "/v1/models";
/// What models cost, and where that is known from.
pub const PRICES: &str = "/v1/prices";
/// Takes a new table of prices.
pub const PRICES_UPDATE: &str = "/v1/prices/update";
/// The matrix of routes: read with GET, set one with PUT.
pub const ROUTES: &str = "/v1/routes";
/// Removes a route.
pub const ROUTES_REMOVE: &str = "/v1/routes/remove";
/// Budgets: read with GET, set one with PUT.
pub const BUDGETS: &str = "/v1/budgets";
/// Removes a budget.
pub const BUDGETS_REMOVE: &str = "/v1/budgets/remove";
/// Says what was spent of money that a service left open when it died.
pub const BUDGETS_RECONCILE: &str = "/v1/budgets/reconcile";
/// What was spent on model calls.
pub const COST: &str = "/v1/cost";
/// Base URLs of the gateway for one caller.
pub const GATEWAY_URL: &str = "/v1/gateway/url";
/// Cassettes: read with GET, record or replay with PUT.
pub const CASSETTES: &str = "/v1/cassettes";
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
