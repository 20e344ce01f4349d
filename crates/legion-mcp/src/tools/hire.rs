//! `legion-hire`.

use legion_api::HireRequest;
use serde_json::{Map, Value, json};

use super::{Definition, Effect, TEXT_CHARS_MAX, agent_id, object};
use crate::Caller;
use crate::answer::{ToolError, compact};
use crate::arguments::read;
use crate::key::Key;

pub(super) const NAME: &str = "legion-hire";

pub(super) fn definition() -> Definition {
    let names = |description: &str, items_max: u32| json!({"type": "array", "items": {"type": "string", "minLength": 1, "maxLength": 4096}, "maxItems": items_max, "description": description});
    let text = |description: &str, chars_max: u32| json!({"type": "string", "minLength": 1, "maxLength": chars_max, "description": description});
    Definition {
        name: NAME,
        title: "Hire an agent",
        description: "Hire an agent that reports to you and starts on its task at once. Returns right away with its id (keep it: every other \
             tool takes it), name, level and warnings; it does not wait for the work. You are told in a message of its own when the agent ends, \
             with its outcome and result: do not poll for it. The agent knows nothing of your conversation: put everything it needs into \
             `task` (goal, the files it may change, what done means, how to check it, what to report). Give agents that work at the same time \
             separate files. What you leave out comes from you: model, directory, tools. Limits can only be narrower than yours.",
        schema: object(
            json!({
                "task": text("What the agent shall do, complete in itself: goal, files it may change, what done means, what to report back.", TEXT_CHARS_MAX),
                "name": {"type": "string", "pattern": "^[A-Za-z0-9._-]{1,64}$", "description": "Short name, unique among your agents, such as `parser-tests`. Made from the task when left out."},
                "role": text("What it is, in a few words, such as `test writer`.", 200),
                "driver": {"type": "string", "enum": ["claude", "command"], "description": "`claude`: a coding agent with a model (the default is your own driver). `command`: any program, without a model."},
                "command": text("Only with driver `command`: the program with its arguments, as a shell would split it. It gets the task on standard input; its exit code is the outcome.", 32_768),
                "model": text("Full id of the model. Yours when left out.", 200),
                "cwd": {"type": "string", "pattern": "^/", "maxLength": 4096, "description": "Absolute directory it works in; yours or one inside it."},
                "tools": names("Tools it may use, such as Read, Edit, Bash. At most what you may use; all of yours when left out.", 200),
                "permission_mode": {"type": "string", "enum": ["default", "acceptEdits", "plan", "dontAsk"], "description": "How it asks before it acts. `acceptEdits` when left out: it edits files unasked."},
                "tier": {"type": "string", "enum": ["full", "landlock", "none"], "description": "How it is held; at least as you are."},
                "permissions": {
                    "type": "object",
                    "additionalProperties": false,
                    "properties": {
                        "read": names("Paths it may read.", 64),
                        "write": names("Paths it may change.", 64),
                        "execute": names("Paths in which it may execute programs.", 64)
                    },
                    "description": "Paths below `cwd`, or absolute, that it may reach; what is not named is closed to it. What you may reach when left out."
                },
                "max_turns": {"type": "integer", "minimum": 1, "maximum": 100_000, "description": "Turns of its model in one run."},
                "timeout_seconds": {"type": "integer", "minimum": 1, "maximum": 2_592_000, "description": "Seconds that one run may take; it is ended then."},
                "budget_usd": {"type": "number", "exclusiveMinimum": 0, "maximum": 1_000_000, "description": "Dollars for it and everything below it, taken out of yours."},
                "headcount": {"type": "integer", "minimum": 0, "maximum": 100_000, "description": "Agents that may exist below it at the same time. 0: it hires nobody."},
                "depth": {"type": "integer", "minimum": 0, "maximum": 1000, "description": "Levels that may exist below it."},
                "models": names("Models that it and everything below it may use.", 100),
                "files": names("Files it should read first: paths inside `cwd`.", 1000),
                "on_restart": {"type": "string", "enum": ["idle", "resume"], "description": "When a restart of the machine cut its run: `idle` tells you (the default), `resume` takes the run up again."},
                "parent": agent_id("Hire below this agent of yours instead of below you: its id.")
            }),
            &["task"],
        ),
        effect: Effect::Adds,
    }
}

pub(super) async fn run(caller: &Caller, key: Key, arguments: Map<String, Value>) -> Result<Value, ToolError> {
    let request: HireRequest = read(arguments)?;
    Ok(compact(&caller.client.hire(&request, Some(&key.text())).await?))
}
