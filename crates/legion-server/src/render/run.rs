//! Runs, and what they brought.

use legion_api as api;
use legion_model::{Agent, AgentId, Organisation, Outcome, ProcessPhase, RunSummary, Usage};

/// The open run of an agent, if its process lives or is being started. Without a process nothing works, whatever the run says.
pub(crate) fn open(state: &Organisation, agent: &Agent) -> Option<api::Run> {
    let run = agent.run.as_ref()?;
    let process = state.processes.get(&run.process)?;
    let pid = match process.phase {
        ProcessPhase::Starting => None,
        ProcessPhase::Live { pid } => Some(pid),
    };
    Some(api::Run {
        id: run.id.to_string(),
        number: run.number,
        started_at: run.started_at,
        ended_at: None,
        outcome: None,
        pid,
        deadline: run.deadline,
    })
}

/// A run that ended, with its whole text.
pub(crate) fn result(agent: AgentId, run: RunSummary, text: String) -> api::RunResult {
    api::RunResult {
        id: run.id.to_string(),
        agent: agent.to_string(),
        number: run.number,
        outcome: outcome(run.outcome),
        result: text,
        error: run.error,
        exit_code: run.exit_code,
        usage: usage(run.usage),
        cost_usd: run.cost.map(|cost| cost.dollars()),
        turns: run.turns,
        started_at: run.started_at,
        ended_at: run.ended_at,
    }
}

pub(crate) fn outcome(outcome: Outcome) -> api::Outcome {
    match outcome {
        Outcome::Completed => api::Outcome::Completed,
        Outcome::Failed => api::Outcome::Failed,
        Outcome::Interrupted => api::Outcome::Interrupted,
        Outcome::Limit => api::Outcome::Limit,
        Outcome::Killed => api::Outcome::Killed,
    }
}

pub(crate) fn usage(usage: Usage) -> api::Usage {
    api::Usage {
        input_tokens: usage.input_tokens,
        output_tokens: usage.output_tokens,
        cache_read_tokens: usage.cache_read_tokens,
        cache_write_tokens: usage.cache_write_tokens,
    }
}
