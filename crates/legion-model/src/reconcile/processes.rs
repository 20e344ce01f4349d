//! Processes that should be there are started; those that should not are stopped.

use super::Plan;
use crate::organisation::Organisation;
use crate::process::ProcessPhase;
use crate::step::Step;
use crate::world::World;

pub(super) fn reconcile(state: &Organisation, world: &World, plan: &mut Plan) {
    for process in state.processes.values() {
        let view = world.processes.get(&process.id);
        match (process.stopping, view) {
            (Some(reason), view) if view.is_none_or(|view| !view.stopping) => {
                plan.step(Step::Stop { process: process.id, reason });
            }
            (None, None) if process.phase == ProcessPhase::Starting => {
                let run = state.agents.get(&process.agent).and_then(|agent| agent.run.as_ref());
                if let Some(run) = run.filter(|run| run.process == process.id) {
                    plan.step(Step::Start {
                        process: process.id,
                        agent: process.agent,
                        run: run.id,
                        injection: run.prompt,
                    });
                }
            }
            _ => {}
        }
    }
}
