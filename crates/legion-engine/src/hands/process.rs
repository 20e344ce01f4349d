//! The task of one process: it starts its shim, or finds it again.

use std::sync::Arc;
use std::time::Duration;

use legion_model::{AuditEntry, Order, ProjectId};
use legion_process::{ProcessState, Shim, process_state, sweep};
use legion_sandbox::Admission;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::held::Held;
use super::launch::specification;
use super::order::{AdoptOrder, StartOrder, Task};
use super::report::{KeeperGone, Reporter};
use super::secrets;
use super::stopper::Stopper;
use crate::engine::Inner;
use crate::keeper::WorldChange;

/// How long a shim that lives may be out of reach when it is looked for.
const ATTACH_TRIES: u32 = 60;
const ATTACH_PAUSE: Duration = Duration::from_millis(250);

/// How long a start waits for memory that others take: an hour.
const ROOM_TRIES: u32 = 7_200;
const ROOM_PAUSE: Duration = Duration::from_millis(500);

pub(super) enum Begin {
    Start(Box<StartOrder>),
    Adopt(AdoptOrder),
}

pub(super) struct ProcessTask {
    pub(super) inner: Arc<Inner>,
    project: ProjectId,
    pub(super) reporter: Reporter,
    pub(super) tasks: mpsc::Receiver<Task>,
    pub(super) stopper: Stopper,
}

impl ProcessTask {
    pub(super) fn new(
        inner: Arc<Inner>,
        project: ProjectId,
        reporter: Reporter,
        tasks: mpsc::Receiver<Task>,
        stopper: Stopper,
    ) -> Self {
        Self { inner, project, reporter, tasks, stopper }
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

    async fn start(mut self, order: StartOrder) -> Result<(), KeeperGone> {
        let kind = order.agent.spec.driver;
        let room = self.wait_for_room(&order).await;
        let prompt = order.prompt.as_ref().map(|(injection, _)| *injection);
        self.inner.failpoints.pass("hands.before-start");
        let specified = match room {
            Ok(()) => specification(&self.inner, &order).await,
            Err(what) => Err(what),
        };
        let mut watched = None;
        let started = match specified {
            Ok((spec, limited)) => {
                watched = Some(limited);
                let (agent, process) = (order.agent.id, order.process);
                let secrets = secrets::handed(&self.inner.login, &spec.env);
                self.reporter.fact(Order::Audit(AuditEntry::SecretsHanded { agent, process, secrets })).await?;
                Shim::start(&self.inner.legion, &spec).map_err(|error| format!("{error}: {}", source(&error)))
            }
            Err(what) => Err(what),
        };
        self.inner.failpoints.pass("hands.after-start");
        let adopt = AdoptOrder {
            process: order.process,
            number: order.number,
            agent: order.agent.id,
            driver: kind,
            tier: order.agent.spec.tier,
            cwd: order.agent.spec.cwd.clone(),
            offset: 0,
            stopping: None,
            prompt,
            at_start: false,
            was_live: false,
        };
        match started {
            Ok((shim, events)) => Held::new(self, adopt, watched).live(shim, events).await,
            Err(what) => Held::new(self, adopt, watched).failed(what).await,
        }
    }

    /// Waits until the machine has room for one more. An error when it is to end before it began, or when there is none for long.
    async fn wait_for_room(&mut self, order: &StartOrder) -> Result<(), String> {
        let inner = self.inner.clone();
        let (agent, kind) = (order.agent.id, order.agent.spec.driver);
        let applicant = inner.containment.places.applicant(agent, order.process, kind, inner.clock.mono_ms());
        let mut told = false;
        for _ in 0..ROOM_TRIES {
            let admission = applicant.enter();
            if admission == Admission::Start {
                return Ok(());
            }
            if !std::mem::replace(&mut told, true) {
                tracing::info!(process = %order.process, ?admission, "a start waits for room on this machine");
            }
            let step = tokio::time::timeout(ROOM_PAUSE, self.tasks.recv()).await;
            if let Ok(Some(Task::Stop { .. }) | None) = step {
                return Err("it was ended before it began: it waited for memory".to_owned());
            }
        }
        Err("there was no room for it on this machine for a long time: other agents take its memory".to_owned())
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
                        Ok((shim, events)) => return Held::new(self, order, None).live(shim, events).await,
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
                Ok(_) => return Held::new(self, order, None).ended().await,
                Err(error) => {
                    tracing::error!(process = %order.process, %error, "a transcript cannot be read");
                    return Held::new(self, order, None).ended().await;
                }
            }
        }
        Held::new(self, order, None).ended().await
    }
}

fn source(error: &dyn std::error::Error) -> String {
    error.source().map(ToString::to_string).unwrap_or_default()
}
