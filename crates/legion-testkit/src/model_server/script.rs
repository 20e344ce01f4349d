//! The script: what a user message may tell the model server to answer.

use serde::Deserialize;
use serde_json::{Map, Value};

const OPEN: &str = "@@";
const CLOSE: &str = "@@";

/// One answer of the model. Times are in seconds.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(deny_unknown_fields, default)]
pub struct Step {
    /// A thinking block before everything else. May be empty: newer models sign thoughts that they do not show.
    pub thinking: Option<String>,
    /// What `thinking` is signed with: `signature` for Anthropic, `encrypted_content` for Responses. Chat has none.
    pub signature: Option<String>,
    /// The text; may hold placeholders.
    pub text: Option<String>,
    /// One tool call, with `input`.
    pub tool: Option<String>,
    /// The input of `tool`; its strings may hold placeholders.
    pub input: Map<String, Value>,
    /// Several tool calls at once.
    pub tools: Vec<Call>,
    /// In how many fragments the arguments of each tool call are sent.
    pub fragments: Option<usize>,
    /// Send the fragments of all tool calls in turn. Anthropic never does, so it has no effect there.
    pub interleave: bool,
    /// Leave out the `index` of tool calls, as some servers do. Only of Chat.
    #[serde(rename = "no-index")]
    pub no_index: bool,
    /// Send arguments only when a tool call is done, as some servers do. Only of Responses.
    #[serde(rename = "late-arguments")]
    pub late_arguments: bool,
    /// Give another reason of the end than the true one.
    pub stop: Option<Stop>,
    /// Pause before each chunk of the text.
    pub slow: f64,
    /// In how many chunks the text is sent.
    pub chunks: Option<usize>,
    /// Pause before the answer begins.
    pub delay: f64,
    /// The answer begins when the test has opened this gate.
    pub gate: Option<String>,
    /// The text goes on after its first chunk when the test has opened this gate.
    pub hold: Option<String>,
    /// Answer with this status instead.
    pub error: Option<u16>,
    /// The `retry-after` header of `error`, in seconds.
    #[serde(rename = "retry-after")]
    pub retry_after: Option<u64>,
    /// Cut the connection after the first chunk.
    pub drop: bool,
    /// Go wrong in this way.
    pub fault: Option<Fault>,
    /// Only the first this many requests for the step see `error`, `drop` or `fault`.
    pub times: Option<u32>,
    /// Replaces the default usage.
    pub usage: Usage,
}

/// A tool call of a step.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Call {
    pub tool: String,
    #[serde(default)]
    pub input: Map<String, Value>,
}

/// How an answer can go wrong after its status 200. Those with a middle happen after the first chunk of the text.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq)]
#[serde(rename_all = "kebab-case")]
pub enum Fault {
    /// The only event is an error, of the kind that the status `error` has (529 when there is none).
    ErrorFrame,
    /// Nothing comes at all.
    Empty,
    /// Nothing more comes, and the connection stays open.
    HalfOpen,
    /// The connection is cut in the middle of an event.
    MidEvent,
    /// The text is made longer than [`BIG_EVENT_BYTES`] and comes as one event.
    BigEvent,
    /// An event comes that is not JSON.
    BadJson,
}

/// How long the text of [`Fault::BigEvent`] is at least.
pub const BIG_EVENT_BYTES: usize = 10 * 1024 * 1024;

/// The reasons of an end, in the words of Anthropic; each dialect says them in its own.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq)]
#[serde(rename_all = "snake_case")]
pub enum Stop {
    EndTurn,
    ToolUse,
    MaxTokens,
    StopSequence,
    Refusal,
}

/// The tokens a step reports. The defaults differ from each other, so that a mix-up shows.
///
/// The first four are written as they stand; what OpenAI counts differently is worked out from them.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, serde::Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Usage {
    /// Without those read from a cache or written to it.
    pub input_tokens: u64,
    pub output_tokens: u64,
    pub cache_read_input_tokens: u64,
    pub cache_creation_input_tokens: u64,
    /// Those of `cache_creation_input_tokens` that are kept for an hour. Only of Anthropic.
    #[serde(skip_serializing)]
    pub cache_creation_1h_input_tokens: u64,
    /// Those of `output_tokens` that were thoughts. Not of Anthropic.
    #[serde(skip_serializing)]
    pub reasoning_tokens: u64,
}

impl Default for Usage {
    fn default() -> Self {
        Self {
            input_tokens: 100,
            output_tokens: 20,
            cache_read_input_tokens: 40,
            cache_creation_input_tokens: 10,
            cache_creation_1h_input_tokens: 0,
            reasoning_tokens: 5,
        }
    }
}

impl Usage {
    /// Returns all tokens of the input, as OpenAI counts them.
    pub fn whole_input(&self) -> u64 {
        self.input_tokens + self.cache_read_input_tokens + self.cache_creation_input_tokens
    }
}

impl Step {
    /// Returns the step that only says `text`.
    pub fn says(text: &str) -> Self {
        Self { text: Some(text.to_owned()), ..Self::default() }
    }

    /// Returns all tool calls of the step.
    pub fn calls(&self) -> Vec<Call> {
        let single = self.tool.iter().map(|tool| Call { tool: tool.clone(), input: self.input.clone() });
        single.chain(self.tools.iter().cloned()).collect()
    }
}

/// Where a script stands in a text: the bytes of the whole, and of the JSON in it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Place {
    pub start: usize,
    pub end: usize,
}

/// Returns the places of all scripts in `text`, outermost ones only.
pub(super) fn places(text: &str) -> Vec<Place> {
    let mut places = Vec::new();
    let mut from = 0;
    while let Some(found) = text[from..].find("@@[") {
        let start = from + found;
        let json = &text[start + OPEN.len()..];
        let mut values = serde_json::Deserializer::from_str(json).into_iter::<Value>();
        // The JSON reader finds the end: a nested script holds `]@@` inside a string.
        let length = match values.next() {
            Some(Ok(_)) => Some(values.byte_offset()),
            _ => json.find("]@@").map(|bracket| bracket + 1),
        };
        match length {
            Some(length) if json[length..].trim_start().starts_with(CLOSE) => {
                let spaces = json[length..].len() - json[length..].trim_start().len();
                let end = start + OPEN.len() + length + spaces + CLOSE.len();
                places.push(Place { start, end });
                from = end;
            }
            _ => from = start + OPEN.len(),
        }
    }
    places
}

/// Reads the script at `place` of `text`.
pub(super) fn parse(text: &str, place: Place) -> Result<Vec<Step>, String> {
    let json = &text[place.start + OPEN.len()..place.end - CLOSE.len()];
    let steps: Vec<Step> = serde_json::from_str(json).map_err(|error| format!("script not understood: {error}"))?;
    for step in &steps {
        if !(step.slow.is_finite() && step.delay.is_finite() && step.slow >= 0.0 && step.delay >= 0.0) {
            return Err("script not understood: `slow` and `delay` are seconds".to_owned());
        }
    }
    Ok(steps)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_may_hold_a_script() {
        let inner = r#"do @@[{"text":"inner ]@@ done"}]@@"#;
        let text = format!("before @@[{}]@@ after", serde_json::json!({ "tool": "hire", "input": { "task": inner } }));
        let places = places(&text);
        assert_eq!(places.len(), 1);
        assert_eq!(&text[places[0].end..], " after");
        let steps = parse(&text, places[0]).unwrap();
        assert_eq!(steps[0].calls()[0].input["task"], inner);
    }

    #[test]
    fn an_unknown_word_in_a_script_is_named() {
        let text = r#"@@[{"txet":"a"}]@@"#;
        let error = parse(text, places(text)[0]).unwrap_err();
        assert!(error.contains("txet"), "{error}");
    }

    #[test]
    fn a_broken_script_is_still_found_and_an_unclosed_one_is_none() {
        let text = r#"@@[{"text":}]@@"#;
        assert!(parse(text, places(text)[0]).is_err());
        assert_eq!(places("mail me @@[ home"), []);
    }
}
