//! What nobody needs any more.

use std::path::Path;
use std::time::{Duration, SystemTime};

use legion_model::{AgentId, Organisation, ProjectId};
use uuid::Uuid;

use crate::engine::Engine;
use crate::error::EngineError;
use crate::tickets::site::Site;
use crate::tickets::strays;

/// How long the directory of an agent that was fired is kept.
const AGENT_KEPT: Duration = Duration::from_secs(7 * 24 * 3_600);
/// How long the transcript of a gate is kept.
const GATE_RUN_KEPT: Duration = Duration::from_secs(7 * 24 * 3_600);

/// What was removed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Garbage {
    /// Clones that no ticket needs. Their files are secured.
    pub clones: u32,
    /// Directories of agents that were fired long ago.
    pub agents: u32,
    /// Transcripts of old gates.
    pub gate_runs: u32,
    /// What could not be removed, and why.
    pub kept: Vec<String>,
}

impl Engine {
    /// Removes what nobody needs any more. Files of clones are secured before.
    pub async fn gc(&self, project: ProjectId) -> Result<Garbage, EngineError> {
        let mut garbage = Garbage::default();
        let site = Site::of(&self.inner, project);
        let fired = |state: &Organisation| {
            let live = state.processes.values().map(|process| process.agent).collect::<Vec<AgentId>>();
            state.fired.keys().copied().filter(|agent| !live.contains(agent)).collect::<Vec<AgentId>>()
        };
        let fired = self.read(project, fired).await?;
        let running = self.read(project, |state| {
            let landings = state.board.sessions.values().filter_map(|session| session.landing.as_ref());
            landings.filter_map(|landing| landing.run.as_ref().map(|run| run.id.0)).collect::<Vec<Uuid>>()
        });
        let running = running.await?;
        for (dir, outcome) in strays::clear(&site).await {
            match outcome {
                Ok(()) => garbage.clones += 1,
                Err(failure) => garbage.kept.push(format!("`{}`: {}", dir.display(), failure.why)),
            }
        }
        let agents: Vec<_> = fired.into_iter().map(|agent| self.inner.data_dir.agent(agent.0)).collect();
        let (runs, now) = (site.ground.gate_runs(), self.inner.clock.now());
        let now = SystemTime::from(now);
        let removing = move || {
            for dir in agents.iter().filter(|dir| is_older(dir, now, AGENT_KEPT)) {
                count(dir, &mut garbage.agents, &mut garbage.kept);
            }
            for entry in std::fs::read_dir(&runs).into_iter().flatten().flatten() {
                let id = entry.file_name().to_str().and_then(|name| Uuid::parse_str(name).ok());
                let open = id.is_none_or(|id| running.contains(&id));
                if !open && is_older(&entry.path(), now, GATE_RUN_KEPT) {
                    count(&entry.path(), &mut garbage.gate_runs, &mut garbage.kept);
                }
            }
            garbage
        };
        tokio::task::spawn_blocking(removing).await.map_err(EngineError::internal)
    }
}

fn count(dir: &Path, removed: &mut u32, kept: &mut Vec<String>) {
    match std::fs::remove_dir_all(dir) {
        Ok(()) => *removed += 1,
        Err(error) => kept.push(format!("`{}`: {error}", dir.display())),
    }
}

fn is_older(path: &Path, now: SystemTime, age: Duration) -> bool {
    let modified = path.metadata().and_then(|metadata| metadata.modified()).ok();
    modified.and_then(|modified| now.duration_since(modified).ok()).is_some_and(|passed| passed >= age)
}
