//! A group: orders that are decided on speculative state and appended together.

use legion_model::{Answer, Command, Event, Key, Order, Party, ProcessId};
use legion_store::{AppendError, NewRecord};

use super::task::{KeeperTask, Reply};
use crate::error::EngineError;
use crate::load::record;

/// An order, and who waits for its answer.
pub(super) struct Asked {
    pub(super) by: Party,
    pub(super) key: Option<Key>,
    pub(super) order: Box<Order>,
    pub(super) reply: Option<Reply>,
}

impl Asked {
    /// An order of our own, whose time has come.
    pub(super) fn due(order: Order) -> Self {
        Self { by: Party::Root, key: None, order: Box::new(order), reply: None }
    }
}

/// What a group means: events, and an answer for each that asked.
pub(super) struct Group {
    /// The version that it was decided on.
    pub(super) expected: u64,
    pub(super) records: Vec<NewRecord>,
    pub(super) answers: Vec<Result<Answer, EngineError>>,
    ended: Vec<ProcessId>,
}

/// What became of a group.
pub(super) struct Settled {
    pub(super) answers: Vec<Result<Answer, EngineError>>,
    /// Processes that are gone, once that is in the log.
    pub(super) ended: Vec<ProcessId>,
    /// False when nothing can be appended any more.
    pub(super) goes_on: bool,
}

impl Group {
    pub(super) fn kept(self) -> Settled {
        Settled { answers: self.answers, ended: self.ended, goes_on: true }
    }

    /// Nothing of this group is true: what was refused stays refused.
    pub(super) fn lost(self, goes_on: bool, error: impl Fn() -> EngineError) -> Settled {
        let answers = self.answers.into_iter().map(|answer| answer.and_then(|_| Err(error()))).collect();
        Settled { answers, ended: Vec::new(), goes_on }
    }
}

impl KeeperTask {
    /// Decides, appends, and gives each its answer.
    pub(super) async fn settle(&mut self, asked: &[Asked]) -> Settled {
        let mut group = self.decide(asked);
        let records = std::mem::take(&mut group.records);
        match self.append(group.expected, records).await {
            Ok(()) => group.kept(),
            Err(AppendError::Full) => self.settle_on_a_full_disk(asked, group).await,
            Err(error) => group.lost(false, || EngineError::internal(&error)),
        }
    }

    pub(super) fn decide<'a>(&mut self, asked: impl IntoIterator<Item = &'a Asked>) -> Group {
        let mut group =
            Group { expected: self.state.version, records: Vec::new(), answers: Vec::new(), ended: Vec::new() };
        for asked in asked {
            let answer = self.decide_one(asked, &mut group);
            group.answers.push(answer);
        }
        group
    }

    fn decide_one(&mut self, asked: &Asked, group: &mut Group) -> Result<Answer, EngineError> {
        self.check_reserve(asked)?;
        let at = self.inner.clock.now().max(self.state.last_at);
        let command = Command { at, by: asked.by, key: asked.key.clone(), order: (*asked.order).clone() };
        let decided = self.state.step(&command)?;
        for event in &decided.events {
            if let Event::ProcessEnded { process, .. } = event {
                group.ended.push(*process);
            }
            group.records.push(record(event, at));
        }
        Ok(decided.answer)
    }

    /// Appends records that were decided on the version `expected`.
    pub(super) async fn append(&self, expected: u64, records: Vec<NewRecord>) -> Result<(), AppendError> {
        if records.is_empty() {
            return Ok(());
        }
        self.inner.failpoints.pass("keeper.before-append");
        let result = self.inner.log.append(&self.stream, expected, records).await;
        self.inner.failpoints.pass("keeper.after-append");
        if let Err(error) = &result {
            tracing::error!(project = %self.project, %error, "the log took nothing");
        }
        result.map(|_| ())
    }
}
