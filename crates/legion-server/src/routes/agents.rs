//! Agents: the list, one of them, and fire.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use jiff::Timestamp;
use legion_api::{self as api, AgentPage, FireReply, paths};
use legion_model::authority::{Verb, authorise};
use legion_model::{Agent, AgentId, Answer, Order, Organisation, Party, ProjectId};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::routes;

use crate::address::Found;
use crate::change::{Change, Nothing, unexpected};
use crate::context::{Context, Shared};
use crate::fault::{Fault, Result};
use crate::governed::Routes;
use crate::guard::Caller;
use crate::query::{Id, Params};
use crate::render::agent;
use crate::render::tree::Filter;

const PAGE_DEFAULT: usize = 100;
const PAGE_MAX: usize = 500;
/// How long a fire waits for the processes to be gone.
const FIRE_PATIENCE: Duration = Duration::from_secs(10);

pub(crate) fn routes() -> Routes {
    Routes::new().add(Verb::Look, routes!(agents)).add(Verb::Look, routes!(one)).add(Verb::Fire, routes!(fire))
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ListQuery {
    /// Where the last page ended: its `next`.
    after: Option<String>,
    /// Agents in a page, 1 to 500; 100 when absent.
    limit: Option<usize>,
    /// `1` or `L1`.
    level: Option<String>,
    /// Direct reports of this agent, or of `root`.
    parent: Option<String>,
    /// `working` or `idle`.
    status: Option<String>,
    /// A project: its directory, a path inside of it, or its id.
    project: Option<String>,
}

/// The place of an agent among all: earlier hired first. It never changes, so that pages neither skip nor repeat.
type Place = (Timestamp, AgentId);

/// The agents that the caller may look into, earlier hired first.
#[utoipa::path(
    get,
    path = paths::AGENTS,
    tag = "agents",
    operation_id = "agents",
    params(ListQuery),
    responses((status = 200, body = AgentPage))
)]
async fn agents(
    caller: Caller,
    State(context): State<Shared>,
    Params(query): Params<ListQuery>,
) -> Result<Json<AgentPage>> {
    let limit = query.limit.unwrap_or(PAGE_DEFAULT);
    if !(1..=PAGE_MAX).contains(&limit) {
        return Err(Fault::invalid(format!("`limit` is {limit}; 1 to {PAGE_MAX} are allowed")));
    }
    let after = query.after.as_deref().map(place).transpose()?;
    context.engine.first_look().await;
    let filter = super::tree::filter(&context, caller, query.level, query.parent, query.status).await?;
    let projects = context.projects(caller, query.project.as_deref()).await?;
    let party = caller.party();
    let look = move |state: &Organisation| page(state, party, &filter, after, limit + 1);
    let mut found: Vec<(Place, api::Agent)> = context.each(&projects, look).await?.into_iter().flatten().collect();
    found.sort_by_key(|(place, _)| *place);
    let next = (found.len() > limit).then(|| cursor(found[limit - 1].0));
    found.truncate(limit);
    Ok(Json(AgentPage { agents: found.into_iter().map(|(_, agent)| agent).collect(), next }))
}

fn page(
    state: &Organisation,
    caller: Party,
    filter: &Filter,
    after: Option<Place>,
    count: usize,
) -> Vec<(Place, api::Agent)> {
    let place = |agent: &Agent| (agent.hired_at, agent.id);
    let visible = |agent: &Agent| authorise(state, caller, Verb::Look, agent.id).is_ok();
    let mut agents: Vec<&Agent> =
        state.agents.values().filter(|agent| after.is_none_or(|after| place(agent) > after)).collect();
    agents.sort_by_key(|agent| place(agent));
    let wanted = agents.into_iter().filter(|agent| visible(agent) && filter.matches(state, agent));
    wanted.take(count).map(|agent| (place(agent), agent::agent(state, agent))).collect()
}

fn cursor((at, id): Place) -> String {
    format!("{}.{}", at.as_nanosecond(), id.0.simple())
}

fn place(text: &str) -> Result<Place> {
    let read = || {
        let (at, id) = text.split_once('.')?;
        Some((Timestamp::from_nanosecond(at.parse().ok()?).ok()?, id.parse().ok()?))
    };
    read().ok_or_else(|| {
        Fault::invalid(format!("`{text}` is no place in the list")).hint("pass `next` of the page before")
    })
}

/// One agent; `root` is the person.
#[utoipa::path(
    get,
    path = paths::AGENT,
    tag = "agents",
    operation_id = "agent",
    params(("id" = String, Path, description = "`root`, a UUID, the beginning of one, or a name")),
    responses((status = 200, body = api::Agent))
)]
async fn one(caller: Caller, State(context): State<Shared>, Id(id): Id) -> Result<Json<api::Agent>> {
    context.engine.first_look().await;
    let found = context.find(caller, &id).await?;
    if found == Found::Root {
        return readable(&context, caller, Verb::Look, Party::Root).await.map(|()| Json(agent::root()));
    }
    let (project, id) = found.living("looked into")?;
    let party = caller.party();
    let look = move |state: &Organisation| {
        authorise(state, party, Verb::Look, id)?;
        Ok::<_, Fault>(state.agents.get(&id).map(|agent| agent::agent(state, agent)))
    };
    match context.engine.read(project, look).await?? {
        Some(agent) => Ok(Json(agent)),
        None => Err(gone(&context, project, id).await?),
    }
}

/// Refuses a caller that may not do this to a member of its own project.
pub(super) async fn readable(context: &Context, caller: Caller, verb: Verb, object: Party) -> Result<()> {
    let Some((project, agent)) = caller.agent() else { return Ok(()) };
    Ok(context.engine.read(project, move |state| authorise(state, agent.into(), verb, object)).await??)
}

/// The problem of an agent that went away while it was looked for.
pub(super) async fn gone(context: &Context, project: ProjectId, id: AgentId) -> Result<Fault> {
    let name = context.engine.read(project, move |state| state.name(id.into())).await?;
    Ok(crate::address::fired(id, &name))
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct FireQuery {
    /// Re-parent the reports to the fired agent's parent instead of firing them too.
    #[serde(default)]
    keep_reports: bool,
}

/// Fires an agent with everything below it. The answer comes when its processes are gone, at the latest after 10 s.
#[utoipa::path(
    delete,
    path = paths::AGENT,
    tag = "agents",
    operation_id = "fire",
    params(("id" = String, Path, description = "A UUID, the beginning of one, or a name"), FireQuery),
    responses((status = 200, body = FireReply))
)]
async fn fire(
    caller: Caller,
    State(context): State<Shared>,
    Id(id): Id,
    Params(query): Params<FireQuery>,
    change: Change<Nothing>,
) -> Result<Json<FireReply>> {
    let (project, answer) = match context.replayed(caller, change.key.as_ref()).await? {
        Some(known) => known,
        None => {
            let (project, agent) = context.find(caller, &id).await?.for_order("fired")?;
            let order = Order::Fire { agent, keep_reports: query.keep_reports };
            (project, context.engine.command(project, caller.party(), change.key, order).await?)
        }
    };
    let Answer::Fired { agents, kept } = answer else { return Err(unexpected(&answer)) };
    let fired = agents.clone();
    let processes_gone = move |state: &Organisation| {
        (!state.processes.values().any(|process| fired.contains(&process.agent))).then_some(())
    };
    let ended = context.engine.until(project, FIRE_PATIENCE, processes_gone).await?.is_some();
    let ids = |agents: Vec<AgentId>| agents.into_iter().map(|agent| agent.to_string()).collect();
    Ok(Json(FireReply { fired: ids(agents), kept: ids(kept), ended }))
}
