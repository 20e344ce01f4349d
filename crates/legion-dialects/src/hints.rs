//! Whose call it is, as agents tell it themselves.

use crate::json::{Fields, Path};
use crate::scan::Head;

/// What agents say of themselves with each call. Nothing here is proof: it only sorts the calls of one token.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hints {
    /// The agent program's own session.
    pub session: Option<String>,
    /// The sub-agent that calls.
    pub agent: Option<String>,
    /// The agent that started it.
    pub parent: Option<String>,
    /// What the program calls sub-agents of this kind: `Explore`, `review`.
    pub kind: Option<String>,
}

impl Hints {
    /// Reads the headers (asked for in lower case) and the head of the body.
    pub fn read(header: &dyn Fn(&str) -> Option<String>, head: &Head) -> Self {
        let first = |names: &[&str]| names.iter().find_map(|name| header(name)).filter(|value| !value.is_empty());
        let session = first(&["x-claude-code-session-id", "session_id", "session-id", "x-session-id"])
            .or_else(|| head.user.as_deref().and_then(session_of_user))
            .or_else(|| head.prompt_cache_key.clone());
        Self {
            session,
            agent: first(&["x-claude-code-agent-id"]),
            parent: first(&["x-claude-code-parent-agent-id", "x-codex-parent-thread-id", "x-parent-session-id"]),
            kind: first(&["x-claude-code-agent-type", "x-openai-subagent"]),
        }
    }
}

/// Claude Code writes `user_…_session_UUID`, newer ones a JSON object.
fn session_of_user(user: &str) -> Option<String> {
    if let Ok(mut fields) = serde_json::from_str::<Fields<'_>>(user) {
        return fields.string("session_id", &Path::Root).ok().flatten();
    }
    user.split_once("_session_").map(|(_, session)| session.to_owned()).filter(|session| !session.is_empty())
}
