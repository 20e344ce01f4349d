//! The environment in which tests run an agent program: built from nothing, and with no way out.

use std::collections::BTreeMap;
use std::path::Path;

/// A port on which nothing listens: a proxy there makes every attempt to phone home fail at once.
const DEAD_PROXY: &str = "http://127.0.0.1:9";

/// Returns the whole environment for an agent program: a throw-away home, a dummy key, the model at
/// `model_url`, telemetry and updates off, and a dead proxy for anything that is not on the loopback.
pub fn agent_env(home: &Path, model_url: &str) -> BTreeMap<String, String> {
    let path = std::env::var("PATH").unwrap_or_else(|_| "/usr/local/bin:/usr/bin:/bin".to_owned());
    let home = home.display().to_string();
    [
        ("PATH", path.as_str()),
        ("HOME", &home),
        ("LANG", "C.UTF-8"),
        ("ANTHROPIC_BASE_URL", model_url),
        ("ANTHROPIC_API_KEY", "dummy-key"),
        ("CLAUDE_CODE_MAX_RETRIES", "3"),
        ("CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", "1"),
        ("DISABLE_AUTOUPDATER", "1"),
        ("DISABLE_ERROR_REPORTING", "1"),
        ("DISABLE_TELEMETRY", "1"),
        ("ENABLE_TOOL_SEARCH", "false"),
        ("HTTP_PROXY", DEAD_PROXY),
        ("HTTPS_PROXY", DEAD_PROXY),
        ("NO_PROXY", "127.0.0.1,localhost"),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .collect()
}
