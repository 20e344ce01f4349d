//! What the service holds for the tickets of each project: its repository, and who may work where.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use legion_git::{Control, Git, ObjectFormat, OpenError};
use legion_model::ProjectId;
use legion_model::tickets::PlaceKey;
use legion_runtime::DataDir;
use tokio::sync::{Mutex as AsyncMutex, OnceCell, OwnedMutexGuard, Semaphore, SemaphorePermit, watch};

use super::failure::Failure;
use crate::engine::Inner;

/// Clones that are made at the same time in one project, set-up commands included.
const PREPARED_AT_ONCE: usize = 4;
/// Clones that are taken in at the same time in one project: each is mostly disk.
const TAKEN_AT_ONCE: usize = 4;
/// Clones that are secured or removed at the same time in one project. Nobody waits for that.
const CLEARED_AT_ONCE: usize = 2;
/// How long clearing lets work go first that a ticket waits for.
const CLEAR_WAIT_MAX: Duration = Duration::from_secs(1);

/// The grounds of all projects.
#[derive(Default)]
pub(crate) struct Grounds {
    git: OnceCell<Git>,
    grounds: Mutex<HashMap<ProjectId, Arc<Ground>>>,
    /// The service goes down and takes its gates with it.
    ends_gates: AtomicBool,
}

/// What is held for one project.
pub(crate) struct Ground {
    pub control_dir: PathBuf,
    /// Where its clones lie.
    pub work: PathBuf,
    /// Where its gates run.
    pub gates: PathBuf,
    /// The home of its gates: made anew for each, but for caches. Only they write there.
    pub gate_home: PathBuf,
    /// Emptied before each gate.
    pub gate_temporary: PathBuf,
    /// Where its set-up commands have their home, and each its transcript.
    pub setups: PathBuf,
    control: AsyncMutex<Option<Control>>,
    preparing: Semaphore,
    taking: Semaphore,
    clearing: Semaphore,
    /// How many pieces of work are done now that a ticket waits for.
    urgent: watch::Sender<usize>,
    /// Held by the one gate that runs.
    pub gate: AsyncMutex<()>,
    /// Held by who makes or removes the refs of sessions.
    pub sessions: AsyncMutex<()>,
    /// Held by who moves a target.
    pub targets: AsyncMutex<()>,
    places: Mutex<HashMap<PlaceKey, Arc<AsyncMutex<()>>>>,
}

impl Grounds {
    pub(crate) fn of(&self, data_dir: &DataDir, project: ProjectId) -> Arc<Ground> {
        let mut grounds = self.grounds.lock().expect("no holder panics");
        let make = || {
            let gates = data_dir.gates(project.0);
            Arc::new(Ground {
                control_dir: data_dir.control(project.0),
                work: data_dir.work(project.0),
                gate_home: gates.join("home"),
                gate_temporary: gates.join("tmp"),
                setups: gates.join("setups"),
                gates,
                control: AsyncMutex::default(),
                preparing: Semaphore::new(PREPARED_AT_ONCE),
                taking: Semaphore::new(TAKEN_AT_ONCE),
                clearing: Semaphore::new(CLEARED_AT_ONCE),
                urgent: watch::Sender::new(0),
                gate: AsyncMutex::default(),
                sessions: AsyncMutex::default(),
                targets: AsyncMutex::default(),
                places: Mutex::default(),
            })
        };
        grounds.entry(project).or_insert_with(make).clone()
    }

    /// Lets go of all repositories, so that another service can open them.
    pub(crate) fn close(&self) {
        self.grounds.lock().expect("no holder panics").clear();
    }

    /// From now on a gate is ended when its task is.
    pub(crate) fn end_gates(&self) {
        self.ends_gates.store(true, Ordering::SeqCst);
    }

    pub(crate) fn ends_gates(&self) -> bool {
        self.ends_gates.load(Ordering::SeqCst)
    }

    async fn git(&self, inner: &Inner) -> Result<Git, Failure> {
        let path = inner.base_environment.get("PATH").map(String::as_str).unwrap_or_default();
        let found = self.git.get_or_try_init(|| Git::find(OsStr::new(path))).await;
        found.cloned().map_err(|error| Failure::of(&error))
    }
}

impl Ground {
    /// The project's repository. It must have been made.
    pub(crate) async fn control(&self, inner: &Inner) -> Result<Control, Failure> {
        self.find_control(inner).await?.ok_or_else(|| {
            Failure::fatal(format!(
                "there is no repository of the project at `{}`: `legion init` makes it",
                self.control_dir.display()
            ))
        })
    }

    /// The project's repository, if it was made.
    pub(crate) async fn find_control(&self, inner: &Inner) -> Result<Option<Control>, Failure> {
        let mut control = self.control.lock().await;
        if control.is_none() && self.control_dir.is_dir() {
            *control = Some(self.open(inner, ObjectFormat::Sha1).await?);
        }
        Ok(control.clone())
    }

    /// The project's repository, made with this format when it is not there.
    pub(crate) async fn make_control(&self, inner: &Inner, format: ObjectFormat) -> Result<Control, Failure> {
        let mut control = self.control.lock().await;
        if control.is_none() {
            if let Some(parent) = self.control_dir.parent() {
                inner.data_dir.create(parent)?;
            }
            *control = Some(self.open(inner, format).await?);
        }
        control.clone().ok_or_else(|| Failure::passing("the repository of the project was closed"))
    }

    /// Opens it in the format that it has, whatever was asked for.
    async fn open(&self, inner: &Inner, format: ObjectFormat) -> Result<Control, Failure> {
        let git = inner.grounds.git(inner).await?;
        let other = match format {
            ObjectFormat::Sha1 => ObjectFormat::Sha256,
            ObjectFormat::Sha256 => ObjectFormat::Sha1,
        };
        let opened = match Control::open_or_create(git.clone(), &self.control_dir, format).await {
            Err(OpenError::OtherFormat { .. }) => Control::open_or_create(git, &self.control_dir, other).await,
            opened => opened,
        };
        opened.map_err(|error| Failure::of(&error))
    }

    /// Holds one place against everybody else who would work there.
    pub(crate) async fn hold(&self, key: &PlaceKey) -> OwnedMutexGuard<()> {
        let place = {
            let mut places = self.places.lock().expect("no holder panics");
            places.retain(|_, place| Arc::strong_count(place) > 1);
            places.entry(key.clone()).or_default().clone()
        };
        place.lock_owned().await
    }

    /// One of the few turns to make a clone.
    pub(crate) async fn turn_to_prepare(&self) -> SemaphorePermit<'_> {
        self.preparing.acquire().await.expect("it is never closed")
    }

    /// One of the few turns to look at all files of a clone. Nobody has to wait for set-up commands here.
    pub(crate) async fn turn_to_take(&self) -> SemaphorePermit<'_> {
        self.taking.acquire().await.expect("it is never closed")
    }

    /// One of the few turns to secure or remove a clone: when no ticket waits for work of ours, or has let it wait long enough.
    pub(crate) async fn turn_to_clear(&self) -> SemaphorePermit<'_> {
        let turn = self.clearing.acquire().await.expect("it is never closed");
        let mut urgent = self.urgent.subscribe();
        // Either way it goes on.
        let _ = tokio::time::timeout(CLEAR_WAIT_MAX, urgent.wait_for(|count| *count == 0)).await;
        turn
    }

    /// Says, until it is dropped, that a ticket waits for the work that is being done.
    pub(crate) fn urgent(self: &Arc<Self>) -> Urgent {
        self.urgent.send_modify(|count| *count += 1);
        Urgent(self.clone())
    }

    pub(crate) fn dir(&self, key: &PlaceKey) -> PathBuf {
        self.work.join(key.as_str())
    }
}

/// A ticket waits for a piece of work.
pub(crate) struct Urgent(Arc<Ground>);

impl Drop for Urgent {
    fn drop(&mut self) {
        self.0.urgent.send_modify(|count| *count = count.saturating_sub(1));
    }
}
