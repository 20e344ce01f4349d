//! Refusals on their way into the log. One that asks again and again is entered a few times and then counted: nobody fills the disk
//! by being refused.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use legion_model::{AuditEntry, Party, ProjectId};
use legion_runtime::TaskKind;

use super::ration::{Ration, Taken};
use crate::engine::Engine;

/// Callers of whom a ration is kept. Beyond that, those that have been quiet are forgotten.
const CALLERS_MAX: usize = 4_096;

/// What each caller may still have entered; `None` are all whom no token names.
#[derive(Debug, Default)]
pub(crate) struct Rations(Mutex<BTreeMap<Option<Party>, Ration>>);

impl Rations {
    fn take(&self, caller: Option<Party>, now_ms: u64) -> Taken {
        let mut rations = self.0.lock().expect("no holder panics");
        if rations.len() >= CALLERS_MAX {
            rations.retain(|_, ration| !ration.is_quiet(now_ms));
        }
        rations.entry(caller).or_default().take(now_ms)
    }

    fn settle(&self, caller: Option<Party>) -> u64 {
        let mut rations = self.0.lock().expect("no holder panics");
        rations.get_mut(&caller).map_or(0, Ration::settle)
    }

    /// What was only counted, of all.
    fn rest(&self) -> Vec<(Option<Party>, u64)> {
        let mut rations = self.0.lock().expect("no holder panics");
        let counts = rations.iter_mut().map(|(caller, ration)| (*caller, ration.settle()));
        counts.filter(|(_, count)| *count > 0).collect()
    }
}

impl Engine {
    /// Enters what was only counted, while the projects can still be told.
    pub(crate) async fn enter_omissions_left(&self) {
        for (caller, count) in self.inner.rations.rest() {
            let project = match caller.and_then(Party::agent) {
                Some(agent) => self.project_of(agent).await,
                None => None,
            };
            self.enter(project, AuditEntry::Omitted { caller, count }).await;
        }
    }

    /// Enters that a caller, with its project where it has one, wanted what it may not. Of one that asks too often, most are only
    /// counted.
    pub async fn refused(&self, project: Option<ProjectId>, caller: Option<Party>, request: String, why: String) {
        match self.inner.rations.take(caller, self.inner.clock.mono_ms()) {
            Taken::Enter => self.enter(project, AuditEntry::Refused { caller, request, why }).await,
            Taken::Omit { first_of: Some(left_ms) } => {
                let engine = self.clone();
                self.inner.tasks.spawn(TaskKind::Upkeep, move |cancel| async move {
                    let _ = tokio::time::timeout(Duration::from_millis(left_ms), cancel.cancelled()).await;
                    let count = engine.inner.rations.settle(caller);
                    if count > 0 {
                        engine.enter(project, AuditEntry::Omitted { caller, count }).await;
                    }
                });
            }
            Taken::Omit { first_of: None } => {}
        }
    }

    async fn enter(&self, project: Option<ProjectId>, entry: AuditEntry) {
        if let Err(error) = self.audit(project, entry).await {
            tracing::warn!(%error, "a refusal is not in the log");
        }
    }
}
