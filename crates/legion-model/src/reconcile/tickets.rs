//! Tickets: work that should be under way is begun, work that nobody needs is dropped, times that came are reported.

use super::Plan;
use crate::command::{Order, TicketOrder};
use crate::organisation::Organisation;
use crate::step::Step;
use crate::tickets::{GateVerdict, OnUpstream, Phase, Stage, jobs, rules};
use crate::world::World;

pub(super) fn reconcile(state: &Organisation, world: &World, plan: &mut Plan) {
    let board = &state.board;
    if board.sessions.is_empty() && board.places.is_empty() && world.jobs.is_empty() {
        return;
    }
    let (wanted, next) = jobs(state, plan.now.wall);
    for (job, work) in &wanted {
        // While the service goes down what is under way may end, and nothing begins.
        if !world.jobs.contains(job) && !state.closing {
            plan.step(Step::Work { job: *job, work: work.clone() });
        }
    }
    for job in world.jobs.iter().filter(|job| !world.dropped.contains(job)) {
        if !wanted.iter().any(|(wanted, _)| wanted == job) {
            plan.step(Step::Drop { job: *job });
        }
    }
    if let Some(next) = next {
        plan.when(next, || Step::Due(Order::Tickets(TicketOrder::RetryDue)));
    }
    if state.closing {
        return;
    }
    // A time that came is worth a word only when somebody is free to begin.
    let later = board.delayed.iter().find(|(time, _)| *time > plan.now.wall);
    if let Some((time, _)) = later {
        plan.when(*time, || Step::Due(Order::Tickets(TicketOrder::RetryDue)));
    }
    if board.delayed.first().is_some_and(|(time, _)| *time <= plan.now.wall)
        && rules::next_begin(state, plan.now.wall).is_some()
    {
        plan.step(Step::Due(Order::Tickets(TicketOrder::RetryDue)));
    }
    for ticket in board.open.iter().filter_map(|id| board.tickets.get(id)) {
        let Some(attempt) = ticket.attempt() else { continue };
        let (ticket, attempt_id) = (ticket.id, attempt.id);
        match attempt.stage {
            Stage::Held { deadline } => plan
                .when(deadline, || Step::Due(Order::Tickets(TicketOrder::HeldTimeUp { ticket, attempt: attempt_id }))),
            Stage::Running | Stage::Reviewing => {
                if let Some(until) = rules::held_until(state, attempt) {
                    plan.when(until, || {
                        Step::Due(Order::Tickets(TicketOrder::IdleTimeUp { ticket, attempt: attempt_id }))
                    });
                }
            }
            _ => {}
        }
    }
    for session in board.sessions.values() {
        let Some(landing) = &session.landing else { continue };
        let Some(run) = &landing.run else { continue };
        plan.when(landing.gate_until(run), || {
            Step::Due(Order::Tickets(TicketOrder::GateEnded {
                session: session.name.clone(),
                landing: landing.id,
                run: run.id,
                verdict: GateVerdict::Lost,
                exit_code: None,
                ms: run.gate.timeout_s.saturating_mul(1_000),
                log: "nothing was heard of it in time".into(),
            }))
        });
    }
    for closed in board.closed_badly.iter().filter_map(|id| board.tickets.get(id)) {
        for waiting in board.dependents_of(closed.id).filter_map(|id| board.tickets.get(&id)) {
            if matches!(waiting.phase, Phase::Queued { .. })
                && waiting.after.get(&closed.id) == Some(&OnUpstream::Wait)
                && let Some(until) = rules::upstream_until(state, waiting, closed)
            {
                let ticket = waiting.id;
                plan.when(until, || Step::Due(Order::Tickets(TicketOrder::UpstreamTimeUp { ticket })));
            }
        }
    }
}
