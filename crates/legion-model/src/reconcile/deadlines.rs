//! Deadlines: each becomes a command when it comes, and a time to look again before that.

use super::Plan;
use crate::command::Order;
use crate::organisation::Organisation;
use crate::step::Step;

pub(super) fn reconcile(state: &Organisation, plan: &mut Plan) {
    let bounds = &state.bounds;
    for (by, message) in &state.deadlines {
        let accepted = state.messages.get(message).is_some_and(|m| m.state == crate::message::MessageState::Accepted);
        if accepted {
            plan.when(*by, || Step::Due(Order::MessageTimeUp { message: *message }));
        }
    }
    for approval in state.approvals.values().filter(|approval| approval.verdict.is_none()) {
        plan.when(approval.deadline, || Step::Due(Order::ApprovalTimeUp { approval: approval.id }));
    }
    let mut warm: Vec<_> = Vec::new();
    for process in state.processes.values().filter(|process| process.stopping.is_none()) {
        let run = state
            .agents
            .get(&process.agent)
            .and_then(|agent| agent.run.as_ref())
            .filter(|run| run.process == process.id);
        if let Some(run) = run {
            match (&run.ending, run.deadline) {
                (Some(ending), _) if !ending.stop => {
                    let due = later(ending.at, bounds.interrupt_grace_ms);
                    plan.when(due, || Step::Due(Order::InterruptTimeUp { run: run.id, agent: process.agent }));
                }
                (None, Some(deadline)) => {
                    plan.when(deadline, || Step::Due(Order::RunTimeUp { run: run.id, agent: process.agent }));
                }
                _ => {}
            }
        } else if let Some(since) = process.idle_since {
            warm.push((since, process.id));
            plan.when(later(since, bounds.warm_ms), || Step::Due(Order::WarmTimeUp { process: process.id }));
        }
    }
    // Too many warm processes: the coldest go first.
    if warm.len() > bounds.warm_max {
        warm.sort();
        for (_, process) in warm.iter().take(warm.len() - bounds.warm_max) {
            plan.step(Step::Due(Order::WarmTimeUp { process: *process }));
        }
    }
}

fn later(at: jiff::Timestamp, ms: u64) -> jiff::Timestamp {
    at.checked_add(std::time::Duration::from_millis(ms)).unwrap_or(jiff::Timestamp::MAX)
}
