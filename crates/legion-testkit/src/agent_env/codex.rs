//! The environment and the settings of Codex.

use std::collections::BTreeMap;
use std::path::Path;

use super::common::{DUMMY_KEY, common_env, with, write};

/// Returns the whole environment for Codex, and writes its settings into `home`: a dummy key, the model at `openai_url`
/// (which ends with `/v1`), few retries, telemetry, updates and plugins off, and a dead proxy for anything that is not on
/// the loopback.
///
/// `home` must not lie under `/tmp`: Codex refuses to keep its helpers there.
pub fn codex_env(home: &Path, openai_url: &str) -> BTreeMap<String, String> {
    let codex_home = home.join(".codex");
    // Codex asks `chatgpt_base_url` for what is not the model: there is nobody.
    let settings = format!(
        r#"model = "gpt-5.1-codex"
model_provider = "scripted"
check_for_update_on_startup = false
chatgpt_base_url = "http://127.0.0.1:9/backend-api/"

[analytics]
enabled = false

[features]
apps = false
plugins = false
remote_plugin = false
unbounded_connection_retries = false

[shell_environment_policy]
inherit = "core"

[model_providers.scripted]
name = "scripted"
base_url = "{openai_url}"
wire_api = "responses"
env_key = "SCRIPTED_KEY"
request_max_retries = 2
stream_max_retries = 2
"#
    );
    write(&codex_home.join("config.toml"), &settings);
    let codex_home = codex_home.display().to_string();
    with(common_env(home), &[("CODEX_HOME", codex_home.as_str()), ("SCRIPTED_KEY", DUMMY_KEY)])
}
