//! The audit: refusals, secrets that were handed out, and what the person let through.

use axum::Json;
use axum::extract::State;
use legion_api::{AuditPage, paths};
use legion_model::AuditEntry;
use legion_model::authority::Verb;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::routes;

use crate::address::Found;
use crate::context::Shared;
use crate::fault::{Fault, Result};
use crate::governed::Routes;
use crate::guard::Caller;
use crate::query::Params;
use crate::render::event;

/// Records read in one go.
const PAGE: usize = 4_096;
const LIMIT_DEFAULT: usize = 1_000;
const LIMIT_MAX: usize = 10_000;

pub(crate) fn routes() -> Routes {
    Routes::new().add(Verb::ReadAudit, routes!(audit))
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct AuditQuery {
    /// About this agent only.
    agent: Option<String>,
    /// Number of the last event that is known: where the last page ended.
    #[serde(default)]
    after: u64,
    /// Events in a page, 1 to 10000; 1000 when absent.
    limit: Option<usize>,
}

/// Refusals, secrets that were handed out, and what the person let through, oldest first. For the person.
#[utoipa::path(
    get,
    path = paths::AUDIT,
    tag = "service",
    operation_id = "audit",
    params(AuditQuery),
    responses((status = 200, body = AuditPage))
)]
async fn audit(
    caller: Caller,
    State(context): State<Shared>,
    Params(query): Params<AuditQuery>,
) -> Result<Json<AuditPage>> {
    let limit = query.limit.unwrap_or(LIMIT_DEFAULT);
    if !(1..=LIMIT_MAX).contains(&limit) {
        return Err(Fault::invalid(format!("`limit` is {limit}; 1 to {LIMIT_MAX} are allowed")));
    }
    let agent = match query.agent.as_deref() {
        None => None,
        Some(text) => match context.find(caller, text).await? {
            Found::Root => return Err(Fault::invalid("`root` is no agent").hint("leave `agent` out")),
            Found::Agent { agent, .. } | Found::Fired { agent, .. } => Some(agent),
        },
    };
    let log = context.engine.log();
    let (mut events, mut after) = (Vec::new(), query.after);
    loop {
        let page = log.read_all(after, PAGE).await?;
        let Some(last) = page.last() else { return Ok(Json(AuditPage { events, next: None })) };
        after = last.position;
        for record in page.iter().filter(|record| AuditEntry::KINDS.contains(&record.kind.as_str())) {
            let understood = event::understood(record);
            let about = understood.as_ref().and_then(legion_model::Event::agent);
            if agent.is_some() && about != agent {
                continue;
            }
            if events.len() == limit {
                let next = events.last().map(|event: &legion_api::Event| event.number);
                return Ok(Json(AuditPage { events, next }));
            }
            events.push(event::event(record, understood.as_ref(), None));
        }
    }
}
