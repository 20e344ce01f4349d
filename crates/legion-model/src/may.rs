//! Who may do what to whom: one small, total function. Every face asks it, through the engine.

use crate::ids::Party;
use crate::organisation::Organisation;
use crate::refusal::{Refusal, RefusalKind};

/// What a caller wants to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    /// Hire below the object.
    Hire,
    Tell,
    Interrupt,
    Fire,
    /// Read status, logs, runs and messages.
    Read,
    /// Wait for the end of a run.
    Wait,
    /// Decide permission requests, end or back up the service, see all events.
    Govern,
}

impl Verb {
    fn as_str(self) -> &'static str {
        match self {
            Self::Hire => "hire below",
            Self::Tell => "tell",
            Self::Interrupt => "interrupt",
            Self::Fire => "fire",
            Self::Read => "look into",
            Self::Wait => "wait for",
            Self::Govern => "govern",
        }
    }
}

/// Whether `caller` may do `verb` to `object`: nothing, or the reason why not.
///
/// The person may do everything. An agent may hire below itself and its subtree; tell its parent, its siblings and its subtree,
/// and wait for the same; interrupt and fire only below itself; read itself and its subtree.
pub fn may(organisation: &Organisation, caller: Party, verb: Verb, object: Party) -> Result<(), Refusal> {
    let Party::Agent(id) = caller else { return Ok(()) };
    let below = || organisation.is_below(object, caller);
    let parent = organisation.agents.get(&id).map(|agent| agent.parent);
    let allowed = match verb {
        Verb::Hire | Verb::Read => object == caller || below(),
        Verb::Tell | Verb::Wait => {
            let sibling =
                object.agent().and_then(|id| organisation.agents.get(&id)).map(|agent| agent.parent) == parent;
            object != caller && (below() || Some(object) == parent || (sibling && parent.is_some()))
        }
        Verb::Interrupt | Verb::Fire => below(),
        Verb::Govern => false,
    };
    if allowed {
        return Ok(());
    }
    let scope = match verb {
        Verb::Hire | Verb::Read => "itself and its own subtree",
        Verb::Tell | Verb::Wait => "its parent, its siblings and its own subtree",
        Verb::Interrupt | Verb::Fire => "agents below itself",
        Verb::Govern => "nothing here: this is the person's",
    };
    Err(Refusal::new(
        RefusalKind::Forbidden,
        format!("{} may not {} {}", organisation.called(caller), verb.as_str(), organisation.called(object)),
    )
    .hint(format!("an agent may {} {scope}", verb.as_str())))
}
