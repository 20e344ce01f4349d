//! A full disk: everything is refused but what ends agents. That uses the reserve, and when that is used up too, it is done unrecorded.

use legion_model::{Now, Order, Party, Step, TicketOrder, reconcile::reconcile};
use legion_store::AppendError;

use super::group::{Asked, Group, Settled};
use super::task::KeeperTask;
use crate::error::EngineError;
use crate::load::load;

/// How soon a state is looked at again that the disk had no room for.
const RETRY_MS: u64 = 1_000;

impl Asked {
    /// The person ends agents, or an end that was asked for is carried on.
    fn ends(&self) -> bool {
        self.by == Party::Root
            && matches!(
                *self.order,
                Order::Fire { .. }
                    | Order::Interrupt { .. }
                    | Order::InterruptAll
                    | Order::StopAll
                    | Order::InterruptTimeUp { .. }
                    | Order::Tickets(TicketOrder::Stop { .. } | TicketOrder::StopAll { .. })
            )
    }

    /// It asks for more to be done and stored.
    fn begins(&self) -> bool {
        matches!(
            *self.order,
            Order::OpenProject { .. }
                | Order::Hire(_)
                | Order::Tell { .. }
                | Order::Tickets(TicketOrder::OpenSession { .. } | TicketOrder::Add { .. } | TicketOrder::Retry { .. })
        )
    }
}

impl KeeperTask {
    /// What is left of the reserve is for those who end.
    pub(super) fn check_reserve(&self, asked: &Asked) -> Result<(), EngineError> {
        let reserve = &self.inner.reserve;
        if asked.begins() && reserve.is_spent() && reserve.set_aside().is_err() {
            return Err(EngineError::DiskFull);
        }
        Ok(())
    }

    /// The log had no room for a group. Its ends are tried again with the room that is set aside for them.
    pub(super) async fn settle_on_a_full_disk(&mut self, asked: &[Asked], refused: Group) -> Settled {
        if !self.fold_again().await {
            return refused.lost(false, || EngineError::DiskFull);
        }
        let mut settled = refused.lost(true, || EngineError::DiskFull);
        let ends: Vec<usize> = (0..asked.len()).filter(|place| asked[*place].ends()).collect();
        if ends.is_empty() {
            return settled;
        }
        let group = self.decide(ends.iter().map(|place| &asked[*place]));
        let again = match self.append_with_reserve(&group).await {
            Ok(()) => group.kept(),
            Err(AppendError::Full) => {
                self.end_unrecorded();
                let goes_on = self.fold_again().await;
                group.lost(goes_on, || EngineError::StoppedUnrecorded)
            }
            Err(error) => group.lost(false, || EngineError::internal(&error)),
        };
        for (place, answer) in ends.into_iter().zip(again.answers) {
            settled.answers[place] = answer;
        }
        Settled { answers: settled.answers, ended: again.ended, goes_on: again.goes_on }
    }

    /// Appends with what is set aside, part by part: whoever fills the disk may be faster, but not each time.
    async fn append_with_reserve(&self, group: &Group) -> Result<(), AppendError> {
        loop {
            let given = self.inner.reserve.give_back();
            if given {
                tracing::warn!(project = %self.project, "the disk is full: what is set aside is used to end agents");
            }
            match self.append(group.expected, group.records.clone()).await {
                Err(AppendError::Full) if given => {}
                done => return done,
            }
        }
    }

    /// The state has gone ahead of the log; it is folded again, and goes on when there is space. False when it cannot be read.
    async fn fold_again(&mut self) -> bool {
        let Ok(state) = load(&self.inner.log, &self.stream, &self.inner.bounds).await else { return false };
        self.state = state;
        self.full_until_ms = Some(self.inner.clock.mono_ms() + RETRY_MS);
        true
    }

    /// Ends what the state that cannot be stored wants ended. The log learns of it when the processes are gone.
    fn end_unrecorded(&mut self) {
        let now = Now { wall: self.inner.clock.now(), mono_ms: self.inner.clock.mono_ms() };
        let (steps, _) = reconcile(&self.state, &self.world, now);
        for step in steps {
            if matches!(step, Step::Stop { .. } | Step::Interrupt { .. }) {
                self.take(step, now.mono_ms);
            }
        }
    }
}
