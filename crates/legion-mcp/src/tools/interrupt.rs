//! `legion-interrupt`.

use legion_api::InterruptRequest;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{Definition, Effect, TEXT_CHARS_MAX, agent_id, object};
use crate::Caller;
use crate::answer::{ToolError, compact};
use crate::arguments::read;
use crate::key::Key;

pub(super) const NAME: &str = "legion-interrupt";

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Arguments {
    agent: String,
    text: Option<String>,
}

pub(super) fn definition() -> Definition {
    Definition {
        name: NAME,
        title: "Interrupt an agent",
        description: "Stop what an agent below you is doing right now. Its conversation and its files stay as they are; with `text` it goes \
             on with that instead, without it stops and waits for you. Returns the run that is being ended (none when it was idle) and the \
             message it goes on with. Use it when the work goes in a wrong direction; a step that is cut may be half done, so say in `text` \
             what to check. To add something without stopping it use legion-tell.",
        schema: object(
            json!({
                "agent": agent_id("Id of the agent; it must be below you."),
                "text": {"type": "string", "minLength": 1, "maxLength": TEXT_CHARS_MAX, "description": "What it shall do instead, and why. Left out: it stops and waits."}
            }),
            &["agent"],
        ),
        effect: Effect::Ends,
    }
}

pub(super) async fn run(caller: &Caller, key: Key, arguments: Map<String, Value>) -> Result<Value, ToolError> {
    let Arguments { agent, text } = read(arguments)?;
    Ok(compact(&caller.client.interrupt(&agent, &InterruptRequest { text }, Some(&key.text())).await?))
}
