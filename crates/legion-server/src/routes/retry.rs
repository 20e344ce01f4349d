//! Retry: a ticket is opened again, with other words when some are given.

use axum::Json;
use axum::extract::State;
use legion_api::{ProblemCode, RetryRequest, TextOrList, TicketNumbers, paths};
use legion_model::authority::Verb;
use legion_model::tickets::{GateSpec, TicketChanges};
use legion_model::{Body, Order, Organisation, TicketOrder};
use utoipa_axum::routes;

use crate::change::Change;
use crate::context::{Context, Shared};
use crate::fault::{Fault, Result};
use crate::governed::Routes;
use crate::guard::Caller;
use crate::query::{self, Id, Params, ProjectQuery};
use crate::routes::tickets::numbers;
use crate::{plans, rights};

pub(crate) fn routes() -> Routes {
    Routes::new().add(Verb::RetryTicket, routes!(retry))
}

/// Opens a ticket again that was closed without being merged, and those that were skipped because of it.
#[utoipa::path(
    post,
    path = paths::TICKET_RETRY,
    tag = "tickets",
    operation_id = "retry_ticket",
    params(("id" = u32, Path, description = "Its number"), ProjectQuery),
    request_body = RetryRequest,
    responses((status = 200, description = "The tickets that were opened", body = TicketNumbers))
)]
async fn retry(
    caller: Caller,
    State(context): State<Shared>,
    Id(id): Id,
    Params(query): Params<ProjectQuery>,
    change: Change<RetryRequest>,
) -> Result<Json<TicketNumbers>> {
    let ticket = query::ticket(&id)?;
    let Change { key, body } = change;
    if let Some((_, answer)) = context.replayed(caller, key.as_ref()).await? {
        return numbers(answer).map(Json);
    }
    let (project, _) = context.project(caller, query.project.as_deref()).await?;
    let party = caller.party();
    // Asked before texts are stored for it, and for what its gates are now.
    let look = move |state: &Organisation| {
        rights::ticket(state, party, Verb::RetryTicket, ticket).map(|ticket| ticket.spec.gates.clone())
    };
    let gates = context.engine.read(project, look).await??;
    let feedback = match body.feedback.clone().filter(|text| !text.trim().is_empty()) {
        Some(text) => Some(stored(&context, "feedback", text).await?),
        None => None,
    };
    let changes = changes(&context, body, gates).await?;
    let order = TicketOrder::Retry { ticket, feedback, changes: Box::new(changes) };
    numbers(context.engine.command(project, party, key, Order::Tickets(order)).await?).map(Json)
}

async fn changes(context: &Context, request: RetryRequest, gates: Vec<GateSpec>) -> Result<TicketChanges> {
    let timeout_s = request.gate_timeout.map(|timeout| timeout.seconds);
    let gates = match (request.gate, timeout_s) {
        (Some(gate), timeout_s) => Some(plans::gates(gate.into_list(), timeout_s)),
        (None, Some(timeout_s)) => Some(gates.into_iter().map(|gate| GateSpec { timeout_s, ..gate }).collect()),
        (None, None) => None,
    };
    let prompt = match request.prompt {
        Some(text) if text.trim().is_empty() => return Err(Fault::invalid("the prompt is empty")),
        Some(text) => Some(stored(context, "prompt", text).await?),
        None => None,
    };
    Ok(TicketChanges {
        prompt,
        context: match request.context {
            Some(text) => Some(stored(context, "context", text).await?),
            None => None,
        },
        criteria: request.criteria.map(TextOrList::into_list),
        gates,
        model: request.model,
        command: request.command.map(plans::words).transpose().map_err(Fault::invalid)?,
        max_attempts: request.max_attempts,
        timeout_s: request.timeout.map(|timeout| timeout.seconds),
        files: request.files,
    })
}

/// A text on its way into the log.
pub(super) async fn stored(context: &Context, what: &str, text: String) -> Result<Body> {
    let max = context.engine.bounds().text_bytes_max;
    if text.len() as u64 > max {
        let what = format!("the {what} has {} bytes; at most {max} are allowed", text.len());
        return Err(Fault::new(ProblemCode::TooLarge, what).hint("put the long part into a file and name the file"));
    }
    Ok(context.engine.body(text).await?)
}
