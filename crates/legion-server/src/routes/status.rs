//! Status: a member, what waits for it, and its direct reports.

use axum::Json;
use axum::extract::State;
use legion_api::{self as api, StatusReport, TicketCounts, paths};
use legion_model::authority::{Verb, authorise};
use legion_model::{Agent, Organisation, Party};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::routes;

use crate::address::Found;
use crate::context::Shared;
use crate::fault::{Fault, Result};
use crate::governed::Routes;
use crate::guard::Caller;
use crate::query::Params;
use crate::render::{agent, message, ticket};

pub(crate) fn routes() -> Routes {
    Routes::new().add(Verb::Look, routes!(status))
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct StatusQuery {
    /// Of this agent instead of the caller.
    agent: Option<String>,
    /// A project: its directory, a path inside of it, or its id. For the person's own status.
    project: Option<String>,
}

struct Part {
    agent: Option<api::Agent>,
    letters: Vec<message::Letter>,
    reports: Vec<api::Report>,
    tickets: TicketCounts,
}

/// The caller, or an agent below it: the messages that it has not acknowledged, its direct reports, and the tickets that it may see, by status.
#[utoipa::path(
    get,
    path = paths::STATUS,
    tag = "organisation",
    operation_id = "status",
    params(StatusQuery),
    responses((status = 200, body = StatusReport))
)]
async fn status(
    caller: Caller,
    State(context): State<Shared>,
    Params(query): Params<StatusQuery>,
) -> Result<Json<StatusReport>> {
    context.engine.first_look().await;
    let target = match (query.agent.as_deref(), caller.agent()) {
        (Some(text), _) => context.find(caller, text).await?,
        (None, Some((project, agent))) => Found::Agent { project, agent },
        (None, None) => Found::Root,
    };
    if target == Found::Root {
        super::agents::readable(&context, caller, Verb::Look, Party::Root).await?;
        let projects = context.projects(caller, query.project.as_deref()).await?;
        let parts = context.each(&projects, |state| part(state, Party::Root)).await?;
        let mut report = StatusReport {
            agent: agent::root(),
            inbox: Vec::new(),
            reports: Vec::new(),
            tickets: TicketCounts::default(),
        };
        let mut letters = Vec::new();
        for part in parts {
            letters.extend(part.letters);
            report.reports.extend(part.reports);
            report.tickets += part.tickets;
        }
        report.inbox = message::list(&context.engine, letters).await;
        return Ok(Json(report));
    }
    let (project, id) = target.living("looked into")?;
    let party = caller.party();
    let look = move |state: &Organisation| {
        authorise(state, party, Verb::Look, id)?;
        Ok::<_, Fault>(part(state, id.into()))
    };
    let part = context.engine.read(project, look).await??;
    let Some(agent) = part.agent else { return Err(super::agents::gone(&context, project, id).await?) };
    let inbox = message::list(&context.engine, part.letters).await;
    Ok(Json(StatusReport { agent, inbox, reports: part.reports, tickets: part.tickets }))
}

fn part(state: &Organisation, party: Party) -> Part {
    let agent = party.agent().and_then(|id| state.agents.get(&id)).map(|agent| agent::agent(state, agent));
    let mut reports: Vec<&Agent> = state.reports(party).collect();
    reports.sort_by_key(|report| (report.hired_at, report.id));
    Part {
        agent,
        letters: state.inbox(party).into_iter().map(message::letter).collect(),
        reports: reports.into_iter().map(|report| agent::report(state, report)).collect(),
        tickets: ticket::counts_of_open_sessions(state, party),
    }
}
