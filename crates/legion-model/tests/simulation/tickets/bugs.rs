//! Bugs that are planted between the pure functions and the log or the hands: the simulation has to find each.

use legion_model::tickets::{Phase, SessionPhase, Ticket, TicketOutcome};
use legion_model::{AgentId, AttemptId, Command, Decided, Event, Order, Organisation, Step, TicketOrder};
use uuid::Uuid;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bug {
    /// A target is moved with its gates left out.
    MovedWithoutVerdict,
    /// A target is moved while its gate still runs.
    MovedTooEarly,
    /// An answer is taken for the attempt or gate that is open now, whichever it names.
    TokenForgotten,
    /// An attempt that waits in the merge queue keeps its worker.
    WorkerKept,
    /// More attempts than workers.
    WorkersExceeded,
    /// A landing that moved the target stays open, and moves it again.
    LandedTwice,
    /// A ticket is done before its target moved.
    DoneTooEarly,
    /// A clone counts as secured, and nothing was.
    RescueSkipped,
    /// A retry is answered and changes nothing.
    RetryForgotten,
    /// A ticket begins before those that it waits for.
    UpstreamIgnored,
    /// What is merged is somebody else's work.
    ForeignWorkMerged,
    /// Changes to protected paths wait for nobody.
    HeldSkipped,
    /// A step of the team is left out.
    ReviewSkipped,
    /// The agent of a stopped ticket works on.
    StoppedLivesOn,
    /// A stopped ticket begins again.
    StopForgotten,
    /// A deadline wakes nobody.
    DeadlineForgotten,
    /// Nobody looks after a ticket whose upstream failed.
    PolicyForgotten,
    /// Work that nobody wants any more goes on for ever.
    DropForgotten,
}

impl Bug {
    pub const ALL: [Self; 18] = [
        Self::MovedWithoutVerdict,
        Self::MovedTooEarly,
        Self::TokenForgotten,
        Self::WorkerKept,
        Self::WorkersExceeded,
        Self::LandedTwice,
        Self::DoneTooEarly,
        Self::RescueSkipped,
        Self::RetryForgotten,
        Self::UpstreamIgnored,
        Self::ForeignWorkMerged,
        Self::HeldSkipped,
        Self::ReviewSkipped,
        Self::StoppedLivesOn,
        Self::StopForgotten,
        Self::DeadlineForgotten,
        Self::PolicyForgotten,
        Self::DropForgotten,
    ];

    pub fn merges_anything(self) -> bool {
        self == Self::ForeignWorkMerged
    }

    pub fn skips_rescue(self) -> bool {
        self == Self::RescueSkipped
    }

    /// What is checked of stale answers would find it at once.
    pub fn forges_answers(self) -> bool {
        self == Self::TokenForgotten
    }

    /// Changes what was decided. Says whether it did.
    pub fn mutate(self, before: &Organisation, after: &Organisation, command: &Command, decided: &mut Decided) -> bool {
        let events = &mut decided.events;
        let count = events.len();
        match self {
            Self::MovedWithoutVerdict => {
                let mut changed = false;
                for event in events.iter_mut() {
                    if let Event::LandingBuilt { gates, .. } = event {
                        changed |= !gates.is_empty();
                        gates.clear();
                    }
                }
                events.retain(|event| !matches!(event, Event::GateBegan { .. }));
                return changed;
            }
            Self::MovedTooEarly => events.retain(|event| !matches!(event, Event::GateBegan { .. })),
            Self::WorkerKept => events.retain(|event| !matches!(event, Event::AttemptQueued { .. })),
            Self::LandedTwice => {
                events.retain(|event| !matches!(event, Event::LandingEnded { moved: true, .. }));
            }
            Self::DoneTooEarly => {
                let built = events.iter().find_map(|event| match event {
                    Event::LandingBuilt { session, commit, tree, .. } => Some((session, commit, tree)),
                    _ => None,
                });
                if let Some((session, commit, tree)) = built
                    && let Some(landing) = before.board.sessions.get(session).and_then(|s| s.landing.as_ref())
                    && let legion_model::tickets::Item::Attempt { ticket, attempt } = landing.item
                {
                    let outcome = TicketOutcome::Done { commit: commit.clone(), tree: tree.clone() };
                    let end = legion_model::tickets::AttemptEnd::Merged;
                    let why = "merged".to_owned();
                    events.push(Event::AttemptEnded {
                        ticket,
                        attempt,
                        end,
                        why: why.clone(),
                        detail: None,
                        retry_at: None,
                        by: None,
                    });
                    events.push(Event::TicketClosed { ticket, outcome, why, by: None });
                }
            }
            Self::RetryForgotten => {
                if matches!(command.order, Order::Tickets(TicketOrder::Retry { .. })) {
                    events.clear();
                }
            }
            Self::UpstreamIgnored => {
                if let Some(begin) = begin(after, |ticket| after.board.unmet(ticket).next().is_some()) {
                    events.push(begin);
                }
            }
            Self::WorkersExceeded => {
                if let Some(begin) = begin(after, |ticket| after.board.unmet(ticket).next().is_none()) {
                    events.push(begin);
                }
            }
            Self::HeldSkipped => return replace(events, |event| matches!(event, Event::AttemptHeld { .. })),
            Self::ReviewSkipped => return replace(events, |event| matches!(event, Event::ReviewBegan { .. })),
            Self::StoppedLivesOn => {
                if matches!(command.order, Order::Tickets(TicketOrder::Stop { .. })) {
                    events.retain(|event| {
                        !matches!(
                            event,
                            Event::AgentFired { .. } | Event::RunEnded { .. } | Event::ProcessStopping { .. }
                        )
                    });
                }
            }
            Self::StopForgotten => {
                if matches!(command.order, Order::Tickets(TicketOrder::Stop { .. })) {
                    events.retain(|event| !matches!(event, Event::TicketClosed { .. }));
                }
            }
            Self::PolicyForgotten => events
                .retain(|event| !matches!(event, Event::TicketClosed { outcome: TicketOutcome::Skipped { .. }, .. })),
            _ => {}
        }
        events.len() != count
    }

    /// Changes which steps are taken.
    pub fn mutate_steps(self, _state: &Organisation, steps: &mut Vec<Step>) {
        match self {
            Self::DeadlineForgotten => steps.retain(|step| {
                !matches!(
                    step,
                    Step::Due(Order::Tickets(TicketOrder::HeldTimeUp { .. } | TicketOrder::UpstreamTimeUp { .. }))
                )
            }),
            Self::DropForgotten => steps.retain(|step| !matches!(step, Step::Drop { .. })),
            _ => {}
        }
    }

    /// Changes an answer of the hands.
    pub fn mutate_answer(self, state: &Organisation, command: &mut Command) {
        if self != Self::TokenForgotten {
            return;
        }
        let open = |ticket: legion_model::tickets::TicketId| -> Option<AttemptId> {
            state.board.tickets.get(&ticket)?.attempt().map(|attempt| attempt.id)
        };
        match &mut command.order {
            Order::Tickets(
                TicketOrder::Collected { ticket, attempt, .. } | TicketOrder::Prepared { ticket, attempt, .. },
            ) => *attempt = open(*ticket).unwrap_or(*attempt),
            Order::Tickets(TicketOrder::GateEnded { session, landing, run, .. }) => {
                let open = state.board.sessions.get(session).and_then(|session| session.landing.as_ref());
                if let Some((open, running)) = open.and_then(|open| Some((open.id, open.run.as_ref()?.id))) {
                    (*landing, *run) = (open, running);
                }
            }
            _ => {}
        }
    }
}

/// Instead of an event about an attempt: it goes to the merge queue.
fn replace(events: &mut [Event], is_it: impl Fn(&Event) -> bool) -> bool {
    let mut changed = false;
    for event in events.iter_mut().filter(|event| is_it(event)) {
        if let Event::AttemptHeld { ticket, attempt, .. } | Event::ReviewBegan { ticket, attempt, .. } = event {
            *event = Event::AttemptQueued { ticket: *ticket, attempt: *attempt };
            changed = true;
        }
    }
    changed
}

/// An attempt that should not begin.
fn begin(state: &Organisation, fits: impl Fn(&Ticket) -> bool) -> Option<Event> {
    let board = &state.board;
    let ticket = board.tickets.values().find(|ticket| {
        let active = board.sessions.get(&ticket.session).is_some_and(|s| s.phase == SessionPhase::Active);
        matches!(ticket.phase, Phase::Queued { .. }) && ticket.spec.has_agent() && active && fits(ticket)
    })?;
    let number = ticket.attempts + 1;
    Some(Event::AttemptBegan {
        ticket: ticket.id,
        attempt: AttemptId(Uuid::from_u128(u128::from(ticket.id.0) << 32 | u128::from(number))),
        number,
        worker: 1,
        place: Some(legion_model::tickets::PlaceKey::of_attempt(&ticket.session, ticket.id, number)),
        agent: Some(AgentId(Uuid::from_u128(u128::from(ticket.id.0) << 64 | u128::from(number)))),
        fresh: true,
        resolver: false,
    })
}
