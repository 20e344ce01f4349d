//! `legion-report`.

use legion_api::{ReportRequest, ReportStatus};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{Definition, Effect, TEXT_CHARS_MAX, object};
use crate::Caller;
use crate::answer::{ToolError, compact};
use crate::arguments::read;
use crate::key::Key;

pub(super) const NAME: &str = "legion-report";

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Arguments {
    status: ReportStatus,
    #[serde(default)]
    summary: String,
}

pub(super) fn definition() -> Definition {
    Definition {
        name: NAME,
        title: "Report on your own ticket",
        description: "Only for an agent that works on a ticket or reviews one. A worker: `done` with what you did, or `error` when it cannot be \
             done, with the reason. A reviewer: `done` lets the work through, `error` sends it back with what must change. It is no evidence: \
             the gates decide. Commit your work before, and end your turn after it.",
        schema: object(
            json!({
                "status": {"type": "string", "enum": ["done", "error"], "description": "How it stands."},
                "summary": {"type": "string", "maxLength": TEXT_CHARS_MAX, "description": "What was done and how you checked it; or what is wrong, by file and line."}
            }),
            &["status"],
        ),
        effect: Effect::Adds,
    }
}

pub(super) async fn run(caller: &Caller, key: Key, arguments: Map<String, Value>) -> Result<Value, ToolError> {
    let Arguments { status, summary } = read(arguments)?;
    Ok(compact(&caller.project().report(&ReportRequest { status, summary }, Some(&key.text())).await?))
}
