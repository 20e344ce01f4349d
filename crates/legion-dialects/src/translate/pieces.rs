//! Single events, judged for the sequencer; and the reason of the end.

use crate::error::{Class, UpstreamError};
use crate::neutral::{Event, Stop};

/// Why an answer ended: a provider's word against what it did.
pub fn reason(said: Option<Stop>, has_calls: bool) -> Stop {
    match (said.unwrap_or(Stop::EndTurn), has_calls) {
        (Stop::EndTurn | Stop::StopSequence(_) | Stop::Other(_), true) => Stop::ToolUse,
        (Stop::ToolUse, false) => Stop::EndTurn,
        (said, _) => said,
    }
}

/// Whether an event can begin a block. Empty text opens nothing: empty blocks are refused when they come back.
pub fn opens(event: &Event) -> bool {
    match event {
        Event::Text { text, .. } | Event::Think { text, .. } => !text.is_empty(),
        Event::Signature { .. } | Event::Redacted { .. } | Event::ToolOpen { .. } => true,
        _ => false,
    }
}

/// What holding an event costs, in bytes.
pub fn weight(event: &Event) -> usize {
    const EVENT_BYTES: usize = 64;
    EVENT_BYTES
        + match event {
            Event::Text { text, .. } | Event::Think { text, .. } => text.len(),
            Event::Signature { native, .. } | Event::Redacted { native, .. } => native.len(),
            Event::ToolArguments { fragment, .. } => fragment.len(),
            Event::ToolOpen { name, .. } => name.len(),
            _ => 0,
        }
}

/// The error of a stream without an answer.
pub fn empty() -> UpstreamError {
    UpstreamError::new(Class::Overloaded, "the provider's answer was empty")
}
