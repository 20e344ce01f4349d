//! Limits.

use legion_api as api;
use legion_model::{Agent, Organisation, Party};

pub(crate) fn limits(state: &Organisation, agent: &Agent) -> api::Limits {
    let limits = &agent.spec.limits;
    let budget = limits.budget.map(|total| api::Budget {
        total_usd: total.dollars(),
        committed_usd: state.committed(agent).dollars(),
        left_usd: state.budget_left(Party::Agent(agent.id)).unwrap_or(total).dollars(),
    });
    api::Limits {
        max_turns: limits.turns,
        timeout_seconds: limits.seconds,
        budget,
        headcount: limits.headcount,
        depth: limits.depth,
        models: limits.models.as_ref().map(|models| models.iter().cloned().collect()),
    }
}
