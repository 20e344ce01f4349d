//! Liveness from two signals: the process (it uses the processor, it lives) and the protocol (it writes, it answers).
//! Silence leads to suspicion, suspicion to a probe, and only then to the end.

use super::Plan;
use crate::command::Order;
use crate::organisation::Organisation;
use crate::step::Step;
use crate::world::World;

/// Probes within the time from suspicion to the end.
const PROBES: u64 = 5;

pub(super) fn reconcile(state: &Organisation, world: &World, plan: &mut Plan) {
    let bounds = &state.bounds;
    for process in state.processes.values().filter(|process| process.stopping.is_none()) {
        let Some(view) = world.processes.get(&process.id) else { continue };
        let Some(agent) = state.agents.get(&process.agent) else { continue };
        let Some(run) = agent.run.as_ref().filter(|run| run.process == process.id && run.ending.is_none()) else {
            continue;
        };
        // An agent that waits for the person or for another agent is not silent.
        let waits = state.waits.contains_key(&agent.id)
            || state.approvals.values().any(|open| open.process == process.id && open.verdict.is_none());
        let silent_ms = if waits { 0 } else { plan.now.mono_ms.saturating_sub(view.last_sign_ms) };
        let (id, agent) = (run.id, agent.id);
        if silent_ms < bounds.suspect_ms {
            if run.suspect.is_some() {
                plan.step(Step::Due(Order::Clear { run: id, agent }));
            }
            // The end of a wait is an event: there is nothing to look at before.
            if !waits {
                plan.wake_at(view.last_sign_ms.saturating_add(bounds.suspect_ms));
            }
            continue;
        }
        let why = format!("it has been silent for {} s", silent_ms / 1_000);
        if run.suspect.is_none() {
            plan.step(Step::Due(Order::Suspect { run: id, agent, why: why.clone() }));
        }
        // However long the silence: it may have been a wait. Only an unanswered probe is proof.
        let pause = (bounds.hung_ms.saturating_sub(bounds.suspect_ms) / PROBES).max(1);
        let probed = view.probed_ms.filter(|probed| *probed > view.last_sign_ms);
        match probed.map(|probed| probed.saturating_add(pause)) {
            Some(next) if next > plan.now.mono_ms => plan.wake_at(next),
            Some(_) if silent_ms >= bounds.hung_ms => {
                if run.suspect.is_some() {
                    plan.step(Step::Due(Order::Hung { run: id, agent, why: format!("{why} and answers no probe") }));
                }
            }
            _ => {
                plan.step(Step::Probe { process: process.id, run: id });
                plan.wake_at(plan.now.mono_ms.saturating_add(pause));
            }
        }
    }
}
