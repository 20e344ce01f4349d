//! `legion-stop`.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::schema::{only_session, ticket};
use super::{Definition, Effect, object};
use crate::Caller;
use crate::answer::{ToolError, compact};
use crate::arguments::read;
use crate::key::Key;

pub(super) const NAME: &str = "legion-stop";

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Arguments {
    ticket: Option<u32>,
    #[serde(default)]
    all: bool,
    session: Option<String>,
}

pub(super) fn definition() -> Definition {
    Definition {
        name: NAME,
        title: "Stop tickets",
        description: "Stop one ticket, or with `all` every unfinished one. Their agents are interrupted; their files stay, and legion-retry goes \
             on with them. Returns the numbers that were stopped.",
        schema: object(
            json!({
                "ticket": ticket("The ticket to stop."),
                "all": {"type": "boolean", "default": false, "description": "Stop every unfinished ticket instead."},
                "session": only_session()
            }),
            &[],
        ),
        effect: Effect::Ends,
    }
}

pub(super) async fn run(caller: &Caller, key: Key, arguments: Map<String, Value>) -> Result<Value, ToolError> {
    let Arguments { ticket, all, session } = read(arguments)?;
    let project = caller.project();
    let key = key.text();
    match (ticket, all) {
        (Some(ticket), false) => Ok(compact(&project.stop(ticket, Some(&key)).await?)),
        (None, true) => Ok(compact(&project.stop_all(session.as_deref(), Some(&key)).await?)),
        _ => Err(ToolError::Arguments("exactly one of `ticket` and `all` must be given".to_owned())),
    }
}
