//! What agents wrote.

use axum::Json;
use axum::extract::State;
use legion_api::{LogPage, paths};
use legion_engine::Cursor;
use legion_model::authority::{Verb, authorise};
use legion_model::{AgentId, ProjectId};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::routes;

use crate::context::{Context, Shared};
use crate::fault::{Fault, Result};
use crate::governed::Routes;
use crate::guard::Caller;
use crate::query::{Id, Params};
use crate::render::log;

const LINES_DEFAULT: usize = 100;
const LINES_MAX: usize = 10_000;

pub(crate) fn routes() -> Routes {
    Routes::new().add(Verb::ReadLog, routes!(logs))
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct LogsQuery {
    /// 1 to 10000; 100 when absent.
    lines: Option<usize>,
    /// Where the last page ended: its `next`. Without it, the last lines are given.
    after: Option<String>,
}

/// Lines that an agent wrote, oldest first: its last ones, or those behind a place. The person reads those of fired agents too.
#[utoipa::path(
    get,
    path = paths::AGENT_LOGS,
    tag = "agents",
    operation_id = "logs",
    params(("id" = String, Path, description = "A UUID, the beginning of one, or a name"), LogsQuery),
    responses((status = 200, body = LogPage))
)]
async fn logs(
    caller: Caller,
    State(context): State<Shared>,
    Id(id): Id,
    Params(query): Params<LogsQuery>,
) -> Result<Json<LogPage>> {
    let part = Part::of(query.lines, query.after.as_deref())?;
    let found = context.find(caller, &id).await?;
    // Where a fired agent stood is forgotten, so that only the person may read on.
    let (project, agent) =
        if caller.agent().is_none() { found.for_order("looked into")? } else { found.living("looked into")? };
    let party = caller.party();
    context.engine.read(project, move |state| authorise(state, party, Verb::ReadLog, agent)).await??;
    part.read(&context, project, agent).await.map(Json)
}

/// Which lines of a log are asked for.
pub(super) struct Part {
    lines: usize,
    after: Option<Cursor>,
}

impl Part {
    pub(super) fn of(lines: Option<usize>, after: Option<&str>) -> Result<Self> {
        let lines = lines.unwrap_or(LINES_DEFAULT);
        if !(1..=LINES_MAX).contains(&lines) {
            return Err(Fault::invalid(format!("`lines` is {lines}; 1 to {LINES_MAX} are allowed")));
        }
        let after = after.map(|text| {
            let wrong =
                |()| Fault::invalid(format!("`{text}` is no place in a log")).hint("pass `next` of the page before");
            text.parse::<Cursor>().map_err(wrong)
        });
        Ok(Self { lines, after: after.transpose()? })
    }

    pub(super) async fn read(self, context: &Context, project: ProjectId, agent: AgentId) -> Result<LogPage> {
        let page = match self.after {
            None => context.engine.log_tail(project, agent, self.lines).await?,
            Some(after) => context.engine.log_after(project, agent, after, self.lines).await?,
        };
        Ok(log::page(page))
    }
}
