//! `legion-sessions`.

use serde_json::{Map, Value, json};

use super::{Definition, Effect, object};
use crate::Caller;
use crate::answer::{ToolError, bounded};
use crate::arguments::{NoArguments, read};

pub(super) const NAME: &str = "legion-sessions";

pub(super) fn definition() -> Definition {
    Definition {
        name: NAME,
        title: "List the sessions",
        description: "List the sessions of the project: which is the current one, workers, gates and caps of each, how its tickets stand, and \
             what waits to be merged. Only a person opens, changes, completes or deletes one.",
        schema: object(json!({}), &[]),
        effect: Effect::Reads,
    }
}

pub(super) async fn run(caller: &Caller, arguments: Map<String, Value>) -> Result<Value, ToolError> {
    let NoArguments {} = read(arguments)?;
    Ok(bounded(&caller.project().sessions().await?, "sessions"))
}
