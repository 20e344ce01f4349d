//! As whom an agent's program runs, and what executes what agents wrote.

use legion_model::{AgentId, Tier};
use legion_sandbox::Account;

use super::ground::Containment;

impl Containment {
    /// The user id of an agent: the service's own, or one of a range when the service is root. It follows from the agent's id:
    /// nothing on disk belongs to it, so nothing has to remember it.
    pub(super) fn account(&self, agent: AgentId) -> Option<Account> {
        if self.is_root { self.config.account(agent.0.as_u128()) } else { None }
    }

    /// The user id of gates and set-up commands: one that no agent has. `None` is the service's own user, which is not root.
    ///
    /// # Errors
    /// When the service is root and the range of ids has none for them: they never run as root. Without a range, in tier `none`,
    /// they have the service's own, as agents have.
    pub(super) fn account_of_commands(&self, tier: Tier) -> Result<Option<Account>, String> {
        if !self.is_root || (tier == Tier::None && self.config.user_ids.is_none()) {
            return Ok(None);
        }
        let account = self.config.account_of_commands();
        account.map(Some).ok_or_else(|| {
            "the service is root, and `user_ids` in `[containment]` has no id left for gates and set-up commands: name two at least"
                .to_owned()
        })
    }
}
