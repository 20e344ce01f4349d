//! `legion-tell`.

use jiff::{SignedDuration, Timestamp};
use legion_api::TellRequest;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{Definition, Effect, TEXT_CHARS_MAX, agent_id, object};
use crate::Caller;
use crate::answer::{ToolError, compact};
use crate::arguments::read;
use crate::key::Key;

pub(super) const NAME: &str = "legion-tell";

/// 30 days.
const BY_SECONDS_MAX: u32 = 2_592_000;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Arguments {
    agent: String,
    text: String,
    #[serde(default)]
    now: bool,
    by: Option<Timestamp>,
    by_seconds: Option<u32>,
}

pub(super) fn definition() -> Definition {
    Definition {
        name: NAME,
        title: "Tell an agent something",
        description: "Send a message to an agent below you, to a sibling, or to your parent. Returns a receipt (id, state, when it will be \
             delivered); the message is stored and reaches the agent exactly once. An idle agent starts to work on it in its same \
             conversation; a working one gets it when its turn ends, or with `now` at its next step. An answer, if you asked for one, comes to \
             you as a message: do not wait or ask again. Use it for new facts, corrections and follow-up work; to make an agent drop what it \
             is doing use legion-interrupt.",
        schema: object(
            json!({
                "agent": agent_id("Id of the agent, or `root` for the person at the top."),
                "text": {"type": "string", "minLength": 1, "maxLength": TEXT_CHARS_MAX, "description": "The message, complete in itself."},
                "now": {"type": "boolean", "default": false, "description": "Deliver it between two steps of a working agent instead of after its turn. For what it must know before it goes on."},
                "by_seconds": {"type": "integer", "minimum": 1, "maximum": BY_SECONDS_MAX, "description": "You are told if the agent has not seen it within this many seconds."},
                "by": {"type": "string", "format": "date-time", "description": "The same as a point in time (RFC 3339). Not together with `by_seconds`."}
            }),
            &["agent", "text"],
        ),
        effect: Effect::Adds,
    }
}

pub(super) async fn run(caller: &Caller, key: Key, arguments: Map<String, Value>) -> Result<Value, ToolError> {
    let Arguments { agent, text, now, by, by_seconds } = read(arguments)?;
    let by = match (by, by_seconds) {
        (Some(_), Some(_)) => return Err(ToolError::Arguments("`by` and `by_seconds` exclude each other".to_owned())),
        (by, None) => by,
        (None, Some(seconds)) if (1..=BY_SECONDS_MAX).contains(&seconds) => {
            Some((caller.clock)() + SignedDuration::from_secs(seconds.into()))
        }
        (None, Some(_)) => {
            return Err(ToolError::Arguments(format!("`by_seconds` must be from 1 to {BY_SECONDS_MAX}")));
        }
    };
    let told = caller.client.tell(&agent, &TellRequest { text, now, by }, Some(&key.text())).await?;
    Ok(compact(&told))
}
