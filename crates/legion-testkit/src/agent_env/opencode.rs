//! The environment and the settings of opencode.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::json;

use super::common::{DUMMY_KEY, common_env, with, write};
use crate::model_server::Dialect;

/// A registry that is not there: opencode asks for updates of its plugins, whatever it is told.
const DEAD_REGISTRY: &str = "http://127.0.0.1:9/";

/// Returns the whole environment for opencode, and writes its settings into `home`: a dummy key, the model `scripted/scripted`
/// at `url` (which ends with `/v1` in every dialect), everything allowed, updates and downloads off, and a dead proxy for
/// anything that is not on the loopback.
pub fn opencode_env(home: &Path, url: &str, dialect: Dialect) -> BTreeMap<String, String> {
    // These come with the program.
    let package = match dialect {
        Dialect::Anthropic => "@ai-sdk/anthropic",
        Dialect::Chat => "@ai-sdk/openai-compatible",
        Dialect::Responses => "@ai-sdk/openai",
    };
    let model = json!({
        "name": "Scripted", "limit": {"context": 200_000, "output": 8_000}, "attachment": true, "reasoning": true,
        "tool_call": true, "modalities": {"input": ["text", "image"], "output": ["text"]},
    });
    let provider = json!({
        "npm": package, "name": "Scripted", "options": {"baseURL": url, "apiKey": DUMMY_KEY},
        "models": {"scripted": model},
    });
    let settings = json!({
        "provider": {"scripted": provider}, "enabled_providers": ["scripted"], "model": "scripted/scripted",
        "small_model": "scripted/scripted", "permission": {"*": "allow"}, "autoupdate": false, "share": "disabled",
    });
    let file = home.join("opencode.json");
    write(&file, &settings.to_string());
    let file = file.display().to_string();
    with(
        common_env(home),
        &[
            ("OPENCODE_CONFIG", file.as_str()),
            ("OPENCODE_DISABLE_AUTOUPDATE", "1"),
            ("OPENCODE_DISABLE_DEFAULT_PLUGINS", "1"),
            ("OPENCODE_DISABLE_LSP_DOWNLOAD", "1"),
            ("OPENCODE_DISABLE_MODELS_FETCH", "1"),
            // Without it anybody on the machine may speak to it.
            ("OPENCODE_SERVER_PASSWORD", "scripted"),
            ("npm_config_registry", DEAD_REGISTRY),
        ],
    )
}
