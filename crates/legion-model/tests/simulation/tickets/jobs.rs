//! Work for tickets as the hands take it on: slow, failing, answered twice, dropped, cut off.

use legion_model::tickets::{JobId, Work};
use legion_model::{Command, Order, TicketOrder};

use super::agenda::{CrashPoint, Own};
use super::history::History;

/// Whether the answer names nothing but a place.
fn is_of_place(work: &Work) -> bool {
    matches!(work, Work::Rescue { .. } | Work::Remove { .. })
}

impl History {
    pub fn begin_work(&mut self, job: JobId, work: Work) {
        let Some(service) = self.service.as_mut() else { return };
        if !service.world.jobs.insert(job) {
            return self.violate(format!("{work:?} is begun while it is under way"));
        }
        service.in_flight.insert(job, work.clone());
        let delay = self.delay();
        self.plan_own(delay, Own::Do { job, work });
    }

    pub fn drop_work(&mut self, job: JobId) {
        let Some(service) = self.service.as_mut() else { return };
        service.world.dropped.insert(job);
        let delay = self.delay();
        self.plan_own(delay, Own::Done { job });
    }

    pub fn hand_is_free(&mut self, job: JobId) {
        let Some(service) = self.service.as_mut() else { return };
        service.in_flight.remove(&job);
        service.world.jobs.remove(&job);
        service.world.dropped.remove(&job);
        self.reconcile();
    }

    pub fn do_work(&mut self, job: JobId, work: Work) {
        let Some(service) = self.service.as_mut() else { return };
        if service.in_flight.remove(&job).is_none() {
            return;
        }
        let dropped = service.world.dropped.contains(&job);
        if dropped && self.random.chance(50) {
            return;
        }
        let (fails, fatal) = (self.habits.work_fails, self.habits.work_fatal);
        if self.fault(fails) {
            let fatal = self.random.chance(fatal);
            let order = TicketOrder::WorkFailed { work: work.clone(), why: "no space left".to_owned(), fatal };
            return self.answer(job, &work, order, 0);
        }
        let takes_ms = match &work {
            // In the one directory of the project's gates.
            Work::Gate { .. } => {
                let begins_ms = self.gate_free_ms.max(self.mono_ms);
                self.gate_free_ms = begins_ms + self.random.between(10, 20_000);
                self.gate_free_ms - self.mono_ms
            }
            _ => 0,
        };
        let lost = self.habits.gates_lost;
        if matches!(work, Work::Gate { .. }) && self.fault(lost / 4) {
            // The hand hangs: nothing ever comes of it, until somebody notices.
            return self.note(|| format!("nothing is heard of {work:?} again"));
        }
        let answer = self.effect(&work, takes_ms);
        if self.armed == Some(CrashPoint::AfterWork) && answer.is_some() {
            return self.crash("with work done and not logged");
        }
        match answer {
            Some(order) => self.answer(job, &work, order, takes_ms),
            None => self.plan_own(1, Own::Done { job }),
        }
    }

    fn answer(&mut self, job: JobId, work: &Work, order: TicketOrder, in_ms: u64) {
        let of_job = is_of_place(work) || matches!(order, TicketOrder::WorkFailed { .. });
        let command = Command::own(self.wall(), Order::Tickets(order));
        let twice = self.habits.twice;
        if !of_job && self.random.chance(twice) {
            // Once more, late; whatever it was about may be over by then.
            let again = in_ms + self.random.below(90_000);
            self.plan_own(again, Own::Answer { job, command: Box::new(command.clone()), counts_with_job: false });
        }
        let in_ms = in_ms + self.delay();
        self.plan_own(in_ms, Own::Answer { job, command: Box::new(command), counts_with_job: of_job });
        self.plan_own(in_ms, Own::Done { job });
    }

    /// An answer comes to the keeper.
    pub fn take_answer(&mut self, job: JobId, mut command: Command, counts_with_job: bool) {
        let Some(service) = self.service.as_ref() else { return };
        let is_held = service.world.jobs.contains(&job) && !service.world.dropped.contains(&job);
        if counts_with_job && !is_held {
            return;
        }
        if let Some(bug) = self.bug {
            bug.mutate_answer(&service.state, &mut command);
        }
        let is_stale = self.is_stale(&command) && self.bug.is_none_or(|bug| !bug.forges_answers());
        let decided = self.submit(&command);
        if let Some(Ok(decided)) = decided
            && is_stale
            && !decided.events.is_empty()
        {
            self.violate(format!(
                "an answer to what is over means something: {:?}: {:?}",
                command.order, decided.events
            ));
        }
    }

    /// Whether what an answer names is not open any more.
    fn is_stale(&self, command: &Command) -> bool {
        let (Some(service), Order::Tickets(order)) = (&self.service, &command.order) else { return false };
        let board = &service.state.board;
        let landing = |session, landing| {
            board.sessions.get(session).is_none_or(|s: &legion_model::tickets::Session| {
                s.landing.as_ref().is_none_or(|open| open.id != landing)
            })
        };
        match order {
            TicketOrder::Prepared { ticket, attempt, .. }
            | TicketOrder::ReviewPrepared { ticket, attempt, .. }
            | TicketOrder::Collected { ticket, attempt, .. } => board.by_attempt(*ticket, *attempt).is_none(),
            TicketOrder::Built { session, landing: id, .. }
            | TicketOrder::Conflicted { session, landing: id, .. }
            | TicketOrder::GateEnded { session, landing: id, .. }
            | TicketOrder::Moved { session, landing: id }
            | TicketOrder::Foreign { session, landing: id, .. } => landing(session, *id),
            TicketOrder::WorkFailed { work, .. } => match work {
                Work::Prepare { ticket, attempt }
                | Work::PrepareReview { ticket, attempt, .. }
                | Work::Collect { ticket, attempt } => board.by_attempt(*ticket, *attempt).is_none(),
                Work::Build { session, landing: id }
                | Work::Gate { session, landing: id, .. }
                | Work::Move { session, landing: id } => landing(session, *id),
                Work::Rescue { .. } | Work::Remove { .. } => false,
            },
            _ => false,
        }
    }

    /// The service died: what its hands had begun may get done without it, and nobody hears of it.
    pub fn orphan_work(&mut self) {
        let Some(service) = self.service.as_mut() else { return };
        let begun = std::mem::take(&mut service.in_flight);
        for work in begun.into_values() {
            if self.random.chance(40) && !matches!(work, Work::Gate { .. }) {
                self.note(|| format!("{work:?} is done all the same"));
                self.effect(&work, 0);
            }
        }
    }
}
