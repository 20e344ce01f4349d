//! What a request is answered with. Pure but for the counter of failures that is handed in.

use std::time::Duration;

use serde_json::Value;

use super::conversation;
use super::placeholder;
use super::read::{Conversation, Tool, find};
use super::script::{BIG_EVENT_BYTES, Fault, Step, Stop, Usage};

/// The answer when no script says otherwise.
const DEFAULT_TEXT: &str = "ok";
/// In how many chunks a slow text comes when the step does not say.
const SLOW_CHUNKS: usize = 5;
/// The signature of a thought when the step does not say.
const DEFAULT_SIGNATURE: &str = "scripted";
/// What the only event of a stream that fails at once says when the step does not say.
const DEFAULT_ERROR_FRAME: u16 = 529;
/// More chunks or fragments than this are not sent.
const CHUNKS_MAX: usize = 1_000;

/// An answer of the model, with everything filled in.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Answer {
    Message(Box<Message>),
    Error {
        delay: Duration,
        status: u16,
        retry_after: Option<u64>,
        message: String,
    },
    /// An error in a stream whose status is 200.
    ErrorFrame {
        delay: Duration,
        status: u16,
        message: String,
    },
    /// A body without anything, with status 200.
    Empty {
        delay: Duration,
    },
}

#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Message {
    pub thinking: Option<String>,
    pub signature: String,
    pub text: Option<String>,
    pub calls: Vec<Called>,
    pub fragments: usize,
    pub interleave: bool,
    pub no_index: bool,
    pub late_arguments: bool,
    pub stop: Option<Stop>,
    pub usage: Usage,
    pub chunks: usize,
    pub before_chunk: Duration,
    pub delay: Duration,
    pub gate: Option<String>,
    pub hold: Option<String>,
    pub broken: Option<Break>,
}

/// A tool call.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Called {
    pub tool: Tool,
    pub input: Value,
}

/// What happens in the middle of an answer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Break {
    Cut,
    CutInside,
    HalfOpen,
    BadJson,
}

/// A step of a script in one place of one conversation.
pub(super) type StepKey = (usize, usize);

/// Returns the answer to a request.
///
/// `fails` counts a request for a step and returns how many came before it.
pub(super) fn answer(conversation: &Conversation, fails: impl FnOnce(StepKey) -> u32) -> Answer {
    let default = || message(&Step::says(DEFAULT_TEXT), &[], &[], false);
    if conversation.tools.is_empty() {
        return default();
    }
    let position = match conversation::position(&conversation.messages) {
        Ok(Some(position)) => position,
        Ok(None) => return default(),
        Err(reason) => return bad_script(reason),
    };
    let Some(step) = position.steps.get(position.step) else {
        return default();
    };
    let failing = (step.error.is_some() || step.drop || step.fault.is_some())
        && step.times.is_none_or(|times| fails((position.message, position.step)) < times);
    play(step, &conversation.tools, &position.results, failing)
}

/// Returns the answer that a step is by itself; what can go wrong with it does.
pub(super) fn of_step(step: &Step, tools: &[Tool]) -> Answer {
    play(step, tools, &[], true)
}

fn play(step: &Step, tools: &[Tool], results: &[String], failing: bool) -> Answer {
    let delay = seconds(step.delay);
    let reason = |status| step.text.clone().unwrap_or_else(|| format!("scripted error {status}"));
    match (step.fault, step.error) {
        (Some(Fault::ErrorFrame), status) if failing => {
            let status = status.unwrap_or(DEFAULT_ERROR_FRAME);
            Answer::ErrorFrame { delay, status, message: reason(status) }
        }
        (Some(Fault::Empty), _) if failing => Answer::Empty { delay },
        (_, Some(status)) if failing => {
            Answer::Error { delay, status, retry_after: step.retry_after, message: reason(status) }
        }
        _ => message(step, tools, results, failing),
    }
}

fn message(step: &Step, tools: &[Tool], results: &[String], failing: bool) -> Answer {
    let filled = || -> Result<Message, String> {
        let calls = step
            .calls()
            .into_iter()
            .map(|call| {
                let input = placeholder::fill_value(&Value::Object(call.input), results)?;
                Ok(Called { tool: find(tools, &call.tool), input })
            })
            .collect::<Result<Vec<_>, String>>()?;
        let mut text = match &step.text {
            Some(text) => Some(placeholder::fill(text, results)?),
            None => calls.is_empty().then(|| DEFAULT_TEXT.to_owned()),
        };
        let fault = step.fault.filter(|_| failing);
        let broken = if failing && step.drop { Some(Break::Cut) } else { fault.and_then(break_of) };
        let slow = step.slow > 0.0 || step.hold.is_some() || broken.is_some();
        let mut chunks = step.chunks.unwrap_or(if slow { SLOW_CHUNKS } else { 1 });
        if fault == Some(Fault::BigEvent) {
            text = Some(text.unwrap_or_default() + &"x".repeat(BIG_EVENT_BYTES));
            chunks = 1;
        }
        Ok(Message {
            thinking: step.thinking.clone(),
            signature: step.signature.clone().unwrap_or_else(|| DEFAULT_SIGNATURE.to_owned()),
            text,
            calls,
            fragments: step.fragments.unwrap_or(1).clamp(1, CHUNKS_MAX),
            interleave: step.interleave,
            no_index: step.no_index,
            late_arguments: step.late_arguments,
            stop: step.stop,
            usage: step.usage,
            chunks: chunks.clamp(1, CHUNKS_MAX),
            before_chunk: seconds(step.slow),
            delay: seconds(step.delay),
            gate: step.gate.clone(),
            hold: step.hold.clone(),
            broken,
        })
    };
    filled().map_or_else(bad_script, |message| Answer::Message(Box::new(message)))
}

fn break_of(fault: Fault) -> Option<Break> {
    match fault {
        Fault::HalfOpen => Some(Break::HalfOpen),
        Fault::MidEvent => Some(Break::CutInside),
        Fault::BadJson => Some(Break::BadJson),
        Fault::ErrorFrame | Fault::Empty | Fault::BigEvent => None,
    }
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

    fn ask(script: &str) -> Conversation {
        Conversation {
            tools: vec![find(&[], "Bash")],
            messages: vec![json!({"role": "user", "content": script})],
            ..Conversation::default()
        }
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
        let mut conversation = ask(r#"@@[{"text":"no"}]@@"#);
        conversation.tools.clear();
        let Answer::Message(message) = answer(&conversation, |_| 0) else { panic!() };
        assert_eq!(message.text.as_deref(), Some("ok"));
    }

    #[test]
    fn a_fault_comes_as_often_as_told_and_then_the_answer() {
        let ask = ask(r#"@@[{"fault":"error-frame","error":500,"times":1,"text":"fine"}]@@"#);
        assert!(matches!(answer(&ask, |_| 0), Answer::ErrorFrame { status: 500, .. }));
        let Answer::Message(message) = answer(&ask, |_| 1) else { panic!() };
        assert_eq!((message.text.as_deref(), message.broken), (Some("fine"), None));
    }

    #[test]
    fn a_big_event_is_big() {
        let Answer::Message(message) = answer(&ask(r#"@@[{"fault":"big-event"}]@@"#), |_| 0) else { panic!() };
        assert!(message.chunks == 1 && message.text.unwrap().len() > BIG_EVENT_BYTES);
    }

    #[test]
    fn a_placeholder_without_a_value_is_answered_with_400() {
        let answer = answer(&ask(r#"@@[{"tool":"x","input":{"a":"{{result:0}}"}}]@@"#), |_| 0);
        assert!(matches!(answer, Answer::Error { status: 400, .. }));
    }
}
