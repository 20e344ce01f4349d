//! The keeper itself: the one task that owns a project's state.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use legion_model::tickets::JobId;
use legion_model::{
    Answer, Command, Key, Now, Order, Organisation, Party, ProcessId, ProcessView, ProjectId, Step, World,
    reconcile::reconcile,
};
use legion_store::StreamId;
use tokio::sync::{mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;

use super::group::Asked;
use super::world::{self, WorldChange};
use crate::engine::Inner;
use crate::error::EngineError;
use crate::hands::{self, Hand, Task};
use crate::load::{LoadError, load, record, save};

/// Commands that are decided on speculative state and appended together.
const GROUP_MAX: usize = 256;
/// Events after which a snapshot is worth its time.
const SNAPSHOT_EVERY: u64 = 20_000;
/// How soon a step is tried again that could not be handed over.
const RETRY_MS: u64 = 50;

pub(crate) type Reply = oneshot::Sender<Result<Answer, EngineError>>;

/// What a caller of the keeper may learn about where its words went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stored {
    /// Number of the project's last event after the append.
    pub version: u64,
}

/// What comes in.
pub(crate) enum Input {
    Command {
        by: Party,
        key: Option<Key>,
        order: Box<Order>,
        reply: Option<Reply>,
    },
    /// A look at the state as of the last commit.
    Read(Box<dyn FnOnce(&Organisation) + Send>),
    World(WorldChange),
    Close {
        reply: oneshot::Sender<()>,
    },
}

/// Where a keeper is heard.
pub(super) struct Reports {
    /// For the hands, to report by.
    pub(super) inputs: mpsc::WeakSender<Input>,
    pub(super) committed: watch::Sender<u64>,
    pub(super) looking: watch::Sender<bool>,
}

pub(crate) struct KeeperTask {
    pub(super) inner: Arc<Inner>,
    pub(super) project: ProjectId,
    pub(super) stream: StreamId,
    pub(super) state: Organisation,
    pub(super) world: World,
    hands: HashMap<ProcessId, Hand>,
    /// Work for tickets that is under way, and what ends it.
    pub(super) works: HashMap<JobId, CancellationToken>,
    reports: Reports,
    /// Processes that the log knew at the start and that were not looked at yet.
    unlooked: BTreeSet<ProcessId>,
    snapshot_version: u64,
    /// When to look again, on the monotonic clock.
    wake_ms: Option<u64>,
    /// Until then nothing that is due is tried: the disk was full.
    pub(super) full_until_ms: Option<u64>,
}

impl KeeperTask {
    pub(super) async fn load(
        inner: Arc<Inner>,
        project: ProjectId,
        stream: StreamId,
        reports: Reports,
    ) -> Result<Self, LoadError> {
        let state = load(&inner.log, &stream, &inner.bounds).await?;
        let snapshot_version = state.version;
        let mut task = Self {
            inner,
            project,
            stream,
            state,
            world: World::default(),
            hands: HashMap::new(),
            works: HashMap::new(),
            reports,
            unlooked: BTreeSet::new(),
            snapshot_version,
            wake_ms: None,
            full_until_ms: None,
        };
        let at = task.inner.clock.now().max(task.state.last_at);
        let decided = task
            .state
            .step(&Command::own(at, Order::StartService))
            .map_err(|refusal| LoadError::Append { stream: task.stream.clone(), what: refusal.to_string() })?;
        let records = decided.events.iter().map(|event| record(event, at)).collect();
        let expected = task.state.version - decided.events.len() as u64;
        task.inner
            .log
            .append(&task.stream, expected, records)
            .await
            .map_err(|error| LoadError::Append { stream: task.stream.clone(), what: error.to_string() })?;
        // Processes that the log knows are looked for before anything is done about them.
        let known: Vec<ProcessId> = task.state.processes.keys().copied().collect();
        for &process in &known {
            task.look_for(process, true);
        }
        task.unlooked = known.into_iter().collect();
        task.note_looks();
        Ok(task)
    }

    pub(crate) async fn run(mut self, mut inbox: mpsc::Receiver<Input>) {
        let mut due = VecDeque::new();
        self.reconcile(&mut due);
        loop {
            let mut inputs = Vec::new();
            if due.is_empty() {
                match self.next(&mut inbox).await {
                    Next::Input(input) => inputs.push(input),
                    Next::Wake => {}
                    Next::End => return,
                }
            }
            while inputs.len() < GROUP_MAX
                && let Ok(input) = inbox.try_recv()
            {
                inputs.push(input);
            }
            let orders = std::mem::take(&mut due);
            if self.turn(orders, inputs, &mut due).await.is_break() {
                return;
            }
        }
    }

    async fn next(&mut self, inbox: &mut mpsc::Receiver<Input>) -> Next {
        let now = self.inner.clock.mono_ms();
        let sleep = self.wake_ms.map(|wake| Duration::from_millis(wake.saturating_sub(now)));
        let sleeping = async {
            match sleep {
                Some(sleep) => tokio::time::sleep(sleep).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased; // what came in before what is due
            input = inbox.recv() => input.map_or(Next::End, Next::Input),
            () = sleeping => Next::Wake,
        }
    }

    /// One turn: everything that is there is decided, appended together, answered; then the gap to the world is closed.
    async fn turn(
        &mut self,
        orders: VecDeque<Order>,
        inputs: Vec<Input>,
        due: &mut VecDeque<Order>,
    ) -> std::ops::ControlFlow<()> {
        // A deadline that no longer holds is refused or means nothing: both are fine.
        let mut asked: Vec<Asked> = orders.into_iter().map(Asked::due).collect();
        let mut reads = Vec::new();
        let mut close = None;
        for input in inputs {
            match input {
                Input::Command { by, key, order, reply } => asked.push(Asked { by, key, order, reply }),
                Input::Read(look) => reads.push(look),
                Input::World(change) => {
                    if let Some(process) = change.looked_at() {
                        self.unlooked.remove(&process);
                    }
                    world::change(&mut self.world, change, self.inner.clock.mono_ms());
                }
                Input::Close { reply } => close = Some(reply),
            }
        }
        let settled = self.settle(&asked).await;
        for process in settled.ended {
            self.world.processes.remove(&process);
            self.hands.remove(&process);
            self.unlooked.remove(&process);
        }
        self.note_looks();
        let version = self.state.version;
        if settled.goes_on {
            // Who waits for a commit is woken by one, not by a look.
            self.reports.committed.send_if_modified(|seen| std::mem::replace(seen, version) != version);
        }
        for (asked, answer) in asked.into_iter().zip(settled.answers) {
            if let Some(reply) = asked.reply {
                // A caller that went away has its answer in the log.
                let _ = reply.send(answer);
            }
        }
        if !settled.goes_on {
            // Somebody else writes, or the log is broken: what we would say is no longer true.
            self.inner.tasks.failed().cancel();
            return std::ops::ControlFlow::Break(());
        }
        self.inner.failpoints.pass("keeper.after-reply");
        for look in reads {
            look(&self.state);
        }
        if let Some(reply) = close {
            save(&self.inner.log, &self.stream, &self.state).await;
            // The asker may have given up waiting.
            let _ = reply.send(());
            return std::ops::ControlFlow::Break(());
        }
        if self.state.version - self.snapshot_version >= SNAPSHOT_EVERY {
            save(&self.inner.log, &self.stream, &self.state).await;
            self.snapshot_version = self.state.version;
        }
        self.reconcile(due);
        std::ops::ControlFlow::Continue(())
    }

    fn reconcile(&mut self, due: &mut VecDeque<Order>) {
        let now = Now { wall: self.inner.clock.now(), mono_ms: self.inner.clock.mono_ms() };
        let (steps, wake_ms) = reconcile(&self.state, &self.world, now);
        self.wake_ms = wake_ms;
        let full_until_ms = self.full_until_ms.filter(|until| *until > now.mono_ms);
        if let Some(until) = full_until_ms {
            self.wake_ms = Some(wake_ms.map_or(until, |wake| wake.min(until)));
        }
        for step in steps {
            match step {
                Step::Due(_) if full_until_ms.is_some() => {}
                Step::Due(order) => due.push_back(order),
                step => self.take(step, now.mono_ms),
            }
        }
    }

    /// Hands a step over. It is part of the world from then on, and not named again.
    pub(super) fn take(&mut self, step: Step, mono_ms: u64) {
        let step = match step {
            Step::Work { job, work } => return self.begin_work(job, work),
            Step::Drop { job } => return self.drop_work(job),
            step => step,
        };
        let Some(process) = step.process() else { return };
        if let Step::Start { agent, run, injection, .. } = &step {
            let Some(start) = hands::StartOrder::of(&self.state, *agent, process, *run, *injection) else { return };
            let view = ProcessView { starting: true, last_sign_ms: mono_ms, ..ProcessView::default() };
            self.world.processes.insert(process, view);
            self.hands.insert(process, Hand::start(&self.inner, self.project, self.reporter(), start));
            return;
        }
        if !self.hands.contains_key(&process) {
            self.look_for(process, false);
        }
        let Some(task) = Task::of(&self.state, &step) else { return };
        let Some(hand) = self.hands.get(&process) else { return };
        if !hand.give(task) {
            // Its inbox is full, or it has just ended: it is looked at again soon.
            if hand.is_gone() {
                self.hands.remove(&process);
            }
            let soon = mono_ms + RETRY_MS;
            self.wake_ms = Some(self.wake_ms.map_or(soon, |wake| wake.min(soon)));
            return;
        }
        let Some(view) = self.world.processes.get_mut(&process) else { return };
        match step {
            Step::Write { injection, .. } => {
                view.written.insert(injection.0);
            }
            Step::Answer { approval, .. } => {
                view.answered.insert(approval);
            }
            Step::Interrupt { run, number, .. } => view.interrupted = Some((run, number)),
            Step::Probe { .. } => view.probed_ms = Some(mono_ms),
            Step::Stop { .. } => view.stopping = true,
            Step::Start { .. } | Step::Work { .. } | Step::Drop { .. } | Step::Due(_) => {}
        }
    }

    /// Sets a hand to look for a process that the log knows: it may live under its shim, be gone, or never have been started.
    fn look_for(&mut self, id: ProcessId, at_start: bool) {
        let Some(process) = self.state.processes.get(&id) else { return };
        let view = ProcessView { starting: true, last_sign_ms: self.inner.clock.mono_ms(), ..ProcessView::default() };
        self.world.processes.insert(id, view);
        let order = hands::AdoptOrder::of(&self.state, process, at_start);
        self.hands.insert(id, Hand::adopt(&self.inner, self.project, self.reporter(), order));
    }

    fn note_looks(&self) {
        if self.unlooked.is_empty() {
            self.reports.looking.send_if_modified(|looked| !std::mem::replace(looked, true));
        }
    }

    pub(super) fn reporter(&self) -> hands::Reporter {
        hands::Reporter::new(self.reports.inputs.clone())
    }
}

enum Next {
    Input(Input),
    Wake,
    End,
}
