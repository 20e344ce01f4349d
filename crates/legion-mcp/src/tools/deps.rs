//! `legion-deps`.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::schema::ticket;
use super::{Definition, Effect, object};
use crate::Caller;
use crate::answer::{ANSWER_BYTES_MAX, ToolError, compact, cut, size};
use crate::arguments::read;

pub(super) const NAME: &str = "legion-deps";

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Arguments {
    ticket: Option<u32>,
}

pub(super) fn definition() -> Definition {
    Definition {
        name: NAME,
        title: "See what a ticket builds on",
        description: "See the tickets that a ticket waits for: status, merge state, what their agents said about the work, and which files they \
             changed. Without `ticket`, of your own. Their work is in your clone already once they are merged.",
        schema: object(json!({"ticket": ticket("The ticket; your own when left out.")}), &[]),
        effect: Effect::Reads,
    }
}

pub(super) async fn run(caller: &Caller, arguments: Map<String, Value>) -> Result<Value, ToolError> {
    let Arguments { ticket } = read(arguments)?;
    let project = caller.project();
    let mut deps = match ticket {
        Some(ticket) => project.deps(ticket).await?,
        None => project.own_deps().await?,
    };
    let mut limit = ANSWER_BYTES_MAX;
    while size(&compact(&deps)) > ANSWER_BYTES_MAX && limit > 1 {
        limit /= 2;
        for upstream in &mut deps.dependencies {
            let files = upstream.diff_summary.len().min(limit / 256);
            if files < upstream.diff_summary.len() {
                upstream.diff_summary.truncate(files);
                upstream.diff_summary.push("[…]".to_owned());
            }
            if let Some(summary) = &mut upstream.summary
                && summary.len() > limit
            {
                *summary = format!("{} […]", cut(summary, limit));
            }
        }
    }
    Ok(compact(&deps))
}
