//! `legion-plan`.

use legion_api::{Plan, PlanPlace, PlanReader, PlanRequest};
use serde::Deserialize;
use serde::de::DeserializeSeed;
use serde_json::{Map, Value, json};

use super::schema::session;
use super::{Definition, Effect, object};
use crate::Caller;
use crate::answer::{ToolError, compact};
use crate::arguments::read;
use crate::key::Key;

pub(super) const NAME: &str = "legion-plan";

/// The longest plan that a model may hand in, in characters.
const PLAN_CHARS_MAX: u32 = 4 * 1024 * 1024;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Arguments {
    toml: Option<String>,
    plan: Option<Value>,
    #[serde(default)]
    check: bool,
    session: Option<String>,
}

pub(super) fn definition() -> Definition {
    Definition {
        name: NAME,
        title: "Dispatch a whole plan",
        description: "Hand out a graph of tickets at once: all of them or, when anything is wrong, none; every fault is told. Write the plan as \
             TOML in `toml`: optional `[session]` (workers, overlap) and `[defaults]`; then `[[ticket]]` with id, title, prompt, context, \
             criteria, after = [\"ids\", or {id, on_upstream}], files = [globs], plan, checkpoint, gate, team, role, worker, driver, command, model, max_attempts, \
             timeout, on_upstream. Ids are names inside the plan. Check it first with `check`: that answers with problems, warnings, the \
             longest chain and how many can run at once. Returns the numbers in the order of the plan. You are told as tickets are closed: do \
             not poll.",
        schema: object(
            json!({
                "toml": {"type": "string", "minLength": 1, "maxLength": PLAN_CHARS_MAX, "description": "The plan in TOML."},
                "plan": {"type": "object", "additionalProperties": true, "description": "The same as JSON instead: {\"session\":{…},\"defaults\":{…},\"ticket\":[{…}]}."},
                "check": {"type": "boolean", "default": false, "description": "Only check it; nothing is dispatched."},
                "session": session()
            }),
            &[],
        ),
        effect: Effect::Adds,
    }
}

pub(super) async fn run(caller: &Caller, key: Key, arguments: Map<String, Value>) -> Result<Value, ToolError> {
    let Arguments { toml, plan, check, session } = read(arguments)?;
    let plan = match (toml, plan) {
        (Some(toml), None) => from_toml(&toml)?,
        (None, Some(plan)) => serde_json::from_value(plan).map_err(|error| ToolError::Arguments(error.to_string()))?,
        _ => return Err(ToolError::Arguments("exactly one of `toml` and `plan` must be given".to_owned())),
    };
    let request = PlanRequest { session, plan };
    let project = caller.project();
    if check {
        return Ok(compact(&project.check_plan(&request).await?));
    }
    Ok(compact(&project.dispatch_plan(&request, Some(&key.text())).await?))
}

/// Reads a plan; an error says where its fault is.
fn from_toml(text: &str) -> Result<Plan, ToolError> {
    let place = PlanPlace::default();
    let read = toml::Deserializer::parse(text).and_then(|toml| PlanReader { place: &place }.deserialize(toml));
    read.map_err(|error| {
        let start = error.span().map_or(0, |span| span.start).min(text.len());
        let line = text.as_bytes()[..start].iter().filter(|byte| **byte == b'\n').count() + 1;
        let place = if place.is_known() { format!("{place}: ") } else { String::new() };
        ToolError::Arguments(format!("`toml`, line {line}: {place}{}", error.message()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_is_told_with_its_line_and_ticket() {
        assert_eq!(from_toml("[[ticket]]\nid = \"a\"\ntitle = \"t\"\n").unwrap().ticket.len(), 1);
        let told = |text: &str| match from_toml(text) {
            Err(ToolError::Arguments(what)) => what,
            other => panic!("{other:?}"),
        };
        let said = told("[[ticket]]\nid = \"a\"\nmax_attempts = \"x\"\n");
        assert!(said.starts_with("`toml`, line 3: ticket `a`, field `max_attempts`: "), "{said}");
        assert!(told("[[ticket]]\nid = \n").starts_with("`toml`, line 2: "));
    }
}
