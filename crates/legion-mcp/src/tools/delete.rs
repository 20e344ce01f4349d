//! `legion-delete`.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::schema::ticket;
use super::{Definition, Effect, object};
use crate::Caller;
use crate::answer::{ToolError, compact};
use crate::arguments::read;
use crate::key::Key;

pub(super) const NAME: &str = "legion-delete";

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Arguments {
    ticket: u32,
    #[serde(default)]
    dependents: bool,
}

pub(super) fn definition() -> Definition {
    Definition {
        name: NAME,
        title: "Take a ticket off the board",
        description: "Delete a ticket that you or somebody below you dispatched and that nobody needs any more. An open attempt is ended. What \
             is merged stays merged; other files are secured first, and the person can bring them back. To try it again use legion-retry. \
             Returns the numbers that were deleted.",
        schema: object(
            json!({
                "ticket": ticket("The ticket to delete."),
                "dependents": {"type": "boolean", "default": false, "description": "Delete those that wait for it, too; otherwise it is refused when there are any."}
            }),
            &["ticket"],
        ),
        effect: Effect::Ends,
    }
}

pub(super) async fn run(caller: &Caller, key: Key, arguments: Map<String, Value>) -> Result<Value, ToolError> {
    let Arguments { ticket, dependents } = read(arguments)?;
    Ok(compact(&caller.project().delete_ticket(ticket, dependents, Some(&key.text())).await?))
}
