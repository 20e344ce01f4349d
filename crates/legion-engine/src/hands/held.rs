//! A process whose transcript is followed: what its shim says is acted on, until it is gone.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use legion_agents::driver;
use legion_model::{ApprovalId, Body, Exit, InjectionId, Order, ProcessId};
use legion_process::{Shim, ShimEvent, ShimEvents, sweep, was_started};
use legion_sandbox::Group;

use super::facts::FACTS_OF_ENTRY;
use super::follow::Follower;
use super::order::AdoptOrder;
use super::process::ProcessTask;
use super::report::KeeperGone;
use crate::containment::{Watched, Whose, limits_in};
use crate::engine::Inner;
use crate::keeper::WorldChange;

/// How long a program may take after its background work is done before its turn counts as ended.
const HELD_PAUSE: Duration = Duration::from_secs(3);

/// A process whose transcript is followed.
pub(super) struct Held {
    pub(super) task: ProcessTask,
    pub(super) order: AdoptOrder,
    pub(super) dir: PathBuf,
    pub(super) follower: Follower,
    /// Everything up to here is in the log.
    pub(super) offset: u64,
    pub(super) exit: Option<(Exit, bool)>,
    pub(super) seen: BTreeSet<InjectionId>,
    pub(super) last_fact: u64,
    /// The whole transcript was read once: what is written is known.
    pub(super) connected: bool,
    pub(super) shim_pid: Option<u32>,
    pub(super) cpu: Option<Duration>,
    pub(super) last_sign_ms: u64,
    /// Its limits are looked after.
    watched: Arc<Watched>,
}

impl Held {
    /// `watched` is given for one that was started now.
    pub(super) fn new(task: ProcessTask, order: AdoptOrder, watched: Option<Arc<Watched>>) -> Self {
        let watched = watched.unwrap_or_else(|| adopted(&task.inner, &order));
        let driver = driver(order.driver);
        let home = task.inner.data_dir.agent_home(order.agent.0);
        let config_dir = task.inner.login.claude_config_dir(&home);
        let conversation = driver.conversation(order.agent.0, order.cwd.as_ref(), &config_dir);
        let converses = order.driver.capabilities().converses;
        Self {
            dir: task.inner.data_dir.process(order.agent.0, order.number),
            follower: Follower::new(conversation, converses, driver.line_bytes_max()),
            offset: order.offset,
            exit: None,
            seen: BTreeSet::new(),
            last_fact: 0,
            connected: false,
            shim_pid: None,
            cpu: None,
            last_sign_ms: 0,
            watched,
            task,
            order,
        }
    }

    pub(super) fn process(&self) -> ProcessId {
        self.order.process
    }

    /// The shim lives: follow, and carry out steps until it is gone.
    pub(super) async fn live(mut self, shim: Shim, mut events: ShimEvents) -> Result<(), KeeperGone> {
        self.task.stopper.reached(&shim);
        self.task.inner.containment.watch.add(&self.watched);
        let mut held_since: Option<u64> = None;
        loop {
            let held = async {
                match held_since {
                    Some(since) => {
                        let waited = Duration::from_millis(self.task.inner.clock.mono_ms().saturating_sub(since));
                        tokio::time::sleep(HELD_PAUSE.saturating_sub(waited)).await;
                    }
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased; // what happened before what is to be done
                event = events.next() => match event {
                    Some(ShimEvent::Gone) | None => break,
                    Some(event) => self.shim_event(&shim, event).await?,
                },
                task = self.task.tasks.recv() => match task {
                    Some(task) => self.carry_out(&shim, task).await?,
                    // The keeper let go of it: the process ended in the log already.
                    None => return Ok(()),
                },
                () = held => self.report_held().await?,
            }
            held_since = match (self.follower.held_is_due(), held_since) {
                (true, None) => Some(self.task.inner.clock.mono_ms()),
                (true, since) => since,
                (false, _) => None,
            };
        }
        self.ended().await
    }

    pub(super) async fn shim_event(&mut self, shim: &Shim, event: ShimEvent) -> Result<(), KeeperGone> {
        match event {
            ShimEvent::Started { shim: identity, .. } => {
                self.shim_pid = Some(identity.pid);
                self.watched.found(identity.pid, shim);
                self.follow(Some(shim)).await?;
                self.report_connected().await
            }
            ShimEvent::Length(_) => {
                self.follow(Some(shim)).await?;
                self.sign().await
            }
            ShimEvent::Wrote(id) => self.task.reporter.fact(Order::ApprovalAnswered { approval: ApprovalId(id) }).await,
            ShimEvent::Refused { id, reason } => {
                tracing::warn!(process = %self.process(), %id, %reason, "a write was refused");
                self.task.reporter.world(WorldChange::WriteFailed { process: self.process(), id }).await
            }
            ShimEvent::Gone => Ok(()),
        }
    }

    /// From now on steps may be given: what was written before is known.
    pub(super) async fn report_connected(&mut self) -> Result<(), KeeperGone> {
        if std::mem::replace(&mut self.connected, true) {
            return Ok(());
        }
        let written = self.follower.inputs.iter().copied().collect();
        self.task.reporter.world(WorldChange::Connected { process: self.process(), written }).await
    }

    /// A sign of life, now and then.
    pub(super) async fn sign(&mut self) -> Result<(), KeeperGone> {
        let now = self.task.inner.clock.mono_ms();
        let pause = (self.task.inner.bounds.suspect_ms / 10).clamp(100, 30_000);
        if now.saturating_sub(self.last_sign_ms) < pause {
            return Ok(());
        }
        self.last_sign_ms = now;
        self.task.reporter.world(WorldChange::Sign { process: self.process() }).await
    }

    /// Reads what is new in the transcript and reports it.
    pub(super) async fn follow(&mut self, shim: Option<&Shim>) -> Result<(), KeeperGone> {
        loop {
            let (found, more) = match self.follower.read(&self.dir) {
                Ok(found) => found,
                Err(error) => {
                    tracing::error!(process = %self.process(), %error, "a transcript cannot be read");
                    return Ok(());
                }
            };
            self.watched.wrote(self.follower.output_bytes());
            for (at, seen) in found {
                self.report(at, seen, shim).await?;
            }
            if !more {
                return Ok(());
            }
            // A program that writes without end does not keep the others waiting.
            tokio::task::yield_now().await;
        }
    }

    /// It could not even be tried.
    pub(super) async fn failed(self, what: String) -> Result<(), KeeperGone> {
        self.let_go();
        let order = Order::ProcessEnded {
            process: self.process(),
            offset: 0,
            exit: Exit::NotStarted(what),
            seen: Vec::new(),
            result: Body::Text(String::new()),
            error: None,
            at_start: false,
        };
        self.task.reporter.fact(order).await
    }

    /// The shim is gone: read to the end, look for what is left, report.
    pub(super) async fn ended(mut self) -> Result<(), KeeperGone> {
        self.follow(None).await?;
        for (at, seen) in self.follower.finish() {
            self.report(at, seen, None).await?;
        }
        self.report_held().await?;
        let (exit, tree_gone) = self.exit.clone().unwrap_or((Exit::Lost, false));
        if !tree_gone {
            let id = self.process().0;
            match tokio::task::spawn_blocking(move || sweep(id)).await {
                Ok(report) => tracing::info!(process = %self.process(), ?report, "a process tree was swept"),
                Err(error) => tracing::error!(process = %self.process(), %error, "a process tree was not swept"),
            }
        }
        let too_much = self.let_go();
        let exit = self.outcome(exit, too_much);
        let seen = self.proved();
        let failed = !matches!(exit, Exit::Code(0));
        let result = self.stored(self.follower.result()).await;
        let error = self.follower.error_tail().filter(|_| failed && !matches!(exit, Exit::NotStarted(_)));
        let error = error.map(|tail| format!("{}; its last words on standard error: {tail}", exit.words()));
        self.task.inner.failpoints.pass("hands.before-ended");
        let order = Order::ProcessEnded {
            process: self.process(),
            offset: (self.follower.entries + 1) * FACTS_OF_ENTRY,
            exit,
            seen,
            result,
            error,
            at_start: self.order.at_start,
        };
        self.task.reporter.fact(order).await?;
        self.task.inner.failpoints.pass("hands.after-ended");
        Ok(())
    }

    /// Its tree is gone: nothing is looked after any more. Returns what it took too much of.
    fn let_go(&self) -> Option<String> {
        let containment = &self.task.inner.containment;
        containment.watch.remove(self.process());
        containment.placeholders.release(&self.dir);
        let (too_much, peak) = self.watched.finish();
        containment.places.leave(self.process(), self.order.driver, peak);
        too_much
    }

    /// How it ended: for what it took too much of, and not at all when what was to hold it could not.
    fn outcome(&self, exit: Exit, too_much: Option<String>) -> Exit {
        let ended_itself = !self.task.stopper.has_begun();
        if let Exit::Code(code) = exit
            && let Some(why) = self.follower.not_held(code)
        {
            return Exit::NotStarted(why);
        }
        match (exit, too_much) {
            (exit, Some(what)) if self.watched.is_over() || (ended_itself && exit != Exit::Code(0)) => {
                tracing::info!(process = %self.process(), ?exit, what, "a process took more than it may");
                Exit::ResourceLimit(what)
            }
            (exit, _) => exit,
        }
    }

    /// Writes that the program is proved to have taken up.
    pub(super) fn proved(&self) -> Vec<InjectionId> {
        let started = was_started(&self.dir);
        let candidates = self.follower.inputs.iter().copied().map(InjectionId).chain(self.order.prompt);
        candidates
            .filter(|injection| {
                self.seen.contains(injection)
                    || match self.follower.conversation().proof(injection.0) {
                        // Only its execution can prove it.
                        None => started && Some(*injection) == self.order.prompt,
                        Some(proof) => proof.unwrap_or(false),
                    }
            })
            .collect()
    }
}

/// What was started by a service before this one: its groups are found by its name.
fn adopted(inner: &Arc<Inner>, order: &AdoptOrder) -> Arc<Watched> {
    let limits = limits_in(inner, order.cwd.as_ref());
    let resources = &inner.containment.resources;
    // They could not be made where they are not there: then it was watched, and still is.
    let group = Some(resources.group(&order.process.to_string())).filter(Group::is_there);
    inner.containment.places.is_there(order.process, order.driver);
    let whose = Whose { process: order.process, agent: Some(order.agent), tier: order.tier };
    Arc::new(Watched::new(whose, limits, group))
}
