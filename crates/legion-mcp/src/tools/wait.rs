//! `legion-wait`.

use std::time::Duration;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{Definition, Effect, agent_id, object};
use crate::Caller;
use crate::answer::{ANSWER_BYTES_MAX, ToolError, compact, cut, size};
use crate::arguments::read;

pub(super) const NAME: &str = "legion-wait";

const SECONDS: u64 = 60;
const SECONDS_MAX: u64 = 600;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Arguments {
    agent: String,
    #[serde(default = "seconds")]
    timeout_seconds: u64,
}

fn seconds() -> u64 {
    SECONDS
}

pub(super) fn definition() -> Definition {
    Definition {
        name: NAME,
        title: "Wait for an agent",
        description: "Wait until the open run of an agent below you ends, or take the result of its last run. You normally do not need this: \
             finish what you can do, end your turn, and you are woken with the agent's result; waiting here only costs your own time and \
             limits. Use it only when the next step of this same turn needs the result. Returns `ended` with outcome, result, usage and cost; \
             or `ended` false when the time passed, and then the agent works on.",
        schema: object(
            json!({
                "agent": agent_id("Id of the agent; it must be below you."),
                "timeout_seconds": {"type": "integer", "minimum": 0, "maximum": SECONDS_MAX, "default": SECONDS, "description": "The longest to wait."}
            }),
            &["agent"],
        ),
        effect: Effect::Reads,
    }
}

pub(super) async fn run(caller: &Caller, arguments: Map<String, Value>) -> Result<Value, ToolError> {
    let Arguments { agent, timeout_seconds } = read(arguments)?;
    if timeout_seconds > SECONDS_MAX {
        return Err(ToolError::Arguments(format!("`timeout_seconds` must be at most {SECONDS_MAX}")));
    }
    let Some(result) = caller.client.wait(&agent, Duration::from_secs(timeout_seconds)).await? else {
        return Ok(json!({
            "ended": false,
            "hint": "it is still working; you will be told when it ends, so do something else or end your turn"
        }));
    };
    let mut run = compact(&result);
    if size(&run) > ANSWER_BYTES_MAX {
        run["result"] = format!("{} […]", cut(&result.result, ANSWER_BYTES_MAX / 12)).into();
        if let Some(error) = &result.error {
            run["error"] = cut(error, ANSWER_BYTES_MAX / 12).into();
        }
    }
    Ok(json!({"ended": true, "run": run}))
}
