//! `legion-logs`.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{Definition, Effect, agent_id, object};
use crate::Caller;
use crate::answer::{ANSWER_BYTES_MAX, ToolError, size};
use crate::arguments::read;

pub(super) const NAME: &str = "legion-logs";

const LINES: u32 = 50;
const LINES_MAX: u32 = 1000;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Arguments {
    agent: String,
    #[serde(default = "lines")]
    lines: u32,
}

fn lines() -> u32 {
    LINES
}

pub(super) fn definition() -> Definition {
    Definition {
        name: NAME,
        title: "Read what an agent wrote",
        description: "Read the last lines that an agent below you wrote, oldest first, as it wrote them (for a coding agent: its own JSON \
             lines). Returns lines with time and stream. Use it to find out why an agent failed or seems stuck. Its result comes to you as a \
             message: there is no need to read it here.",
        schema: object(
            json!({
                "agent": agent_id("Id of the agent."),
                "lines": {"type": "integer", "minimum": 1, "maximum": LINES_MAX, "default": LINES, "description": "How many of the last lines."}
            }),
            &["agent"],
        ),
        effect: Effect::Reads,
    }
}

pub(super) async fn run(caller: &Caller, arguments: Map<String, Value>) -> Result<Value, ToolError> {
    let Arguments { agent, lines } = read(arguments)?;
    if !(1..=LINES_MAX).contains(&lines) {
        return Err(ToolError::Arguments(format!("`lines` must be from 1 to {LINES_MAX}")));
    }
    let page = caller.client.logs(&agent, lines).await?;
    // The newest lines matter most: the oldest give way.
    let mut shown = Vec::new();
    let mut bytes = 0;
    for line in page.lines.iter().rev() {
        let mut value = json!({"at": line.at, "stream": line.stream, "text": line.text});
        if size(&value) > ANSWER_BYTES_MAX / 2 {
            value["text"] = format!("{} […]", crate::answer::cut(&line.text, ANSWER_BYTES_MAX / 12)).into();
        }
        bytes += size(&value);
        if bytes > ANSWER_BYTES_MAX {
            break;
        }
        shown.push(value);
    }
    shown.reverse();
    let left_out = page.lines.len() - shown.len();
    let mut answer = json!({ "lines": shown });
    if left_out > 0 {
        answer["left_out"] = left_out.into();
    }
    Ok(answer)
}
