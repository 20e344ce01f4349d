//! Interrupt: of one agent, and of all.

use axum::Json;
use axum::extract::State;
use legion_api::{InterruptAllReply, InterruptReply, InterruptRequest, paths};
use legion_model::authority::Verb;
use legion_model::{Answer, MessageId, Order, Organisation, RunId};
use legion_runtime::new_id;
use utoipa_axum::routes;

use crate::change::{Change, Nothing, unexpected};
use crate::context::Shared;
use crate::fault::Result;
use crate::governed::Routes;
use crate::guard::Caller;
use crate::query::Id;
use crate::render::message;

pub(crate) fn routes() -> Routes {
    Routes::new().add(Verb::Interrupt, routes!(interrupt)).add(Verb::InterruptAll, routes!(interrupt_all))
}

/// Ends the turn of an agent; its conversation stays. With a text, it goes on with that.
#[utoipa::path(
    post,
    path = paths::AGENT_INTERRUPT,
    tag = "agents",
    operation_id = "interrupt",
    params(("id" = String, Path, description = "A UUID, the beginning of one, or a name")),
    request_body = InterruptRequest,
    responses((status = 200, body = InterruptReply))
)]
async fn interrupt(
    caller: Caller,
    State(context): State<Shared>,
    Id(id): Id,
    change: Change<InterruptRequest>,
) -> Result<Json<InterruptReply>> {
    let Change { key, body } = change;
    let (project, agent, answer) = match context.replayed(caller, key.as_ref()).await? {
        Some((project, answer)) => (project, None, answer),
        None => {
            let (project, agent) = context.find(caller, &id).await?.for_order("interrupted")?;
            let bytes = body.text.as_ref().map_or(0, String::len) as u64;
            let text = match body.text {
                None => None,
                Some(text) => {
                    Some(super::tell::accepted(&context, caller, project, Verb::Interrupt, agent.into(), text).await?)
                }
            };
            let order = Order::Interrupt { agent, message: MessageId(new_id()), body: text, bytes };
            (project, Some(agent), context.engine.command(project, caller.party(), key, order).await?)
        }
    };
    let Answer::Interrupted { run, message } = answer else { return Err(unexpected(&answer)) };
    let look = move |state: &Organisation| {
        let letter = message.and_then(|id| state.messages.get(&id));
        let agent = agent.or_else(|| letter?.to.agent()).or_else(|| agent_of(state, run?));
        (agent, letter.map(message::letter))
    };
    let (agent, letter) = context.engine.read(project, look).await?;
    let agent = match agent {
        Some(agent) => agent,
        // A repeat of an interrupt that found nothing to end names the agent in its path only.
        None => context.find(caller, &id).await?.for_order("interrupted")?.1,
    };
    let message = match letter {
        None => None,
        Some(letter) => Some(message::whole(&context.engine, letter).await?),
    };
    Ok(Json(InterruptReply { id: agent.to_string(), run: run.map(|run| run.to_string()), message }))
}

fn agent_of(state: &Organisation, run: RunId) -> Option<legion_model::AgentId> {
    let has = |agent: &&legion_model::Agent| {
        agent.run.as_ref().is_some_and(|open| open.id == run)
            || agent.last_run.as_ref().is_some_and(|last| last.id == run)
    };
    state.agents.values().find(has).map(|agent| agent.id)
}

/// Ends the turns of all agents below the caller.
#[utoipa::path(
    post,
    path = paths::INTERRUPT_ALL,
    tag = "agents",
    operation_id = "interrupt_all",
    responses((status = 200, body = InterruptAllReply))
)]
async fn interrupt_all(
    caller: Caller,
    State(context): State<Shared>,
    change: Change<Nothing>,
) -> Result<Json<InterruptAllReply>> {
    let mut interrupted = Vec::new();
    for (project, _) in context.projects(caller, None).await? {
        // Each project keeps the key by itself: a repeat gets the answer of each.
        let answer = context.engine.command(project, caller.party(), change.key.clone(), Order::InterruptAll).await?;
        let Answer::InterruptedAll { agents } = answer else { return Err(unexpected(&answer)) };
        interrupted.extend(agents.into_iter().map(|agent| agent.to_string()));
    }
    Ok(Json(InterruptAllReply { interrupted }))
}
