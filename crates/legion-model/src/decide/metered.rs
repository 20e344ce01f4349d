//! What the gateway's books say about an agent's money.

use super::time::ending;
use crate::event::Event;
use crate::gateway::NanoUsd;
use crate::ids::{AgentId, ProcessId, RunId};
use crate::organisation::Organisation;
use crate::run::Outcome;

/// From now on the process's own word about money counts no more.
pub(super) fn process(state: &Organisation, process: ProcessId) -> Vec<Event> {
    match state.processes.get(&process) {
        Some(known) if !known.metered => vec![Event::ProcessMetered { process, agent: known.agent }],
        _ => Vec::new(),
    }
}

/// A total, not a part: told twice, it counts once.
pub(super) fn agent(state: &Organisation, agent: AgentId, run: Option<RunId>, total: NanoUsd) -> Vec<Event> {
    match state.agents.get(&agent) {
        Some(known) if total > known.metered => vec![Event::AgentMetered { agent, run, total }],
        _ => Vec::new(),
    }
}

/// A run that cannot make its next call is over.
pub(super) fn used_up(state: &Organisation, agent: AgentId, run: RunId, why: &str) -> Vec<Event> {
    let Some(agent) = state.agents.get(&agent) else { return Vec::new() };
    match &agent.run {
        Some(open) if open.id == run && open.ending.is_none() => {
            ending(state, agent, open, Outcome::Limit, why.to_owned(), false)
        }
        _ => Vec::new(),
    }
}
