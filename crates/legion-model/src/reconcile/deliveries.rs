//! What was decided to be written to an agent, and is not written yet, is written.

use super::Plan;
use crate::organisation::Organisation;
use crate::step::Step;
use crate::world::World;

pub(super) fn reconcile(state: &Organisation, world: &World, plan: &mut Plan) {
    for process in state.processes.values() {
        let Some(view) = world.processes.get(&process.id).filter(|view| view.connected) else { continue };
        if process.stopping.is_some() {
            continue;
        }
        let Some(agent) = state.agents.get(&process.agent) else { continue };
        let Some(run) = agent.run.as_ref().filter(|run| run.process == process.id) else { continue };
        for injection in run.unseen.keys().filter(|injection| !view.written.contains(&injection.0)) {
            plan.step(Step::Write { process: process.id, agent: agent.id, injection: *injection });
        }
        let asked = view.interrupted == Some((run.id, run.interrupts));
        if run.ending.is_some() && !asked && agent.spec.driver.capabilities().interrupts {
            plan.step(Step::Interrupt { process: process.id, run: run.id, number: run.interrupts });
        }
    }
    for approval in state.approvals.values().filter(|approval| approval.verdict.is_some()) {
        let Some(view) = world.processes.get(&approval.process).filter(|view| view.connected) else { continue };
        if !view.answered.contains(&approval.id) {
            plan.step(Step::Answer { process: approval.process, approval: approval.id });
        }
    }
}
