//! Looks at all processes of agents now and then, and ends those that take more than they may where the kernel does not hold it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use legion_model::{AgentId, ProcessId};
use legion_process::trees;
use legion_runtime::TaskKind;
use tokio_util::sync::CancellationToken;

use super::usage::TreeOfAgent;
use super::watched::Watched;
use crate::engine::Inner;

/// Between two looks. A disk is not filled in this time, nor is a memory.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// The processes that are looked at.
#[derive(Default)]
pub(crate) struct Watch(Mutex<BTreeMap<ProcessId, Arc<Watched>>>);

impl Watch {
    pub(crate) fn add(&self, watched: &Arc<Watched>) {
        self.all().insert(watched.process, watched.clone());
    }

    pub(crate) fn remove(&self, process: ProcessId) {
        self.all().remove(&process);
    }

    /// What is known of each of them that is an agent's.
    pub(super) fn told(&self) -> Vec<TreeOfAgent> {
        self.all().values().filter_map(|watched| watched.told()).collect()
    }

    /// The agent whose tree begins at one of these processes.
    pub(super) fn agent_of_tree(&self, processes: &[u32]) -> Option<AgentId> {
        let all = self.all();
        let mut trees = all.values().filter(|watched| watched.shim_pid().is_some_and(|pid| processes.contains(&pid)));
        trees.next().and_then(|watched| watched.agent())
    }

    /// The agents whose processes live.
    pub(super) fn agents(&self) -> BTreeSet<AgentId> {
        self.all().values().filter_map(|watched| watched.agent()).collect()
    }

    fn all(&self) -> std::sync::MutexGuard<'_, BTreeMap<ProcessId, Arc<Watched>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn by_shim(&self) -> BTreeMap<u32, Arc<Watched>> {
        self.all().values().filter_map(|watched| Some((watched.shim_pid()?, watched.clone()))).collect()
    }
}

/// Looks until the service ends.
pub(crate) async fn keep_watch(inner: Arc<Inner>, cancel: CancellationToken) {
    loop {
        tokio::select! {
            biased;
            () = cancel.cancelled() => return,
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
        let known = inner.containment.watch.by_shim();
        if known.is_empty() {
            continue;
        }
        let looked = inner.clone();
        let look = move || {
            let roots: Vec<u32> = known.keys().copied().collect();
            let found = trees(&roots)?;
            let now_ms = looked.clock.mono_ms();
            let mut over = Vec::new();
            for (pid, usage) in found {
                let Some(watched) = known.get(&pid) else { continue };
                let (bytes, shim) = watched.look(usage, now_ms);
                looked.containment.places.takes(watched.process, bytes);
                over.extend(shim);
            }
            Ok::<_, std::io::Error>(over)
        };
        match tokio::task::spawn_blocking(look).await {
            Ok(Ok(over)) => {
                for shim in over {
                    inner.tasks.spawn(TaskKind::Process, |_| Watched::end(shim));
                }
            }
            Ok(Err(error)) => tracing::warn!(%error, "the processes of agents cannot be looked at"),
            Err(error) => tracing::error!(%error, "the processes of agents were not looked at"),
        }
    }
}
