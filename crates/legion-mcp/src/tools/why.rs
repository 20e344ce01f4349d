//! `legion-why`.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::schema::{only_session, ticket};
use super::{Definition, Effect, object};
use crate::Caller;
use crate::answer::{ToolError, bounded, compact};
use crate::arguments::read;

pub(super) const NAME: &str = "legion-why";

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Arguments {
    ticket: Option<u32>,
    session: Option<String>,
}

pub(super) fn definition() -> Definition {
    Definition {
        name: NAME,
        title: "Ask why a ticket does not move",
        description: "Learn for one ticket, or for every unfinished one, what it waits for, who moves it next (the service, an agent, another \
             ticket, a person, nobody) and until when. Only where the mover is you or a person is there something to do.",
        schema: object(
            json!({"ticket": ticket("The ticket; every unfinished one when left out."), "session": only_session()}),
            &[],
        ),
        effect: Effect::Reads,
    }
}

pub(super) async fn run(caller: &Caller, arguments: Map<String, Value>) -> Result<Value, ToolError> {
    let Arguments { ticket, session } = read(arguments)?;
    let project = caller.project();
    if let Some(ticket) = ticket {
        return Ok(compact(&project.why(ticket).await?));
    }
    Ok(bounded(&project.whys(session.as_deref(), None).await?, "tickets"))
}
