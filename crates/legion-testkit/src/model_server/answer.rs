//! What a request is answered with. Pure but for the counter of failures that is handed in.

use std::time::Duration;

use serde_json::Value;

use super::conversation;
use super::placeholder;
use super::script::{Step, Usage};

/// The answer when no script says otherwise.
const DEFAULT_TEXT: &str = "ok";
/// In how many chunks a slow text comes when the step does not say.
const SLOW_CHUNKS: usize = 5;
/// More chunks than this are not sent.
const CHUNKS_MAX: usize = 1_000;

/// An answer of the model, with everything filled in.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Answer {
    Message(Message),
    Error { delay: Duration, status: u16, retry_after: Option<u64>, message: String },
}

#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Message {
    pub thinking: Option<String>,
    pub text: Option<String>,
    /// Name and input.
    pub calls: Vec<(String, Value)>,
    pub usage: Usage,
    pub chunks: usize,
    pub before_chunk: Duration,
    pub delay: Duration,
    pub gate: Option<String>,
    pub hold: Option<String>,
    pub cut: bool,
}

/// A step of a script in one place of one conversation.
pub(super) type StepKey = (usize, usize);

/// Returns the answer to a request body.
///
/// `fails` counts a request for a step and returns how many came before it.
pub(super) fn answer(body: &Value, fails: impl FnOnce(StepKey) -> u32) -> Answer {
    let has_tools = body["tools"].as_array().is_some_and(|tools| !tools.is_empty());
    let messages = body["messages"].as_array().map_or(&[][..], Vec::as_slice);
    if !has_tools {
        return message(&Step::says(DEFAULT_TEXT), &[], false);
    }
    let position = match conversation::position(messages) {
        Ok(Some(position)) => position,
        Ok(None) => return message(&Step::says(DEFAULT_TEXT), &[], false),
        Err(reason) => return bad_script(reason),
    };
    let Some(step) = position.steps.get(position.step) else {
        return message(&Step::says(DEFAULT_TEXT), &[], false);
    };
    let fault = (step.error.is_some() || step.drop)
        && step.times.is_none_or(|times| fails((position.message, position.step)) < times);
    match step.error {
        Some(status) if fault => Answer::Error {
            delay: seconds(step.delay),
            status,
            retry_after: step.retry_after,
            message: step.text.clone().unwrap_or_else(|| format!("scripted error {status}")),
        },
        _ => message(step, &position.results, fault && step.drop),
    }
}

fn message(step: &Step, results: &[String], cut: bool) -> Answer {
    let filled = || -> Result<Message, String> {
        let calls = step
            .calls()
            .into_iter()
            .map(|call| Ok((call.tool, placeholder::fill_value(&Value::Object(call.input), results)?)))
            .collect::<Result<Vec<_>, String>>()?;
        let text = match &step.text {
            Some(text) => Some(placeholder::fill(text, results)?),
            None => calls.is_empty().then(|| DEFAULT_TEXT.to_owned()),
        };
        let slow = step.slow > 0.0 || step.hold.is_some() || cut;
        Ok(Message {
            thinking: step.thinking.clone(),
            text,
            calls,
            usage: step.usage,
            chunks: step.chunks.unwrap_or(if slow { SLOW_CHUNKS } else { 1 }).clamp(1, CHUNKS_MAX),
            before_chunk: seconds(step.slow),
            delay: seconds(step.delay),
            gate: step.gate.clone(),
            hold: step.hold.clone(),
            cut,
        })
    };
    filled().map_or_else(bad_script, Answer::Message)
}

fn bad_script(message: String) -> Answer {
    Answer::Error { delay: Duration::ZERO, status: 400, retry_after: None, message }
}

fn seconds(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds).unwrap_or(Duration::ZERO)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn ask(script: &str) -> Value {
        json!({"tools": [{"name": "Bash"}], "messages": [{"role": "user", "content": script}]})
    }

    #[test]
    fn an_error_comes_as_often_as_told_and_then_the_text() {
        let body = ask(r#"@@[{"error":529,"retry-after":1,"times":2,"text":"fine"}]@@"#);
        assert!(matches!(answer(&body, |_| 1), Answer::Error { status: 529, retry_after: Some(1), .. }));
        let Answer::Message(message) = answer(&body, |_| 2) else { panic!() };
        assert_eq!(message.text.as_deref(), Some("fine"));
    }

    #[test]
    fn a_request_without_tools_is_a_side_request() {
        let mut body = ask(r#"@@[{"text":"no"}]@@"#);
        body["tools"] = json!([]);
        let Answer::Message(message) = answer(&body, |_| 0) else { panic!() };
        assert_eq!(message.text.as_deref(), Some("ok"));
    }

    #[test]
    fn a_placeholder_without_a_value_is_answered_with_400() {
        let answer = answer(&ask(r#"@@[{"tool":"x","input":{"a":"{{result:0}}"}}]@@"#), |_| 0);
        assert!(matches!(answer, Answer::Error { status: 400, .. }));
    }
}
