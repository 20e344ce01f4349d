//! A command that runs: followed to its end, its limits looked after.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use legion_model::ProcessId;
use legion_process::{AttachError, Shim, ShimEvent, ShimEvents};
use legion_sandbox::Group;
use uuid::Uuid;

use crate::containment::{Watched, Whose, limits_in};
use crate::engine::Inner;
use crate::tickets::site::Site;

/// What a tree took too much of.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::tickets) struct Excess {
    pub what: String,
    /// It was ended for that, by the service.
    pub ended: bool,
}

/// A command that runs. Dropping it lets go of it and does not end it.
pub(in crate::tickets) struct Running {
    inner: Arc<Inner>,
    shim: Shim,
    events: ShimEvents,
    watched: Arc<Watched>,
}

impl Running {
    pub(super) fn new(site: &Site, (shim, events): (Shim, ShimEvents), watched: Arc<Watched>) -> Self {
        let inner = site.inner.clone();
        inner.containment.watch.add(&watched);
        Self { inner, shim, events, watched }
    }

    /// Finds one again that a service before this one has started.
    ///
    /// # Errors
    /// When its shim is out of reach.
    pub async fn attach(site: &Site, id: Uuid, cwd: &Path) -> Result<Self, AttachError> {
        let inner = &site.inner;
        let found = Shim::attach(&inner.sockets.socket(id), id, &inner.key.shim_secret(id, 0)).await?;
        Ok(Self::new(site, found, Arc::new(watched(inner, id, cwd))))
    }

    pub fn id(&self) -> Uuid {
        self.shim.process()
    }

    /// Waits until it has ended. May be cancelled.
    pub async fn gone(&mut self) {
        loop {
            match self.events.next().await {
                None | Some(ShimEvent::Gone) => return,
                Some(ShimEvent::Started { shim, .. }) => self.watched.found(shim.pid, &self.shim),
                Some(_) => {}
            }
        }
    }

    /// Ends its whole tree.
    pub async fn stop(&self) {
        let grace = Duration::from_millis(self.inner.bounds.stop_grace_ms);
        let stopped = self.shim.stop_and_wait(grace, false).await;
        tracing::debug!(?stopped, process = %self.shim.process(), "a command of a ticket was stopped");
    }

    /// Its tree is gone: what it took too much of.
    pub fn finish(self) -> Option<Excess> {
        let what = self.watched.finish().0;
        what.map(|what| Excess { what, ended: self.watched.is_over() })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.inner.containment.watch.remove(ProcessId(self.shim.process()));
    }
}

/// What was started by a service before this one: its groups are found by its name.
fn watched(inner: &Inner, id: Uuid, cwd: &Path) -> Watched {
    let resources = &inner.containment.resources;
    let group = Some(resources.group(&id.to_string())).filter(Group::is_there);
    Watched::new(whose(inner, id), limits_in(inner, cwd), group)
}

/// No agent's, in the service's tier.
pub(super) fn whose(inner: &Inner, id: Uuid) -> Whose {
    Whose { process: ProcessId(id), agent: None, tier: inner.bounds.tier }
}

/// One that has ended while nobody looked: what it took too much of. Its groups are removed.
pub(in crate::tickets) fn finish_ended(site: &Site, id: Uuid, cwd: &Path) -> Option<Excess> {
    let watched = watched(&site.inner, id, cwd);
    watched.finish().0.map(|what| Excess { what, ended: false })
}
