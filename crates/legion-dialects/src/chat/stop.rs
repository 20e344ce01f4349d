//! Why an answer ended, in this dialect's words.

use crate::neutral::Stop;

pub fn read(word: &str) -> Stop {
    match word {
        "stop" => Stop::EndTurn,
        "length" => Stop::MaxTokens,
        "tool_calls" | "function_call" => Stop::ToolUse,
        "content_filter" => Stop::Refusal,
        other => Stop::Other(other.to_owned()),
    }
}

pub fn write(stop: &Stop) -> &'static str {
    match stop {
        Stop::EndTurn | Stop::PauseTurn | Stop::StopSequence(_) | Stop::Other(_) => "stop",
        Stop::MaxTokens | Stop::ContextWindow => "length",
        Stop::ToolUse => "tool_calls",
        Stop::Refusal => "content_filter",
    }
}
