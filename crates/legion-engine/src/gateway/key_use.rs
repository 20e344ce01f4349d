//! Whose calls a provider's key was put into: entered in the audit before the first of a run, and then counted, so that a day of calls is
//! a few entries. What a crash loses is a count.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use legion_gateway::Caller;
use legion_model::{AgentId, AuditEntry, ProjectId, RunId};
use legion_runtime::TaskKind;
use tokio::sync::OnceCell;

use crate::engine::Engine;
use crate::error::EngineError;

/// What is only counted is entered after this.
const WINDOW_MS: u64 = 60 * 60_000;
/// How long the end of the service waits for what was only counted: money is given back after it.
const LEFT_PATIENCE: Duration = Duration::from_secs(3);
/// Callers with their providers that are remembered. The one that was entered longest ago makes room, and begins anew with its next call.
const PAIRS_MAX: usize = 4_096;

/// A provider's key was put into so many requests of one caller's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct KeyUse {
    project: Option<ProjectId>,
    agent: Option<AgentId>,
    run: Option<RunId>,
    provider: String,
    calls: u64,
}

/// What is remembered of a caller's run with a provider.
struct Known {
    /// Those that were only counted.
    counted: KeyUse,
    /// Set when the first of them is in the log.
    entered: Arc<OnceCell<()>>,
    entered_ms: u64,
}

/// What is entered already. In memory only: after a start of the service each caller's next call is entered again.
#[derive(Default)]
pub(super) struct KeyUses(Mutex<BTreeMap<(Option<AgentId>, String), Known>>);

impl KeyUse {
    /// One use for a caller.
    pub fn of(caller: &Caller, provider: &str) -> Self {
        Self {
            project: caller.project.as_deref().and_then(|id| id.parse().ok()),
            agent: caller.agent.as_deref().and_then(|id| id.parse().ok()),
            run: caller.run.as_deref().and_then(|id| id.parse().ok()),
            provider: provider.to_owned(),
            calls: 1,
        }
    }

    fn entry(&self) -> AuditEntry {
        AuditEntry::ProviderKeyUsed {
            agent: self.agent,
            run: self.run,
            provider: self.provider.clone(),
            calls: self.calls,
        }
    }
}

impl KeyUses {
    /// Where it is remembered that the first use of this run is entered, and the count of another that is to be entered because it is
    /// forgotten for it.
    fn place(&self, used: &KeyUse, now_ms: u64) -> (Arc<OnceCell<()>>, Option<KeyUse>) {
        let mut known = self.lock();
        let key = (used.agent, used.provider.clone());
        let forgotten = match known.get(&key) {
            Some(before) if before.counted.run == used.run => return (before.entered.clone(), None),
            Some(_) => known.remove(&key),
            None if known.len() >= PAIRS_MAX => {
                let oldest = known.iter().min_by_key(|(_, known)| known.entered_ms).map(|(key, _)| key.clone());
                oldest.and_then(|oldest| known.remove(&oldest))
            }
            None => None,
        };
        let entered = Arc::new(OnceCell::new());
        let counted = KeyUse { calls: 0, ..used.clone() };
        known.insert(key, Known { counted, entered: entered.clone(), entered_ms: now_ms });
        (entered, forgotten.map(|known| known.counted).filter(|counted| counted.calls > 0))
    }

    /// Counts one that is not the first of its run. Gives the count when it is time to enter it.
    fn count(&self, used: &KeyUse, now_ms: u64) -> Option<KeyUse> {
        let mut known = self.lock();
        let place = known.get_mut(&(used.agent, used.provider.clone()));
        // Forgotten meanwhile: it stands for itself.
        let Some(place) = place.filter(|place| place.counted.run == used.run) else { return Some(used.clone()) };
        place.counted.calls += used.calls;
        if now_ms < place.entered_ms.saturating_add(WINDOW_MS) {
            return None;
        }
        place.entered_ms = now_ms;
        let none = KeyUse { calls: 0, ..used.clone() };
        Some(std::mem::replace(&mut place.counted, none))
    }

    /// What was only counted for long, also of those that make no more calls.
    fn due(&self, now_ms: u64) -> Vec<KeyUse> {
        let mut known = self.lock();
        let is_due =
            |known: &&mut Known| known.counted.calls > 0 && now_ms >= known.entered_ms.saturating_add(WINDOW_MS);
        let due = known.values_mut().filter(is_due).map(|known| {
            known.entered_ms = now_ms;
            let none = KeyUse { calls: 0, ..known.counted.clone() };
            std::mem::replace(&mut known.counted, none)
        });
        due.collect()
    }

    /// What was only counted, of all.
    fn rest(&self) -> Vec<KeyUse> {
        let all = std::mem::take(&mut *self.lock()).into_values();
        all.map(|known| known.counted).filter(|counted| counted.calls > 0).collect()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<(Option<AgentId>, String), Known>> {
        self.0.lock().expect("no holder panics")
    }
}

impl Engine {
    /// A provider's key is about to be used. Waits for the log where it is the first use of a run; others that come meanwhile wait, too.
    pub(super) async fn key_used(&self, used: KeyUse) -> Result<(), EngineError> {
        let uses = &self.inner.gateway.key_uses;
        let now_ms = self.inner.clock.mono_ms();
        let (entered, forgotten) = uses.place(&used, now_ms);
        self.enter_later(forgotten);
        let mut is_first = false;
        let enter = || {
            is_first = true;
            self.audit(used.project, used.entry())
        };
        entered.get_or_try_init(enter).await?;
        if !is_first {
            self.enter_later(uses.count(&used, now_ms));
        }
        Ok(())
    }

    /// Enters what was only counted for an hour.
    pub(super) async fn enter_key_uses_due(&self) {
        for used in self.inner.gateway.key_uses.due(self.inner.clock.mono_ms()) {
            self.enter_count(used).await;
        }
    }

    /// Enters what was only counted, while the projects can still be told.
    pub(crate) async fn enter_key_uses_left(&self) {
        let left = self.inner.gateway.key_uses.rest();
        let enter = async {
            for used in left {
                self.enter_count(used).await;
            }
        };
        if tokio::time::timeout(LEFT_PATIENCE, enter).await.is_err() {
            tracing::warn!("not every use of a key is counted in the log: that took too long");
        }
    }

    /// No call waits for it.
    fn enter_later(&self, counted: Option<KeyUse>) {
        if let Some(counted) = counted {
            let engine = self.clone();
            self.inner.tasks.spawn(TaskKind::Upkeep, move |_| async move { engine.enter_count(counted).await });
        }
    }

    async fn enter_count(&self, used: KeyUse) {
        if let Err(error) = self.audit(used.project, used.entry()).await {
            tracing::warn!(%error, provider = used.provider, calls = used.calls, "the use of a key is not in the log");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn used(agent: u128, run: u128, calls: u64) -> KeyUse {
        let agent = Some(AgentId(uuid::Uuid::from_u128(agent)));
        let run = Some(RunId(uuid::Uuid::from_u128(run)));
        KeyUse { project: None, agent, run, provider: "one".to_owned(), calls }
    }

    #[test]
    fn what_is_not_the_first_of_a_run_is_counted_and_no_count_is_lost() {
        let uses = KeyUses::default();
        let (first, forgotten) = uses.place(&used(1, 1, 1), 0);
        assert_eq!(forgotten, None);
        for second in 1..1_000 {
            let (same, forgotten) = uses.place(&used(1, 1, 1), second * 1_000);
            assert!(Arc::ptr_eq(&first, &same) && forgotten.is_none());
            assert_eq!(uses.count(&used(1, 1, 2), second * 1_000), None);
        }
        assert!(!Arc::ptr_eq(&first, &uses.place(&used(2, 2, 1), 0).0), "another agent's");
        // With the next run, what was left of the one before.
        let (next, forgotten) = uses.place(&used(1, 9, 1), 1);
        assert!(!Arc::ptr_eq(&first, &next));
        assert_eq!(forgotten, Some(used(1, 1, 1_998)));
        assert_eq!(uses.count(&used(1, 1, 1), 1), Some(used(1, 1, 1)), "one that came late stands for itself");
        // A run that goes on and on is entered once an hour.
        assert_eq!(uses.count(&used(1, 9, 3), WINDOW_MS), None);
        assert_eq!(uses.count(&used(1, 9, 4), WINDOW_MS + 1), Some(used(1, 9, 7)));
        assert_eq!(uses.count(&used(1, 9, 5), WINDOW_MS + 2), None);
        // Also when it makes no more calls.
        assert_eq!(uses.due(2 * WINDOW_MS), []);
        assert_eq!(uses.due(2 * WINDOW_MS + 1), [used(1, 9, 5)]);
        assert_eq!(uses.due(4 * WINDOW_MS), []);
        assert_eq!(uses.count(&used(1, 9, 6), 2 * WINDOW_MS + 2), None);
        assert_eq!(uses.rest(), [used(1, 9, 6)]);
        assert_eq!(uses.rest(), []);
    }

    #[test]
    fn what_is_remembered_is_bounded_and_the_oldest_makes_room_with_its_count() {
        let uses = KeyUses::default();
        for agent in 0..PAIRS_MAX as u128 {
            uses.place(&used(agent, 1, 1), 10 + agent as u64);
            uses.count(&used(agent, 1, 1), 10 + agent as u64);
        }
        assert_eq!(uses.place(&used(PAIRS_MAX as u128, 1, 1), 1 << 20).1, Some(used(0, 1, 1)));
        assert_eq!(uses.lock().len(), PAIRS_MAX);
    }
}
