//! Work for tickets, handed over like any step.

use legion_model::tickets::{JobId, Work};

use super::task::KeeperTask;
use crate::tickets::{self, Job, WorkOrder};

impl KeeperTask {
    /// Begins a piece of work. It is part of the world until its answer is in the log.
    pub(super) fn begin_work(&mut self, job: JobId, work: Work) {
        let Some(order) = WorkOrder::of(&self.state, &work) else { return };
        self.works.retain(|job, _| self.world.jobs.contains(job));
        self.world.jobs.insert(job);
        let begun = Job { id: job, work, order };
        self.works.insert(job, tickets::begin(&self.inner, self.project, self.reporter(), begun));
    }

    /// Nobody needs the outcome of a piece of work any more. It is part of the world until it has ended.
    pub(super) fn drop_work(&mut self, job: JobId) {
        self.world.dropped.insert(job);
        if let Some(token) = self.works.get(&job) {
            token.cancel();
        }
    }
}
