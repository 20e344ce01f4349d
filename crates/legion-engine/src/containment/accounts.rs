//! As whom an agent's program runs.

use legion_model::AgentId;
use legion_sandbox::Account;

use super::ground::Containment;

impl Containment {
    /// The user id of an agent: the service's own, or one of a range when the service is root. It follows from the agent's id:
    /// nothing on disk belongs to it, so nothing has to remember it.
    pub(super) fn account(&self, agent: AgentId) -> Option<Account> {
        if self.is_root { self.config.account(agent.0.as_u128()) } else { None }
    }
}
