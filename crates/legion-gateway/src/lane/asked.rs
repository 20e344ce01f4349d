//! What a caller asked for.

use std::sync::Arc;

use bytes::Bytes;
use http::HeaderMap;
use jiff::Timestamp;
use legion_dialects::hints::Hints;
use legion_dialects::scan::Head;
use legion_dialects::{Dialect, count};

use crate::directory::Caller;
use crate::route::Asker;
use crate::settings::{CassetteMode, Settings};

/// Characters of a session's name that are kept.
const SESSION_CHARS_MAX: usize = 128;

/// A call as it came.
pub(crate) struct Asked {
    pub caller: Arc<Caller>,
    pub settings: Arc<Settings>,
    pub dialect: Dialect,
    pub headers: HeaderMap,
    pub query: Option<String>,
    pub body: Bytes,
    pub head: Head,
    pub hints: Hints,
    /// The headers hold a login of the caller's own, not a token of ours.
    pub own_login: bool,
    pub at: Timestamp,
    pub arrived_ms: u64,
}

impl Asked {
    /// A record answers it: no provider is asked, and it costs nothing.
    pub(crate) fn is_replay(&self) -> bool {
        matches!(self.settings.cassette, CassetteMode::Replay { .. })
    }

    /// The calling program says that a sub-agent of its own is calling.
    pub(crate) fn sub_agent(&self) -> bool {
        self.asker() != Asker::Main
    }

    /// Which of the calling program's own agents asks.
    pub(crate) fn asker(&self) -> Asker<'_> {
        let hints = &self.hints;
        match (&hints.kind, hints.agent.is_some() || hints.parent.is_some()) {
            (None, false) => Asker::Main,
            (kind, _) => Asker::SubAgent(kind.as_deref()),
        }
    }

    /// The calling program's own session.
    pub(crate) fn program_session(&self) -> Option<String> {
        Some(self.hints.session.as_ref()?.chars().take(SESSION_CHARS_MAX).collect())
    }

    /// Tokens of the prompt, roughly and cheaply: for reservations, not for people.
    pub(crate) fn prompt_guess(&self) -> u64 {
        count::guess(&self.body)
    }
}
