//! `legion-retry`.

use legion_api::{PlanDuration, RetryRequest, TextOrList};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::schema::{command_lines, text, texts, ticket};
use super::{Definition, Effect, TEXT_CHARS_MAX, object};
use crate::Caller;
use crate::answer::{ToolError, compact};
use crate::arguments::read;
use crate::key::Key;

pub(super) const NAME: &str = "legion-retry";

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Arguments {
    ticket: u32,
    feedback: Option<String>,
    prompt: Option<String>,
    context: Option<String>,
    criteria: Option<TextOrList>,
    gate: Option<TextOrList>,
    files: Option<Vec<String>>,
    model: Option<String>,
    command: Option<String>,
    max_attempts: Option<u32>,
    timeout_seconds: Option<u64>,
}

pub(super) fn definition() -> Definition {
    Definition {
        name: NAME,
        title: "Try a ticket again",
        description: "Open a ticket again that failed, was stopped or skipped, with those that were skipped because of it. Find out first why it \
             failed (legion-check with `ticket`, legion-diff), then change something: say in `feedback` what to do differently, or mend the \
             ticket itself. What you leave out stays as it was. Returns the numbers that were opened.",
        schema: object(
            json!({
                "ticket": ticket("The ticket."),
                "feedback": text("What the next attempt shall do differently, and why the last one failed.", TEXT_CHARS_MAX),
                "prompt": text("New text of what shall be done.", TEXT_CHARS_MAX),
                "context": text("New context.", TEXT_CHARS_MAX),
                "criteria": texts("New criteria.", 256),
                "gate": command_lines("New gates."),
                "files": texts("New globs of files.", 256),
                "model": text("Full id of another model.", 200),
                "command": text("Another program of a `command` agent.", 32_768),
                "max_attempts": {"type": "integer", "minimum": 1, "maximum": 10, "description": "Attempts before it has failed."},
                "timeout_seconds": {"type": "integer", "minimum": 1, "maximum": 86_400, "description": "Seconds that one attempt may take."}
            }),
            &["ticket"],
        ),
        effect: Effect::Adds,
    }
}

pub(super) async fn run(caller: &Caller, key: Key, arguments: Map<String, Value>) -> Result<Value, ToolError> {
    let given: Arguments = read(arguments)?;
    let request = RetryRequest {
        feedback: given.feedback,
        prompt: given.prompt,
        context: given.context,
        criteria: given.criteria,
        gate: given.gate,
        gate_timeout: None,
        model: given.model,
        command: given.command.map(TextOrList::Text),
        max_attempts: given.max_attempts,
        timeout: given.timeout_seconds.map(|seconds| PlanDuration { seconds }),
        files: given.files,
    };
    Ok(compact(&caller.project().retry(given.ticket, &request, Some(&key.text())).await?))
}
