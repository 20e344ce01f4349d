//! Who is at the other end of a connection for agents: for the audit, never for what is let through.

use legion_model::{AgentId, Party};
use legion_process::lineage;

use crate::engine::Engine;

/// The other end of a connection, as the kernel names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Guest {
    pub user: u32,
    /// The process that opened it, where the kernel says so.
    pub process: Option<u32>,
}

impl Engine {
    /// Enters that an agent wanted to be led elsewhere than to the provider.
    pub(super) async fn refused_way(&self, guest: Guest, request: String, why: String) {
        let agent = self.agent_at(guest);
        let project = match agent {
            Some(agent) => self.project_of(agent).await,
            None => None,
        };
        self.refused(project, agent.map(Party::Agent), request, why).await;
    }

    /// Whose tree the process is of: the kernel keeps who started whom, and no program can say otherwise. Else the only agent that has this
    /// user. None is told rather than somebody else.
    fn agent_at(&self, guest: Guest) -> Option<AgentId> {
        let containment = &self.inner.containment;
        let above = guest.process.map(lineage).unwrap_or_default();
        containment.watch.agent_of_tree(&above).or_else(|| {
            let has_user = |agent: &AgentId| containment.account(*agent).is_some_and(|known| known.uid == guest.user);
            let mut users = containment.watch.agents().into_iter().filter(has_user);
            users.next().filter(|_| users.next().is_none())
        })
    }
}
