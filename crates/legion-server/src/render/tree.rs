//! The organisation as a tree.

use std::collections::BTreeMap;

use legion_api as api;
use legion_model::{Agent, AgentId, Organisation, Party};

use super::{agent as noun, run};

/// Which agents are wanted; what is absent does not matter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Filter {
    pub(crate) level: Option<u32>,
    pub(crate) parent: Option<Party>,
    pub(crate) status: Option<api::AgentStatus>,
}

impl Filter {
    /// Whether nothing is filtered.
    pub(crate) fn is_open(&self) -> bool {
        *self == Self::default()
    }

    pub(crate) fn matches(&self, state: &Organisation, agent: &Agent) -> bool {
        self.parent.is_none_or(|parent| agent.parent == parent)
            && self.level.is_none_or(|level| state.level(Party::Agent(agent.id)) == level)
            && self.status.is_none_or(|status| noun::status_of(state, agent) == status)
    }
}

/// The nodes directly below a member that match, or stand above one that does; in the order of hiring.
pub(crate) fn below(state: &Organisation, party: Party, filter: &Filter) -> Vec<api::TreeNode> {
    let children = children(state);
    Branch { state, children: &children, filter }.below(party, state.level(party))
}

/// The node of an agent with everything below it. It is kept whether it matches or not.
pub(crate) fn from(state: &Organisation, agent: &Agent, filter: &Filter) -> api::TreeNode {
    let party = Party::Agent(agent.id);
    node(state, agent, state.level(party), filter.matches(state, agent), below(state, party, filter))
}

/// The node of the person.
pub(crate) fn root(filter: &Filter, reports: Vec<api::TreeNode>) -> api::TreeNode {
    let root = noun::root();
    api::TreeNode {
        id: root.id,
        name: root.name,
        role: None,
        parent: None,
        level: 0,
        driver: None,
        tier: None,
        status: root.status,
        run: None,
        queued: 0,
        last_outcome: None,
        cost_usd: None,
        beside_gateway_usd: None,
        suspect: None,
        matched: filter.is_open(),
        reports,
    }
}

fn children(state: &Organisation) -> BTreeMap<Party, Vec<AgentId>> {
    let mut agents: Vec<&Agent> = state.agents.values().collect();
    agents.sort_by_key(|agent| (agent.hired_at, agent.id));
    let mut children: BTreeMap<Party, Vec<AgentId>> = BTreeMap::new();
    for agent in agents {
        children.entry(agent.parent).or_default().push(agent.id);
    }
    children
}

struct Branch<'a> {
    state: &'a Organisation,
    children: &'a BTreeMap<Party, Vec<AgentId>>,
    filter: &'a Filter,
}

impl Branch<'_> {
    /// As deep as the hierarchy, which has a limit.
    fn below(&self, party: Party, level: u32) -> Vec<api::TreeNode> {
        let ids = self.children.get(&party).map_or(&[][..], Vec::as_slice);
        let agents = ids.iter().filter_map(|id| self.state.agents.get(id));
        let nodes = agents.filter_map(|agent| {
            let reports = self.below(Party::Agent(agent.id), level + 1);
            let matched = self.filter.matches(self.state, agent);
            (matched || !reports.is_empty()).then(|| node(self.state, agent, level + 1, matched, reports))
        });
        nodes.collect()
    }
}

fn node(state: &Organisation, agent: &Agent, level: u32, matched: bool, reports: Vec<api::TreeNode>) -> api::TreeNode {
    let run = run::open(state, agent);
    api::TreeNode {
        id: agent.id.to_string(),
        name: agent.name.clone(),
        role: agent.role.clone(),
        parent: Some(agent.parent.to_string()),
        level,
        driver: Some(noun::driver(agent.spec.driver)),
        tier: Some(agent.spec.tier.as_str().to_owned()),
        status: noun::status(run.as_ref()),
        run,
        queued: noun::queued(agent),
        last_outcome: agent.last_run.as_ref().map(|run| run::outcome(run.outcome)),
        cost_usd: noun::cost(agent),
        beside_gateway_usd: noun::beside_gateway(agent),
        suspect: noun::suspect(agent),
        matched,
        reports,
    }
}
