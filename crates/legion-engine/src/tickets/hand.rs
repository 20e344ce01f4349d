//! One piece of work: done, answered, and only then no part of the world any more.

use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use legion_model::tickets::{JobId, Work};
use legion_model::{Order, ProjectId, TicketOrder};
use legion_runtime::TaskKind;
use tokio_util::sync::CancellationToken;

use super::failure::Failure;
use super::order::WorkOrder;
use super::site::Site;
use super::strays;
use crate::engine::Inner;
use crate::hands::{KeeperGone, Reporter};
use crate::keeper::WorldChange;

/// What a piece of work may take, but for gates, which have limits of their own.
const WORK_TIME_MAX: Duration = Duration::from_secs(3_600);

/// A piece of work as the reconciler named it.
pub(crate) struct Job {
    pub id: JobId,
    pub work: Work,
    pub order: WorkOrder,
}

/// Begins a piece of work. The token says that nobody needs its outcome any more.
pub(crate) fn begin(inner: &Arc<Inner>, project: ProjectId, reporter: Reporter, job: Job) -> CancellationToken {
    let dropped = CancellationToken::new();
    let told = dropped.clone();
    let site = Site::of(inner, project);
    inner.tasks.spawn(TaskKind::Work, |cancel| async move {
        // The keeper ended: the next one names the work again.
        let _ = run(&site, &reporter, job, &told, cancel).await;
    });
    dropped
}

async fn run(
    site: &Site,
    reporter: &Reporter,
    job: Job,
    dropped: &CancellationToken,
    cancel: CancellationToken,
) -> Result<(), KeeperGone> {
    let [before, after, answered] = job.order.failpoints();
    site.pass(before);
    let urgent = job.order.is_urgent().then(|| site.ground.urgent());
    let outcome = match &job.order {
        // It holds a process, and lets go of it by itself.
        WorkOrder::Gate(case, gate_run) => {
            caught(Box::pin(super::gate::run(site, case, gate_run, dropped, &cancel))).await
        }
        order => tokio::select! {
            biased; // a service that ends does not wait for work that can be done again
            () = cancel.cancelled() => return Ok(()),
            outcome = tokio::time::timeout(WORK_TIME_MAX, caught(Box::pin(work(site, order, dropped)))) => {
                outcome.unwrap_or_else(|_| Err(Failure::passing(format!("it took longer than {WORK_TIME_MAX:?}"))))
            }
        },
    };
    site.pass(after);
    drop(urgent);
    let answer = match outcome {
        Ok(answer) => answer,
        Err(Failure { why, fatal, .. }) => {
            tracing::warn!(project = %site.project, work = ?job.work, %why, fatal, "a piece of work failed");
            Some(TicketOrder::WorkFailed { work: job.work, why, fatal })
        }
    };
    if cancel.is_cancelled() && answer.is_none() {
        return Ok(());
    }
    if let Some(answer) = answer {
        reporter.fact(Order::Tickets(answer)).await?;
        site.pass(answered);
    }
    if dropped.is_cancelled() {
        strays::clear_dropped(site, &job.order).await;
    }
    reporter.world(WorldChange::JobDone { job: job.id }).await
}

async fn work(site: &Site, order: &WorkOrder, dropped: &CancellationToken) -> Result<Option<TicketOrder>, Failure> {
    let answer = match order {
        WorkOrder::Prepare(scene) => super::prepare::run(site, scene, dropped).await,
        WorkOrder::PrepareReview(scene, step) => super::prepare_review::run(site, scene, *step, dropped).await,
        WorkOrder::Collect(scene) => super::collect::run(site, scene).await,
        WorkOrder::Build(case) => super::build::run(site, case).await,
        WorkOrder::Move(case) => super::move_target::run(site, case).await,
        WorkOrder::Rescue(spot) => super::rescue::run(site, spot).await,
        WorkOrder::Remove(spot) => super::remove::run(site, spot).await,
        WorkOrder::Gate(..) => Err(Failure::fatal("a gate is run elsewhere")),
    };
    answer.map(Some)
}

/// A bug in one piece of work fails that, and is seen: work that nobody answers for would never end.
async fn caught<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let mut work = pin!(work);
    poll_fn(move |context| {
        let polled = catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(context)));
        polled.unwrap_or_else(|_| Poll::Ready(Err(Failure::fatal("a bug in Legion: see the service's log"))))
    })
    .await
}
