//! The task of one process: it starts or finds the shim, follows the transcript, carries out steps, and reports the end.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use legion_agents::driver;
use legion_model::{ApprovalId, Body, Exit, Fact, InjectionId, Order, ProcessId, ProjectId, StopReason, Verdict};
use legion_process::{ProcessState, Shim, ShimEvent, ShimEvents, process_state, sweep, was_started};
use legion_runtime::TaskKind;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::follow::{Follower, Seen};
use super::launch::specification;
use super::order::{AdoptOrder, StartOrder, Task};
use super::report::{KeeperGone, Reporter};
use super::{compose::compose, interrupt_id, refusal_id};
use crate::engine::Inner;
use crate::keeper::WorldChange;

/// How long a shim that lives may be out of reach when it is looked for.
const ATTACH_TRIES: u32 = 60;
const ATTACH_PAUSE: Duration = Duration::from_millis(250);
/// How long the session file of a program may be behind its echo.
const PROOF_TRIES: u32 = 1_500;
const PROOF_PAUSE: Duration = Duration::from_millis(20);
/// How long a program may take after its background work is done before its turn counts as ended.
const HELD_PAUSE: Duration = Duration::from_secs(3);
/// Places for facts of one entry of a transcript. The last one is for a turn that was held back.
const FACTS_OF_ENTRY: u64 = 16;
/// CPU time between two probes that counts as a sign of life.
const CPU_SIGN: Duration = Duration::from_millis(10);

pub(super) enum Begin {
    Start(Box<StartOrder>),
    Adopt(AdoptOrder),
}

pub(super) struct ProcessTask {
    inner: Arc<Inner>,
    project: ProjectId,
    reporter: Reporter,
    tasks: mpsc::Receiver<Task>,
}

impl ProcessTask {
    pub(super) fn new(inner: Arc<Inner>, project: ProjectId, reporter: Reporter, tasks: mpsc::Receiver<Task>) -> Self {
        Self { inner, project, reporter, tasks }
    }

    pub(super) async fn run(self, begin: Begin, cancel: CancellationToken) {
        let work = async {
            // The keeper ended: what is left is found again by the next one.
            let _ = match begin {
                Begin::Start(order) => self.start(*order).await,
                Begin::Adopt(order) => self.adopt(order).await,
            };
        };
        tokio::select! {
            biased; // a service that ends lets go of its shims
            () = cancel.cancelled() => {}
            () = work => {}
        }
    }

    async fn start(self, order: StartOrder) -> Result<(), KeeperGone> {
        let kind = order.agent.spec.driver;
        let prompt = order.prompt.as_ref().map(|(injection, _)| *injection);
        self.inner.failpoints.pass("hands.before-start");
        let started = match specification(&self.inner, &order).await {
            Ok(spec) => Shim::start(&self.inner.legion, &spec).map_err(|error| format!("{error}: {}", source(&error))),
            Err(what) => Err(what),
        };
        self.inner.failpoints.pass("hands.after-start");
        let adopt = AdoptOrder {
            process: order.process,
            number: order.number,
            agent: order.agent.id,
            driver: kind,
            cwd: order.agent.spec.cwd.clone(),
            offset: 0,
            stopping: None,
            prompt,
            at_start: false,
            was_live: false,
        };
        match started {
            Ok((shim, events)) => Held::new(self, adopt).live(shim, events).await,
            Err(what) => Held::new(self, adopt).failed(what).await,
        }
    }

    async fn adopt(self, order: AdoptOrder) -> Result<(), KeeperGone> {
        let dir = self.inner.data_dir.process(order.agent.0, order.number);
        for attempt in 0..ATTACH_TRIES {
            let state = process_state(&dir);
            match state {
                Ok(ProcessState::Held) => {
                    let secret = self.inner.key.shim_secret(order.agent.0, order.number);
                    let socket = self.inner.sockets.socket(order.process.0);
                    match Shim::attach(&socket, order.process.0, &secret).await {
                        Ok((shim, events)) => return Held::new(self, order).live(shim, events).await,
                        Err(error) if attempt + 1 == ATTACH_TRIES => {
                            tracing::warn!(project = %self.project, process = %order.process, %error, "a shim is out of reach; its program is ended");
                            let id = order.process.0;
                            // What is swept is the program's tree; its shim then ends by itself.
                            let _ = tokio::task::spawn_blocking(move || sweep(id)).await;
                        }
                        Err(_) => {}
                    }
                    tokio::time::sleep(ATTACH_PAUSE).await;
                }
                // A transcript may be gone, after a restored backup say: what the log knows to have lived is lost then.
                Ok(ProcessState::NeverStarted) if order.stopping.is_none() && !order.was_live => {
                    return self.reporter.world(WorldChange::NeverStarted { process: order.process }).await;
                }
                Ok(_) => return Held::new(self, order).ended().await,
                Err(error) => {
                    tracing::error!(process = %order.process, %error, "a transcript cannot be read");
                    return Held::new(self, order).ended().await;
                }
            }
        }
        Held::new(self, order).ended().await
    }
}

/// A process whose transcript is followed.
struct Held {
    task: ProcessTask,
    order: AdoptOrder,
    dir: PathBuf,
    follower: Follower,
    /// Everything up to here is in the log.
    offset: u64,
    exit: Option<(Exit, bool)>,
    seen: BTreeSet<InjectionId>,
    last_fact: u64,
    /// The whole transcript was read once: what is written is known.
    connected: bool,
    shim_pid: Option<u32>,
    cpu: Option<Duration>,
    last_sign_ms: u64,
    stopping: bool,
}

impl Held {
    fn new(task: ProcessTask, order: AdoptOrder) -> Self {
        let driver = driver(order.driver);
        let home = task.inner.data_dir.agent_home(order.agent.0);
        let home = match &task.inner.login {
            legion_agents::Login::Person { home } => home.clone(),
            _ => home,
        };
        let conversation = driver.conversation(order.agent.0, order.cwd.as_ref(), &home);
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
            stopping: false,
            task,
            order,
        }
    }

    fn process(&self) -> ProcessId {
        self.order.process
    }

    /// The shim lives: follow, and carry out steps until it is gone.
    async fn live(mut self, shim: Shim, mut events: ShimEvents) -> Result<(), KeeperGone> {
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

    async fn shim_event(&mut self, shim: &Shim, event: ShimEvent) -> Result<(), KeeperGone> {
        match event {
            ShimEvent::Started { shim: identity, .. } => {
                self.shim_pid = Some(identity.pid);
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
    async fn report_connected(&mut self) -> Result<(), KeeperGone> {
        if std::mem::replace(&mut self.connected, true) {
            return Ok(());
        }
        let written = self.follower.inputs.iter().copied().collect();
        self.task.reporter.world(WorldChange::Connected { process: self.process(), written }).await
    }

    /// A sign of life, now and then.
    async fn sign(&mut self) -> Result<(), KeeperGone> {
        let now = self.task.inner.clock.mono_ms();
        let pause = (self.task.inner.bounds.suspect_ms / 10).clamp(100, 30_000);
        if now.saturating_sub(self.last_sign_ms) < pause {
            return Ok(());
        }
        self.last_sign_ms = now;
        self.task.reporter.world(WorldChange::Sign { process: self.process() }).await
    }

    /// Reads what is new in the transcript and reports it.
    async fn follow(&mut self, shim: Option<&Shim>) -> Result<(), KeeperGone> {
        loop {
            let (found, more) = match self.follower.read(&self.dir) {
                Ok(found) => found,
                Err(error) => {
                    tracing::error!(process = %self.process(), %error, "a transcript cannot be read");
                    return Ok(());
                }
            };
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

    async fn report(&mut self, at: u64, seen: Seen, shim: Option<&Shim>) -> Result<(), KeeperGone> {
        match seen {
            Seen::Started { pid } => {
                self.task.reporter.fact(Order::ProcessStarted { process: self.process(), pid }).await?;
                if !self.order.driver.capabilities().converses
                    && let Some(prompt) = self.order.prompt
                {
                    // Its program was executed with the message on its standard input: it has it.
                    self.fact(at, Fact::Seen(prompt)).await?;
                }
                Ok(())
            }
            Seen::Written(id) => {
                // A decision that was written before a restart, and not recorded.
                self.task.reporter.fact(Order::ApprovalAnswered { approval: ApprovalId(id) }).await
            }
            Seen::Echoed(injection) => {
                if at * FACTS_OF_ENTRY > self.offset && !self.prove(injection).await {
                    return Ok(());
                }
                self.fact(at, Fact::Seen(injection)).await
            }
            Seen::Fact(fact) => self.fact(at, fact).await,
            Seen::Refuse(request) => {
                let answer = self.follower.conversation().refuse(&request, "Legion does not know this request");
                if let (Some(shim), Some(bytes)) = (shim, answer) {
                    let id = refusal_id(self.process(), &request);
                    self.write(shim, id, &bytes).await;
                }
                Ok(())
            }
            Seen::Ended { exit, tree_gone } => {
                self.exit = Some((exit, tree_gone));
                Ok(())
            }
        }
    }

    /// Reports a fact with its place in the transcript: the entry, and which fact of that entry.
    async fn fact(&mut self, at: u64, fact: Fact) -> Result<(), KeeperGone> {
        if let Fact::Seen(injection) = fact {
            self.seen.insert(injection);
        }
        let first = at * FACTS_OF_ENTRY;
        let offset = if self.last_fact >= first { self.last_fact + 1 } else { first };
        self.last_fact = offset;
        self.report_fact(offset, fact).await
    }

    async fn report_fact(&mut self, offset: u64, fact: Fact) -> Result<(), KeeperGone> {
        if offset <= self.offset {
            return Ok(());
        }
        self.task.inner.failpoints.pass("hands.before-observed");
        let fact = self.with_stored_text(fact).await;
        self.task.reporter.fact(Order::Observed { process: self.process(), offset, facts: vec![fact] }).await?;
        self.task.inner.failpoints.pass("hands.after-observed");
        Ok(())
    }

    /// A long result goes into a file, as any long text.
    async fn with_stored_text(&self, fact: Fact) -> Fact {
        match fact {
            Fact::TurnEnded(mut report) => {
                if let Body::Text(text) = report.text {
                    report.text = self.stored(text).await;
                }
                Fact::TurnEnded(report)
            }
            Fact::ApprovalWanted { request, tool, input: Body::Text(text) } => {
                Fact::ApprovalWanted { request, tool, input: self.stored(text).await }
            }
            fact => fact,
        }
    }

    async fn stored(&self, text: String) -> Body {
        let short = legion_model::body::clip(&text, Body::INLINE_BYTES_MAX / 2);
        // Without room for the file the head of the text is better than nothing.
        crate::bodies::store(self.task.inner.clone(), text).await.unwrap_or(Body::Text(short))
    }

    /// Waits until the session file holds a write that was echoed: only then would a resumed conversation know it. False when the
    /// program ended before that: then it is as if it had never been written.
    async fn prove(&self, injection: InjectionId) -> bool {
        for _ in 0..PROOF_TRIES {
            match self.follower.conversation().proof(injection.0) {
                None | Some(Ok(true)) => return true,
                Some(Ok(false) | Err(_)) if !matches!(process_state(&self.dir), Ok(ProcessState::Held)) => {
                    // Its last words to the file may have come between the two looks.
                    return matches!(self.follower.conversation().proof(injection.0), Some(Ok(true)));
                }
                Some(Ok(false) | Err(_)) => tokio::time::sleep(PROOF_PAUSE).await,
            }
        }
        tracing::warn!(process = %self.process(), %injection, "the session file does not hold a message that was taken up");
        true
    }

    /// Reports the turn that was held back. Its place is behind all facts of the entry that was read last.
    async fn report_held(&mut self) -> Result<(), KeeperGone> {
        let Some((held_at, report)) = self.follower.take_held() else { return Ok(()) };
        let last = FACTS_OF_ENTRY - 1;
        let reported = self.offset % FACTS_OF_ENTRY == last && self.offset >= held_at * FACTS_OF_ENTRY + last;
        if reported {
            return Ok(());
        }
        let offset = self.follower.entries * FACTS_OF_ENTRY + last;
        self.last_fact = offset;
        self.report_fact(offset, Fact::TurnEnded(report)).await
    }

    async fn carry_out(&mut self, shim: &Shim, task: Task) -> Result<(), KeeperGone> {
        let bytes = match &task {
            Task::Write { injection, driver, letter, steer } => {
                match compose(&self.task.inner, *driver, letter).await {
                    Ok(text) => self.follower.conversation().message(injection.0, &text, *steer),
                    Err(error) => {
                        tracing::error!(process = %self.process(), %injection, %error, "a message cannot be written");
                        None
                    }
                }
            }
            Task::Answer { request, input, verdict, reason, .. } => {
                self.answer(request, input, *verdict, reason.as_deref()).await
            }
            Task::Interrupt { run, number } => self.follower.conversation().interrupt(interrupt_id(*run, *number)),
            Task::Probe => {
                self.probe(shim).await?;
                None
            }
            Task::Stop { reason } => {
                self.stop(shim, *reason);
                None
            }
        };
        if let (Some(id), Some(bytes)) = (task.id(), bytes) {
            self.task.inner.failpoints.pass("hands.before-write");
            self.write(shim, id, &bytes).await;
            self.task.inner.failpoints.pass("hands.after-write");
        }
        Ok(())
    }

    async fn answer(&self, request: &str, input: &Body, verdict: Verdict, reason: Option<&str>) -> Option<Vec<u8>> {
        match verdict {
            Verdict::Approved => {
                let input = crate::bodies::fetch(self.task.inner.clone(), input.clone()).await.ok()?;
                self.follower.conversation().allow(request, &input)
            }
            Verdict::Denied | Verdict::Expired => {
                self.follower.conversation().deny(request, reason.unwrap_or("the person denied it"))
            }
            Verdict::Withdrawn => None,
        }
    }

    async fn write(&self, shim: &Shim, id: Uuid, bytes: &[u8]) {
        if let Err(error) = shim.write(id, bytes, false).await {
            // The end of the shim is reported by its own event, and what was not seen waits again then.
            tracing::debug!(process = %self.process(), %id, %error, "a write did not go out");
        }
    }

    /// Two signals: the protocol where it answers, else the processor time of the tree.
    async fn probe(&mut self, shim: &Shim) -> Result<(), KeeperGone> {
        let request = legion_runtime::new_id();
        if let Some(bytes) = self.follower.conversation().probe(request) {
            self.write(shim, request, &bytes).await;
            return Ok(());
        }
        let Some(pid) = self.shim_pid else { return Ok(()) };
        let usage = tokio::task::spawn_blocking(move || legion_process::Usage::of(pid, None)).await;
        let Ok(Ok(usage)) = usage else { return Ok(()) };
        let before = self.cpu.replace(usage.cpu);
        if before.is_some_and(|before| usage.cpu.saturating_sub(before) >= CPU_SIGN) {
            return self.task.reporter.world(WorldChange::Sign { process: self.process() }).await;
        }
        Ok(())
    }

    fn stop(&mut self, shim: &Shim, reason: StopReason) {
        if std::mem::replace(&mut self.stopping, true) {
            return;
        }
        let shim = shim.clone();
        let grace = Duration::from_millis(self.task.inner.bounds.stop_grace_ms);
        let stopping = async move {
            if reason == StopReason::Warm {
                // Nothing to lose: it is asked to end, and has time for it.
                let asked = shim.close_stdin().await;
                if asked.is_ok() && tokio::time::timeout(grace, shim.wait_gone()).await.is_ok() {
                    return;
                }
            }
            let stopped = shim.stop_and_wait(grace, matches!(reason, StopReason::Run | StopReason::Down)).await;
            tracing::debug!(?stopped, "a process was stopped");
        };
        self.task.inner.tasks.spawn(TaskKind::Process, |_| stopping);
    }

    /// It could not even be tried.
    async fn failed(self, what: String) -> Result<(), KeeperGone> {
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
    async fn ended(mut self) -> Result<(), KeeperGone> {
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

    /// Writes that the program is proved to have taken up.
    fn proved(&self) -> Vec<InjectionId> {
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

fn source(error: &dyn std::error::Error) -> String {
    error.source().map(ToString::to_string).unwrap_or_default()
}
