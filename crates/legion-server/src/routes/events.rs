//! Events as they happen, as server-sent events.

use std::collections::{BTreeSet, VecDeque};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::response::Sse;
use axum::response::sse::{Event as Frame, KeepAlive};
use futures_util::{Stream, StreamExt, stream};
use http::HeaderMap;
use jiff::SignedDuration;
use legion_api::{self as api, paths};
use legion_model::authority::{Kind, Relation, Verb, authorise, permits};
use legion_model::tickets::TicketId;
use legion_model::{AgentId, Event, Organisation, Party, ProjectId};
use legion_store::{Record, Tail, follow};
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
use crate::rights;
use crate::routes::landings::Landings;

/// How often a silent stream says that it is there.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// How far a reader that had caught up may fall behind before it is told.
const LAG_MAX: SignedDuration = SignedDuration::from_secs(10);
/// Events that a filter leaves out before the reader is told its place, so that it need not go through them again.
const SILENT_MAX: u64 = 1_000;
/// Kinds that one stream chooses.
const KINDS_MAX: usize = 100;

pub(crate) fn routes() -> Routes {
    Routes::new().add(Verb::FollowEvents, routes!(events))
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct EventsQuery {
    /// Number of the last event that is known; 0 is all from the beginning. `Last-Event-ID` says the same. Without both, from now on.
    after: Option<u64>,
    /// About this agent only.
    agent: Option<String>,
    /// About this ticket only. The person names its project, when there are several.
    ticket: Option<u32>,
    /// Of this project only: its directory, a path inside of it, or its id.
    project: Option<String>,
    /// Kinds with commas between, such as `agent-hired,run-ended`.
    kind: Option<String>,
}

/// The events of the log. The person sees all; an agent those about itself and its subtree, and about tickets that it may see.
#[utoipa::path(
    get,
    path = paths::EVENTS,
    tag = "events",
    operation_id = "events",
    params(
        EventsQuery,
        ("Last-Event-ID" = Option<u64>, Header, description = "Number of the last event that is known; goes before `after`")
    ),
    responses((
        status = 200,
        description = "`id` is the event's number, `event` its kind, `data` the object. An id without data says where the stream stands. \
                       A reader that fell behind gets the kind `lagged`, which is not in the log, and then what it missed.",
        content((api::Event = "text/event-stream"))
    ))
)]
async fn events(
    caller: Caller,
    State(context): State<Shared>,
    headers: HeaderMap,
    Params(query): Params<EventsQuery>,
) -> Result<Sse<impl Stream<Item = std::result::Result<Frame, Infallible>> + use<>>> {
    let log = context.engine.log();
    let end = log.last_position().await?;
    let after = match last_event_id(&headers)?.or(query.after) {
        Some(after) if after > end => {
            let what = format!("event {after} is not in this log; its last one is {end}");
            return Err(Fault::invalid(what).hint("leave the number out to go on from now"));
        }
        after => after.unwrap_or(end),
    };
    let agent = match query.agent {
        None => None,
        Some(text) => Some(match context.find(caller, &text).await? {
            Found::Root => return Err(Fault::invalid("`root` is no agent").hint("leave `agent` out")),
            Found::Agent { agent, .. } | Found::Fired { agent, .. } => agent,
        }),
    };
    if let Some(agent) = agent {
        super::agents::readable(&context, caller, Verb::FollowEvents, agent.into()).await?;
    }
    let project = match (query.ticket, query.project.as_deref()) {
        (None, None) => None,
        (_, wanted) => Some(context.project(caller, wanted).await?.0),
    };
    let view = match caller.agent() {
        None => None,
        Some((project, id)) => Some(context.engine.read(project, move |state| View::of(state, project, id)).await?),
    };
    let projects = context.projects(caller, None).await?;
    let landings = Landings::knowing(context.each(&projects, Landings::of).await?.into_iter().flatten());
    let feed = Feed {
        context: context.clone(),
        tail: follow(log, after),
        ready: VecDeque::from([at(after)]),
        told: after,
        behind: end,
        view,
        landings,
        project,
        ticket: query.ticket.map(TicketId),
        agent,
        kinds: query.kind.as_deref().map(kinds).transpose()?,
    };
    let frames = stream::unfold(feed, |mut feed| async { feed.next().await.map(|frame| (Ok(frame), feed)) });
    // The guard that holds the context must go when the service ends, open reader or not.
    let frames = frames.take_until(context.engine.tasks().cancelled().cancelled_owned());
    Ok(Sse::new(frames).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)))
}

fn last_event_id(headers: &HeaderMap) -> Result<Option<u64>> {
    let Some(value) = headers.get("last-event-id") else { return Ok(None) };
    let number = value.to_str().ok().and_then(|text| text.parse().ok());
    number.map(Some).ok_or_else(|| Fault::invalid("the header `Last-Event-ID` is not the number of an event"))
}

fn kinds(text: &str) -> Result<BTreeSet<String>> {
    let kinds: BTreeSet<String> = text.split(',').map(|kind| kind.trim().to_owned()).collect();
    let formed = |kind: &String| !kind.is_empty() && kind.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-');
    if kinds.len() > KINDS_MAX || !kinds.iter().all(formed) {
        return Err(Fault::invalid(format!("`kind` is not a list of 1 to {KINDS_MAX} kinds of events"))
            .hint("such as `kind=agent-hired,run-ended`"));
    }
    Ok(kinds)
}

/// Says where the reader stands, without an event.
fn at(number: u64) -> Frame {
    Frame::default().id(number.to_string())
}

fn frame(event: &api::Event) -> Frame {
    let data = serde_json::to_string(event).expect("an event is plain data");
    Frame::default().id(event.number.to_string()).event(&event.kind).data(data)
}

/// What an agent sees: itself and those that are below it, or come to be; and tickets of its line.
struct View {
    project: ProjectId,
    agents: BTreeSet<AgentId>,
    /// Itself and those above it.
    line: BTreeSet<Party>,
    tickets: BTreeSet<TicketId>,
}

impl View {
    fn of(state: &Organisation, project: ProjectId, agent: AgentId) -> Self {
        let party = Party::Agent(agent);
        let seen = state.board.tickets.values().filter(|ticket| rights::sees(state, party, ticket));
        Self {
            project,
            agents: state
                .agents
                .keys()
                .copied()
                .filter(|id| authorise(state, party, Verb::FollowEvents, *id).is_ok())
                .collect(),
            line: state.ancestors(party).chain([party, Party::Root]).collect(),
            tickets: seen.map(|ticket| ticket.id).collect(),
        }
    }

    /// How a ticket stands to it that this member dispatches now.
    fn dispatched_by(&self, by: Party) -> Relation {
        match by {
            Party::Root => Relation::PersonDispatched,
            by if self.line.contains(&by) => Relation::AncestorDispatched,
            Party::Agent(by) if self.agents.contains(&by) => Relation::DescendantDispatched,
            Party::Agent(_) => Relation::OtherDispatched,
        }
    }

    fn shows(&mut self, record: &Record, event: &Event, ticket: Option<TicketId>) -> bool {
        if record.stream.as_project() != Some(self.project.0) {
            return false;
        }
        if let Event::AgentHired { agent, parent: Party::Agent(parent), .. }
        | Event::AgentReparented { agent, parent: Party::Agent(parent), .. } = event
            && self.agents.contains(parent)
            && permits(Kind::Agent, Verb::FollowEvents, Relation::Descendant)
        {
            self.agents.insert(*agent);
        }
        if let Event::TicketAdded { ticket, by, .. } = event
            && permits(Kind::Agent, Verb::SeeTicket, self.dispatched_by(*by))
        {
            self.tickets.insert(*ticket);
        }
        if ticket.is_some_and(|ticket| self.tickets.contains(&ticket)) {
            return true;
        }
        let concerned = match event {
            Event::MessageAccepted { from, to, .. } => [from.agent(), to.agent()],
            event => [event.agent(), None],
        };
        concerned.into_iter().flatten().any(|agent| self.agents.contains(&agent))
    }
}

/// One stream. It holds one batch at most: what a slow reader has not taken stays in the log.
struct Feed {
    context: Shared,
    tail: Tail,
    ready: VecDeque<Frame>,
    /// The last number that the reader was told.
    told: u64,
    /// Until this position the reader catches up, and is not told that it is late.
    behind: u64,
    view: Option<View>,
    landings: Landings,
    project: Option<ProjectId>,
    ticket: Option<TicketId>,
    agent: Option<AgentId>,
    kinds: Option<BTreeSet<String>>,
}

impl Feed {
    async fn next(&mut self) -> Option<Frame> {
        loop {
            if let Some(frame) = self.ready.pop_front() {
                return Some(frame);
            }
            let before = self.tail.position();
            // When the log is closed or cannot be read, the stream ends; its reader comes back where it stood.
            let batch = self.tail.next().await.ok()??;
            self.notice_lag(before, &batch).await;
            self.take(&batch);
        }
    }

    async fn notice_lag(&mut self, before: u64, batch: &Arc<[Record]>) {
        let Some(first) = batch.first() else { return };
        if before < self.behind {
            return;
        }
        let now = self.context.engine.clock().now();
        if now.duration_since(first.at) > LAG_MAX {
            self.ready.push_back(frame(&event::lagged(before, now)));
            self.told = before;
            self.behind = self.context.engine.log().last_position().await.unwrap_or(before);
        }
    }

    fn take(&mut self, batch: &[Record]) {
        for record in batch {
            let understood = event::understood(record);
            let ticket = understood.as_ref().and_then(|event| self.landings.ticket_of(event));
            if self.wants(record, understood.as_ref(), ticket) {
                self.ready.push_back(frame(&event::event(record, understood.as_ref(), ticket)));
                self.told = record.position;
            } else if record.position >= self.told + SILENT_MAX {
                self.ready.push_back(at(record.position));
                self.told = record.position;
            }
        }
    }

    fn wants(&mut self, record: &Record, event: Option<&Event>, ticket: Option<TicketId>) -> bool {
        // The view is asked first: it learns from what it is shown.
        let visible = match (&mut self.view, event) {
            (None, _) => true,
            (Some(view), Some(event)) => view.shows(record, event, ticket),
            (Some(_), None) => false,
        };
        let about = |agent: AgentId| match event {
            Some(Event::MessageAccepted { from, to, .. }) => [from.agent(), to.agent()].contains(&Some(agent)),
            event => event.and_then(Event::agent) == Some(agent),
        };
        let of_project = |project: ProjectId| record.stream.as_project() == Some(project.0);
        visible
            && self.project.is_none_or(of_project)
            && self.ticket.is_none_or(|wanted| ticket == Some(wanted))
            && self.agent.is_none_or(about)
            && self.kinds.as_ref().is_none_or(|kinds| kinds.contains(&record.kind))
    }
}
