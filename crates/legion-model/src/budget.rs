//! Money along the hierarchy: what is spent, set aside, and left.

use crate::agent::Agent;
use crate::ids::{AgentId, Party};
use crate::money::MicroUsd;
use crate::organisation::Organisation;

impl Organisation {
    /// Spent by an agent and everything that is or was below it.
    pub fn spent(&self, agent: &Agent) -> MicroUsd {
        let below: MicroUsd = self.reports(Party::Agent(agent.id)).map(|report| self.spent(report)).sum();
        agent.spent + agent.spent_by_fired + below
    }

    /// Of [`Organisation::spent`], what the gateway does not know: money that programs reported themselves.
    pub fn spent_beside_gateway(&self, agent: &Agent) -> MicroUsd {
        let below: MicroUsd =
            self.reports(Party::Agent(agent.id)).map(|report| self.spent_beside_gateway(report)).sum();
        agent.spent_beside_gateway() + agent.spent_by_fired.less(agent.metered_by_fired.micro()) + below
    }

    /// Spent by an agent, or set aside for those below it: a report with a budget counts with the larger of budget and spending.
    pub fn committed(&self, agent: &Agent) -> MicroUsd {
        let below: MicroUsd = self
            .reports(Party::Agent(agent.id))
            .map(|report| match report.spec.limits.budget {
                Some(budget) => budget.max(self.spent(report)),
                None => self.committed(report),
            })
            .sum();
        agent.spent + agent.spent_by_fired + below
    }

    /// What is left for a member: of its own budget, or of the nearest one above it. `None` when nothing bounds it.
    pub fn budget_left(&self, party: Party) -> Option<MicroUsd> {
        std::iter::once(party)
            .chain(self.ancestors(party))
            .filter_map(|member| self.agents.get(&member.agent()?))
            .filter_map(|agent| Some((agent, agent.spec.limits.budget?)))
            .enumerate()
            .map(|(distance, (agent, budget))| {
                // What is set aside under the nearest budget is gone; the ones above have set that budget itself aside.
                let used = if distance == 0 { self.committed(agent) } else { self.spent(agent) };
                budget.less(used)
            })
            .min()
    }

    /// Agents with an open run that stand under a budget which is used up, with the holder of that budget.
    pub fn over_budget(&self, spender: AgentId) -> Vec<(AgentId, AgentId)> {
        let holders: Vec<AgentId> = std::iter::once(Party::Agent(spender))
            .chain(self.ancestors(Party::Agent(spender)))
            .filter_map(Party::agent)
            .filter(|id| {
                self.agents
                    .get(id)
                    .is_some_and(|agent| agent.spec.limits.budget.is_some_and(|budget| self.spent(agent) > budget))
            })
            .collect();
        let mut found = Vec::new();
        for holder in holders {
            for id in std::iter::once(holder).chain(self.subtree(Party::Agent(holder))) {
                let open = self.agents.get(&id).and_then(|agent| agent.run.as_ref());
                if open.is_some_and(|run| run.ending.is_none()) && !found.iter().any(|(seen, _)| *seen == id) {
                    found.push((id, holder));
                }
            }
        }
        found
    }
}
