//! `legion-fire`.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{Definition, Effect, agent_id, object};
use crate::Caller;
use crate::answer::{ToolError, compact};
use crate::arguments::read;
use crate::key::Key;

pub(super) const NAME: &str = "legion-fire";

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Arguments {
    agent: String,
    #[serde(default)]
    keep_reports: bool,
}

pub(super) fn definition() -> Definition {
    Definition {
        name: NAME,
        title: "Fire an agent",
        description: "Let an agent below you go for good: its processes are ended and everything below it is fired too. Its conversation \
             cannot be taken up again; its files stay. Returns who was fired and whether every process is gone (it may take 10 seconds). Fire \
             agents whose work you have taken over and do not need again: that frees headcount and what is left of their budget. An idle agent \
             costs nothing, so keep one that you may have questions for.",
        schema: object(
            json!({
                "agent": agent_id("Id of the agent; it must be below you."),
                "keep_reports": {"type": "boolean", "default": false, "description": "Its reports are not fired but go to its parent."}
            }),
            &["agent"],
        ),
        effect: Effect::Ends,
    }
}

pub(super) async fn run(caller: &Caller, key: Key, arguments: Map<String, Value>) -> Result<Value, ToolError> {
    let Arguments { agent, keep_reports } = read(arguments)?;
    Ok(compact(&caller.client.fire(&agent, keep_reports, Some(&key.text())).await?))
}
