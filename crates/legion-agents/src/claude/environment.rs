//! The environment of Claude Code, built from nothing.

use std::collections::BTreeMap;
use std::path::Path;

use crate::driver::{Login, Start, common_environment};

/// How often a request to the provider is repeated, with doubling pauses from half a second: half a minute in all. The
/// default of ten lets a wrong key look like work for minutes.
const REQUEST_RETRIES_MAX: u32 = 6;

/// The model for small things; older versions know the second name.
const SMALL_MODEL: [&str; 2] = ["ANTHROPIC_DEFAULT_HAIKU_MODEL", "ANTHROPIC_SMALL_FAST_MODEL"];

/// Returns the whole environment for a start.
pub fn environment(start: &Start<'_>) -> BTreeMap<String, String> {
    let mut environment = common_environment(start);
    let own = [
        ("HOME", home(start).to_string_lossy().into_owned()),
        ("CLAUDE_CODE_MAX_RETRIES", REQUEST_RETRIES_MAX.to_string()),
        ("CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", "1".to_owned()),
        // The project's instructions are read, though its settings are not.
        ("CLAUDE_CODE_ADDITIONAL_DIRECTORIES_CLAUDE_MD", "1".to_owned()),
        ("DISABLE_AUTOUPDATER", "1".to_owned()),
        ("DISABLE_ERROR_REPORTING", "1".to_owned()),
        ("DISABLE_TELEMETRY", "1".to_owned()),
        // Without it newer versions hide Legion's tools behind a search.
        ("ENABLE_TOOL_SEARCH", "false".to_owned()),
        // 2.1.197 would not wait for Legion's tools, and the first call of one would fail.
        ("MCP_CONNECTION_NONBLOCKING", "0".to_owned()),
    ];
    environment.extend(own.map(|(name, value)| (name.to_owned(), value)));
    if let (Some(model), Some(_)) = (&start.spec.model, &start.spec.limits.models) {
        // For side tasks and sub-agents the program takes a small model by itself, which the agent may not be allowed.
        environment.extend(SMALL_MODEL.map(|name| (name.to_owned(), model.clone())));
    }
    environment.extend(start.login.variables().clone());
    environment
}

/// Returns the home that the program runs with.
fn home<'a>(start: &Start<'a>) -> &'a Path {
    match start.login {
        Login::Person { home, .. } => home,
        Login::Env(_) | Login::SetupToken(_) => start.home,
    }
}
