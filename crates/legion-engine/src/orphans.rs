//! Shims that live and that no log knows: their log was deleted, or an older one was put in its place.
//!
//! Nobody can speak to their agents any more, so they are ended. What they wrote stays where it is.

use std::collections::BTreeSet;
use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;
use std::time::Duration;

use legion_model::{AgentId, ProcessId};
use legion_process::{ProcessState, is_locked, process_state, sweep_many};
use legion_runtime::DataDir;

use crate::engine::Engine;
use crate::error::OpenError;

/// How long shims may take to write down the end of their programs.
const END_TRIES: u32 = 250;
const END_PAUSE: Duration = Duration::from_millis(20);

/// A process whose shim lives.
#[derive(Debug, Clone)]
pub(crate) struct LiveProcess {
    id: ProcessId,
    agent: AgentId,
    directory: PathBuf,
}

/// All that live below a data directory. To be asked for before anything is started there.
pub(crate) fn live_processes(data_dir: &DataDir) -> Vec<LiveProcess> {
    let agents = fs::read_dir(data_dir.agents()).into_iter().flatten().flatten();
    let ids = agents.filter_map(|entry| entry.file_name().to_str()?.parse::<AgentId>().ok());
    ids.filter_map(|agent| live_process(data_dir, agent)).collect()
}

/// The live process of an agent: at most one holds its conversation.
fn live_process(data_dir: &DataDir, agent: AgentId) -> Option<LiveProcess> {
    if !is_locked(&data_dir.conversation_lock(agent.0)).unwrap_or(false) {
        return None;
    }
    let entries = fs::read_dir(data_dir.agent(agent.0)).ok()?.flatten();
    let numbers = entries.filter_map(|entry| entry.file_name().to_str()?.strip_prefix('p')?.parse::<u32>().ok());
    let mut live = numbers.map(|number| (number, data_dir.process(agent.0, number)));
    let (number, directory) = live.find(|(_, directory)| is_live(directory))?;
    Some(LiveProcess { id: agent.process(number), agent, directory })
}

fn is_live(directory: &std::path::Path) -> bool {
    matches!(process_state(directory), Ok(ProcessState::Held))
}

impl Engine {
    /// Ends those that no log knows, and says so in the service's log and in a file for `legion doctor`.
    pub(crate) async fn end_orphans(&self, live: Vec<LiveProcess>) -> Result<(), OpenError> {
        if live.is_empty() {
            return Ok(());
        }
        let mut known = BTreeSet::new();
        for keeper in self.keepers() {
            let processes = keeper.read(|state| state.processes.keys().copied().collect::<Vec<_>>()).await;
            known.extend(processes.map_err(|error| OpenError::Log(error.to_string()))?);
        }
        let orphans: Vec<LiveProcess> = live.into_iter().filter(|process| !known.contains(&process.id)).collect();
        let (data_dir, now) = (self.inner.data_dir.clone(), self.inner.clock.now());
        let ending = tokio::task::spawn_blocking(move || {
            // What ended meanwhile was known, and has just been recorded.
            let orphans: Vec<LiveProcess> = orphans.into_iter().filter(|orphan| is_live(&orphan.directory)).collect();
            if orphans.is_empty() {
                return;
            }
            let report = sweep_many(&orphans.iter().map(|orphan| orphan.id.0).collect::<Vec<_>>());
            for _ in 0..END_TRIES {
                if !orphans.iter().any(|orphan| is_live(&orphan.directory)) {
                    break;
                }
                std::thread::sleep(END_PAUSE);
            }
            for orphan in &orphans {
                let (agent, directory) = (orphan.agent, orphan.directory.display());
                tracing::warn!(%agent, %directory, ?report, "a process that no log knows was ended");
                let line = format!(
                    "{now} ended a process of agent {agent}, which the log does not know; what it wrote is in {directory}\n"
                );
                if let Err(error) = note(&data_dir, &line) {
                    tracing::warn!(%error, "it could not be written down");
                }
            }
        });
        ending.await.map_err(|error| OpenError::Log(error.to_string()))
    }
}

fn note(data_dir: &DataDir, line: &str) -> io::Result<()> {
    let mut file = OpenOptions::new().create(true).append(true).mode(0o600).open(data_dir.orphans_file())?;
    file.write_all(line.as_bytes())
}
