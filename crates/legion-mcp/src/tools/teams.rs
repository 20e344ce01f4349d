//! `legion-teams`.

use serde_json::{Map, Value, json};

use super::{Definition, Effect, object};
use crate::Caller;
use crate::answer::{ToolError, bounded};
use crate::arguments::{NoArguments, read};

pub(super) const NAME: &str = "legion-teams";

pub(super) fn definition() -> Definition {
    Definition {
        name: NAME,
        title: "List the teams",
        description: "List the teams that a ticket can name in `team`, with their roles in order: the first that writes does the work, each \
             other one is a step that must let it through. Only a person makes or changes teams.",
        schema: object(json!({}), &[]),
        effect: Effect::Reads,
    }
}

pub(super) async fn run(caller: &Caller, arguments: Map<String, Value>) -> Result<Value, ToolError> {
    let NoArguments {} = read(arguments)?;
    Ok(bounded(&caller.project().teams().await?, "teams"))
}
