//! Waiting for a run to end.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use legion_api::{RunResult, paths};
use legion_engine::Engine;
use legion_model::authority::{Verb, authorise};
use legion_model::{Agent, AgentId, Answer, Order, Organisation, ProjectId, RunSummary, Urgency};
use legion_runtime::TaskKind;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::routes;

use crate::context::Shared;
use crate::fault::{Fault, Result};
use crate::governed::Routes;
use crate::guard::Caller;
use crate::query::{Id, Params};
use crate::render::run;

const SECONDS_MAX: u64 = 30;

pub(crate) fn routes() -> Routes {
    Routes::new().add(Verb::Wait, routes!(wait))
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct WaitQuery {
    /// How long the answer may take, 0 to 30; 30 when absent.
    timeout_seconds: Option<u64>,
}

/// Waits for the end of an agent's open run, or of the one that its mail will open; gives its last one when it is idle.
#[utoipa::path(
    get,
    path = paths::AGENT_WAIT,
    tag = "agents",
    operation_id = "wait",
    params(("id" = String, Path, description = "A UUID, the beginning of one, or a name"), WaitQuery),
    responses((status = 200, body = RunResult), (status = 204, description = "Still running"))
)]
async fn wait(
    caller: Caller,
    State(context): State<Shared>,
    Id(id): Id,
    Params(query): Params<WaitQuery>,
) -> Result<Response> {
    let seconds = query.timeout_seconds.unwrap_or(SECONDS_MAX);
    if seconds > SECONDS_MAX {
        return Err(Fault::invalid(format!("`timeout_seconds` is {seconds}; 0 to {SECONDS_MAX} are allowed"))
            .hint("ask again when the answer is 204"));
    }
    let engine = &context.engine;
    let (project, agent) = context.find(caller, &id).await?.living("waited for")?;
    let by = caller.party();
    let first = engine.read(project, move |state| {
        authorise(state, by, Verb::Wait, agent)?;
        Ok::<_, Fault>(goal(state, agent))
    });
    let number = match first.await?? {
        Goal::Gone => return Err(super::agents::gone(&context, project, agent).await?),
        Goal::Reached(last) => return answer(engine, agent, *last).await,
        Goal::Run(_) if seconds == 0 => return Ok(StatusCode::NO_CONTENT.into_response()),
        Goal::Run(number) => number,
    };
    let waiting = match caller.agent() {
        None => None,
        Some((_, waiter)) => Some(Waiting::begin(engine, project, waiter, agent).await?),
    };
    let look = move |state: &Organisation| match goal(state, agent) {
        // A later run may have begun since: the one that was waited for has ended all the same.
        Goal::Run(_) => {
            let last = state.agents.get(&agent).and_then(|agent| agent.last_run.as_ref());
            last.filter(|last| last.number >= number).map(|last| Goal::Reached(Box::new(last.clone())))
        }
        end => Some(end),
    };
    let seen = engine.until(project, Duration::from_secs(seconds), look).await;
    if let Some(waiting) = waiting {
        waiting.end().await;
    }
    match seen? {
        None | Some(Goal::Run(_)) => Ok(StatusCode::NO_CONTENT.into_response()),
        Some(Goal::Gone) => Err(super::agents::gone(&context, project, agent).await?),
        Some(Goal::Reached(last)) => answer(engine, agent, *last).await,
    }
}

/// What there is to wait for.
enum Goal {
    /// The end of the run with this number.
    Run(u32),
    /// It is idle, and nothing is queued that would change it.
    Reached(Box<RunSummary>),
    /// It was fired.
    Gone,
}

fn goal(state: &Organisation, id: AgentId) -> Goal {
    let Some(agent) = state.agents.get(&id) else { return Goal::Gone };
    match (&agent.run, &agent.last_run) {
        (Some(run), _) => Goal::Run(run.number),
        (None, Some(last)) if !will_run(state, agent) => Goal::Reached(Box::new(last.clone())),
        (None, _) => Goal::Run(agent.runs + 1),
    }
}

/// Whether its mail opens a run by itself.
fn will_run(state: &Organisation, agent: &Agent) -> bool {
    agent.queue.iter().filter_map(|id| state.messages.get(id)).any(|message| message.urgency != Urgency::WithNext)
}

async fn answer(engine: &Engine, agent: AgentId, last: RunSummary) -> Result<Response> {
    let text = engine.text(&last.result).await?;
    Ok(Json(run::result(agent, last, text)).into_response())
}

/// An agent waits for another. It is in the log, so that a circle is seen; it ends when this is dropped, as when the caller hangs up.
struct Waiting {
    engine: Engine,
    project: ProjectId,
    waiter: AgentId,
    target: AgentId,
    over: bool,
}

impl Waiting {
    async fn begin(engine: &Engine, project: ProjectId, waiter: AgentId, target: AgentId) -> Result<Self> {
        // Made before the order is given: whatever becomes of this call, the wait is ended.
        let mut waiting = Self { engine: engine.clone(), project, waiter, target, over: false };
        match engine.command(project, waiter.into(), None, Order::BeginWait { waiter, target }).await {
            Ok(Answer::Deadlock { refusal }) => {
                waiting.over = true;
                Err(refusal.into())
            }
            Ok(_) => Ok(waiting),
            Err(error) => Err(error.into()),
        }
    }

    async fn end(mut self) {
        let Self { project, waiter, target, .. } = self;
        let ended = self.engine.command(project, waiter.into(), None, Order::EndWait { waiter, target }).await;
        self.over = ended.is_ok();
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        if self.over {
            return;
        }
        let Self { project, waiter, target, .. } = *self;
        let engine = self.engine.clone();
        self.engine.tasks().spawn(TaskKind::Upkeep, move |_| async move {
            // Refused when the waiter was fired, and its waits with it; at the end of the service all waits end.
            let _ = engine.command(project, waiter.into(), None, Order::EndWait { waiter, target }).await;
        });
    }
}
