//! `legion-dispatch`.

use legion_api::{DispatchRequest, PlanDuration, PlanUpstream, TextOrList};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::schema::{command_lines, session, text, texts};
use super::{Definition, Effect, TEXT_CHARS_MAX, object};
use crate::Caller;
use crate::answer::{ToolError, compact};
use crate::arguments::read;
use crate::key::Key;

pub(super) const NAME: &str = "legion-dispatch";

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Arguments {
    worker_id: Option<u32>,
    title: Option<String>,
    prompt: Option<String>,
    context: Option<String>,
    criteria: Option<TextOrList>,
    #[serde(default)]
    after: Vec<PlanUpstream>,
    plan: Option<String>,
    #[serde(default)]
    checkpoint: bool,
    gate: Option<TextOrList>,
    gate_timeout_seconds: Option<u64>,
    files: Option<Vec<String>>,
    team: Option<String>,
    role: Option<String>,
    group: Option<String>,
    driver: Option<String>,
    command: Option<String>,
    model: Option<String>,
    max_attempts: Option<u32>,
    timeout_seconds: Option<u64>,
    on_upstream: Option<String>,
    session: Option<String>,
}

pub(super) fn definition() -> Definition {
    Definition {
        name: NAME,
        title: "Dispatch a ticket",
        description: "Hand out one ticket: a piece of work for an agent in a clone of its own. It starts by itself when the tickets in `after` \
             are merged and a worker is free, is checked by its gates on the merged tree, tried again with their output when they fail, and \
             merged. Returns its number and warnings at once; you are told when it is closed: do not poll. Whoever works on it sees the ticket \
             and nothing of this conversation: say everything. For several tickets that belong together use legion-plan.",
        schema: object(
            json!({
                "worker_id": {"type": "integer", "minimum": 1, "maximum": 64, "description": "Only this worker takes it. Leave it out: then the next free one does."},
                "title": text("One line for people. The first words of the prompt when left out.", 200),
                "prompt": text("What shall be done: where, for whom, what not to touch. Only a checkpoint may leave it out.", TEXT_CHARS_MAX),
                "context": text("What somebody who knows nothing of the project must know: language, conventions, where things are.", TEXT_CHARS_MAX),
                "criteria": texts("What must be true in the end, each something that can be tried. Criteria or a gate are required.", 256),
                "after": upstreams(),
                "plan": text("The structure the work shall have: exact files, names, signatures.", TEXT_CHARS_MAX),
                "checkpoint": {"type": "boolean", "default": false, "description": "It gates what comes after it: its gates run on the merged tree. Without a prompt no agent is needed."},
                "gate": command_lines("Commands that must exit with 0 on the merged tree, such as `cargo test`."),
                "gate_timeout_seconds": {"type": "integer", "minimum": 1, "maximum": 86_400, "description": "Seconds that each gate may take."},
                "files": texts("Globs of the files it means to touch. Tickets at the same time need different files.", 256),
                "team": text("Who else looks at it: `solo` (nobody), `tech_lead_team`, `backend_team`, `fullstack_team`, `qa_team`, or one of the person's own.", 64),
                "role": text("Role of the agent, such as `engineer` or `devops`.", 64),
                "group": text("Name under which the session's caps count it.", 64),
                "driver": {"type": "string", "enum": ["claude", "command"], "description": "How its agent is run. `command`: any program, without a model."},
                "command": text("Only with driver `command`: the program with its arguments.", 32_768),
                "model": text("Full id of the model.", 200),
                "max_attempts": {"type": "integer", "minimum": 1, "maximum": 10, "description": "Attempts before it has failed."},
                "timeout_seconds": {"type": "integer", "minimum": 1, "maximum": 86_400, "description": "Seconds that one attempt may take."},
                "on_upstream": {"type": "string", "enum": ["wait", "skip", "fail"], "description": "What becomes of it when one in `after` ends without being merged. `wait` when left out."},
                "session": session()
            }),
            &[],
        ),
        effect: Effect::Adds,
    }
}

/// The schema of `after`.
fn upstreams() -> Value {
    let number = json!({"type": "integer", "minimum": 1, "maximum": u32::MAX});
    let policy = json!({"type": "string", "enum": ["wait", "skip", "fail"]});
    json!({
        "type": "array",
        "items": {"anyOf": [number, object(json!({"id": number, "on_upstream": policy}), &["id"])]},
        "maxItems": 1000,
        "description": "Numbers of tickets that must be merged first, as few as possible; {\"id\": 2, \"on_upstream\": \"skip\"} where one has another policy than `on_upstream`."
    })
}

pub(super) async fn run(caller: &Caller, key: Key, arguments: Map<String, Value>) -> Result<Value, ToolError> {
    let given: Arguments = read(arguments)?;
    let request = DispatchRequest {
        session: given.session,
        title: given.title,
        prompt: given.prompt,
        context: given.context,
        criteria: given.criteria,
        after: given.after,
        checkpoint: given.checkpoint,
        gate: given.gate,
        gate_timeout: given.gate_timeout_seconds.map(|seconds| PlanDuration { seconds }),
        files: given.files,
        plan: given.plan,
        team: given.team,
        role: given.role,
        group: given.group,
        worker: given.worker_id,
        driver: given.driver,
        command: given.command.map(TextOrList::Text),
        model: given.model,
        max_attempts: given.max_attempts,
        timeout: given.timeout_seconds.map(|seconds| PlanDuration { seconds }),
        on_upstream: given.on_upstream,
    };
    Ok(compact(&caller.project().dispatch(&request, Some(&key.text())).await?))
}
