//! `legion-rescues`.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::schema::ticket;
use super::{Definition, Effect, object};
use crate::Caller;
use crate::answer::{ToolError, bounded};
use crate::arguments::read;

pub(super) const NAME: &str = "legion-rescues";

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Arguments {
    ticket: Option<u32>,
}

pub(super) fn definition() -> Definition {
    Definition {
        name: NAME,
        title: "List secured files",
        description: "List what was secured of the clones of tickets before they were removed or reset: every file that was not merged and not \
             ignored. Only a person brings them back: say `legion undelete TICKET --rescue NUMBER` to yours.",
        schema: object(json!({"ticket": ticket("The ticket; all that you may see when left out.")}), &[]),
        effect: Effect::Reads,
    }
}

pub(super) async fn run(caller: &Caller, arguments: Map<String, Value>) -> Result<Value, ToolError> {
    let Arguments { ticket } = read(arguments)?;
    let project = caller.project();
    let found = match ticket {
        Some(ticket) => project.rescues(ticket).await?,
        None => project.all_rescues().await?,
    };
    Ok(bounded(&found, "rescues"))
}
