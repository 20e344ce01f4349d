//! `legion-roles`.

use serde_json::{Map, Value, json};

use super::{Definition, Effect, object};
use crate::Caller;
use crate::answer::{ToolError, bounded};
use crate::arguments::{NoArguments, read};

pub(super) const NAME: &str = "legion-roles";

pub(super) fn definition() -> Definition {
    Definition {
        name: NAME,
        title: "List the roles",
        description: "List the roles that a ticket can name in `role`: what each is for, what it does in a team (writes, reviews or verifies), \
             and what its agents are told. Only a person makes or changes roles.",
        schema: object(json!({}), &[]),
        effect: Effect::Reads,
    }
}

pub(super) async fn run(caller: &Caller, arguments: Map<String, Value>) -> Result<Value, ToolError> {
    let NoArguments {} = read(arguments)?;
    Ok(bounded(&caller.project().roles().await?, "roles"))
}
