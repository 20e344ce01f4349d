//! The environment of Claude Code.

use std::collections::BTreeMap;
use std::path::Path;

use super::common::{DUMMY_KEY, common_env, with};

/// Returns the whole environment for Claude Code: a throw-away home, a dummy key, the model at `model_url`, telemetry and
/// updates off, and a dead proxy for anything that is not on the loopback.
pub fn agent_env(home: &Path, model_url: &str) -> BTreeMap<String, String> {
    with(
        common_env(home),
        &[
            ("ANTHROPIC_BASE_URL", model_url),
            ("ANTHROPIC_API_KEY", DUMMY_KEY),
            ("CLAUDE_CODE_MAX_RETRIES", "3"),
            ("CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", "1"),
            ("DISABLE_AUTOUPDATER", "1"),
            ("DISABLE_ERROR_REPORTING", "1"),
            ("DISABLE_TELEMETRY", "1"),
            ("ENABLE_TOOL_SEARCH", "false"),
        ],
    )
}
