//! Tickets: the list, one of them, and delete.

use std::ops::Bound;

use axum::Json;
use axum::extract::State;
use legion_api::{self as api, TicketDetail, TicketNumbers, TicketPage, TicketStatus, paths};
use legion_model::authority::Verb;
use legion_model::tickets::{SessionName, Ticket, TicketId};
use legion_model::{Answer, Order, Organisation, Party, Refusal, RefusalKind, TicketOrder};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::routes;

use crate::change::{Change, Nothing, unexpected};
use crate::context::{Context, Shared};
use crate::fault::{Fault, Result};
use crate::governed::Routes;
use crate::guard::Caller;
use crate::query::{self, Id, Params, ProjectQuery};
use crate::render::text::Texts;
use crate::render::ticket::{self, Spending};
use crate::render::ticket_detail;
use crate::rights;

const PAGE_DEFAULT: usize = 100;
const PAGE_MAX: usize = 1_000;
/// Bytes of a page, about. It ends earlier than it was asked to when its tickets are long.
const PAGE_BYTES_MAX: usize = 8 * 1024 * 1024;

pub(crate) fn routes() -> Routes {
    Routes::new()
        .add(Verb::SeeTicket, routes!(tickets))
        .add(Verb::SeeTicket, routes!(one))
        .add(Verb::DeleteTicket, routes!(delete))
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ListQuery {
    /// A project: its directory, a path inside of it, or its id. The person needs it when there are several.
    project: Option<String>,
    /// Of this session; of all sessions when absent.
    session: Option<String>,
    /// Words with commas between: queued, blocked, working, verifying, merging, done, error, stopped, skipped.
    status: Option<String>,
    /// Where the last page ended: its `next`.
    after: Option<u32>,
    /// Tickets in a page, 1 to 1000; 100 when absent. A page of long tickets may have fewer.
    limit: Option<usize>,
}

/// The tickets that the caller may see, by number.
#[utoipa::path(
    get,
    path = paths::TICKETS,
    tag = "tickets",
    operation_id = "tickets",
    params(ListQuery),
    responses((status = 200, body = TicketPage))
)]
async fn tickets(
    caller: Caller,
    State(context): State<Shared>,
    Params(query): Params<ListQuery>,
) -> Result<Json<TicketPage>> {
    let limit = query.limit.unwrap_or(PAGE_DEFAULT);
    if !(1..=PAGE_MAX).contains(&limit) {
        return Err(Fault::invalid(format!("`limit` is {limit}; 1 to {PAGE_MAX} are allowed")));
    }
    let wanted = Wanted {
        caller: caller.party(),
        session: query.session.as_deref().map(query::session).transpose()?,
        statuses: query::ticket_statuses(query.status.as_deref())?,
        after: TicketId(query.after.unwrap_or_default()),
        limit,
    };
    let (project, _) = context.project(caller, query.project.as_deref()).await?;
    if let Some(name) = wanted.session.clone() {
        super::sessions::check_session(&context, project, &name).await?;
    }
    let now = context.engine.clock().now();
    Ok(Json(context.engine.read(project, move |state| page(state, now, &wanted)).await?))
}

struct Wanted {
    caller: Party,
    session: Option<SessionName>,
    statuses: Vec<TicketStatus>,
    after: TicketId,
    limit: usize,
}

fn page(state: &Organisation, now: jiff::Timestamp, wanted: &Wanted) -> TicketPage {
    let matches = |ticket: &&Ticket| {
        wanted.session.as_ref().is_none_or(|session| ticket.session == *session)
            && (wanted.statuses.is_empty() || wanted.statuses.contains(&ticket::status(state.board.status(ticket))))
            && rights::sees(state, wanted.caller, ticket)
    };
    let spending = Spending::of(state);
    let behind = state.board.tickets.range((Bound::Excluded(wanted.after), Bound::Unbounded));
    let mut found = behind.map(|(_, ticket)| ticket).filter(matches);
    let mut tickets: Vec<api::Ticket> = Vec::new();
    let mut bytes = 0;
    while tickets.len() < wanted.limit && bytes < PAGE_BYTES_MAX {
        let Some(next) = found.next() else { break };
        let rendered = ticket::ticket(state, now, &spending, next);
        bytes += ticket::bytes(&rendered);
        tickets.push(rendered);
    }
    let next = found.next().and(tickets.last()).map(|last| last.id);
    TicketPage { tickets, counts: ticket::counts(state, wanted.caller, wanted.session.as_ref()), next }
}

/// One ticket with everything that is known of it.
#[utoipa::path(
    get,
    path = paths::TICKET,
    tag = "tickets",
    operation_id = "ticket",
    params(("id" = String, Path, description = "Its number; `self` is the caller's own"), ProjectQuery),
    responses((status = 200, body = TicketDetail))
)]
async fn one(
    caller: Caller,
    State(context): State<Shared>,
    Id(id): Id,
    Params(query): Params<ProjectQuery>,
) -> Result<Json<TicketDetail>> {
    let now = context.engine.clock().now();
    let asked = context
        .look_at(caller, query.project.as_deref(), &id, move |state, ticket| ticket_detail::asked(state, now, ticket))
        .await?;
    Ok(Json(ticket_detail::whole(Texts::new(&context.engine), asked).await))
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct DeleteQuery {
    /// A project: its directory, a path inside of it, or its id. The person needs it when there are several.
    project: Option<String>,
    /// Delete those that wait for it, too.
    #[serde(default)]
    dependents: bool,
}

/// Deletes a ticket. Its files are secured first; its number is not used again.
#[utoipa::path(
    delete,
    path = paths::TICKET,
    tag = "tickets",
    operation_id = "delete_ticket",
    params(("id" = u32, Path, description = "Its number"), DeleteQuery),
    responses((status = 200, description = "The tickets that were deleted", body = TicketNumbers))
)]
async fn delete(
    caller: Caller,
    State(context): State<Shared>,
    Id(id): Id,
    Params(query): Params<DeleteQuery>,
    change: Change<Nothing>,
) -> Result<Json<TicketNumbers>> {
    let order = TicketOrder::Delete { ticket: query::ticket(&id)?, dependents: query.dependents };
    numbers(context.ordered(caller, query.project.as_deref(), change.key, Order::Tickets(order)).await?.1).map(Json)
}

/// The tickets that an order took hold of.
pub(super) fn numbers(answer: Answer) -> Result<TicketNumbers> {
    match answer {
        Answer::Tickets { tickets } => Ok(TicketNumbers { tickets: tickets.iter().map(|ticket| ticket.0).collect() }),
        other => Err(unexpected(&other)),
    }
}

impl Context {
    /// Looks at one ticket: by its number, or at the caller's own as `self`.
    pub(super) async fn look_at<T, F>(&self, caller: Caller, project: Option<&str>, id: &str, look: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&Organisation, &Ticket) -> T + Send + 'static,
    {
        let number = if id == OWN { None } else { Some(query::ticket(id)?) };
        let (project, _) = self.project(caller, project).await?;
        let party = caller.party();
        let look = move |state: &Organisation| {
            let id = number.map_or_else(|| own(state, party), Ok)?;
            Ok::<T, Refusal>(look(state, rights::ticket(state, party, Verb::SeeTicket, id)?))
        };
        Ok(self.engine.read(project, look).await??)
    }
}

/// The caller's own ticket, in the place of a number.
const OWN: &str = "self";

/// The ticket that the caller, or the nearest agent above it, was hired for.
pub(super) fn own(state: &Organisation, caller: Party) -> std::result::Result<TicketId, Refusal> {
    let line = std::iter::once(caller).chain(state.ancestors(caller)).filter_map(Party::agent);
    line.filter_map(|agent| state.board.posts.get(&agent)).map(|post| post.ticket).next().ok_or_else(|| {
        Refusal::new(RefusalKind::NotFound, format!("{} works on no ticket", state.called(caller)))
            .hint("give the number of a ticket")
    })
}
