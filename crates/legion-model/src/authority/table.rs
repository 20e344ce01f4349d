//! The table: which verbs of a caller reach which relations. Everything that is not named is refused.

use super::relation::Relation::{self, *};
use super::verb::Verb;
use crate::ids::Party;
use crate::organisation::Organisation;

/// What a caller is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// The person, and the service on the person's behalf.
    Person,
    /// An agent of this project.
    Agent,
    /// An agent that was fired, or belongs to another project.
    Outsider,
}

impl Kind {
    /// All of them.
    pub const ALL: &'static [Self] = &[Self::Person, Self::Agent, Self::Outsider];

    /// The kind of a caller in a project.
    pub fn of(state: &Organisation, caller: Party) -> Self {
        match caller {
            Party::Root => Self::Person,
            Party::Agent(id) if state.agents.contains_key(&id) => Self::Agent,
            Party::Agent(_) => Self::Outsider,
        }
    }
}

/// Whether a verb of a caller reaches what stands in this relation to it.
pub fn permits(caller: Kind, verb: Verb, relation: Relation) -> bool {
    reach(caller, verb).contains(&relation)
}

/// Whether a verb of a caller reaches anything at all.
pub fn permits_anything(caller: Kind, verb: Verb) -> bool {
    !reach(caller, verb).is_empty()
}

fn reach(caller: Kind, verb: Verb) -> &'static [Relation] {
    match caller {
        Kind::Person => of_person(verb),
        Kind::Agent => of_agent(verb),
        Kind::Outsider => &[],
    }
}

/// The person may do everything, but answer for an agent.
fn of_person(verb: Verb) -> &'static [Relation] {
    match verb {
        Verb::Acknowledge => &[Itself, Addressee],
        _ => Relation::ALL,
    }
}

/// An agent acts downwards, speaks to those beside it and directly above it, and never acts upwards. Nothing of the person's is in
/// this table.
fn of_agent(verb: Verb) -> &'static [Relation] {
    match verb {
        Verb::Hire | Verb::ReadLog | Verb::Look | Verb::SeeUsage | Verb::FollowEvents => &[Itself, Descendant],
        Verb::Tell | Verb::Wait => &[Parent, Sibling, Descendant],
        Verb::Interrupt | Verb::Fire => &[Descendant],
        Verb::InterruptAll => &[Itself],
        Verb::Name => &[Itself, Parent, Sibling, Descendant],
        Verb::ReadMail => &[Itself, Addressee, Sender, DescendantsMail],
        Verb::Acknowledge => &[Itself, Addressee],

        Verb::Dispatch => &[OwnSession, AnySession],
        Verb::SeeTicket => &[Assigned, Dispatched, DescendantDispatched, AncestorDispatched, PersonDispatched],
        Verb::StopTicket | Verb::RetryTicket | Verb::DeleteTicket => &[Dispatched, DescendantDispatched],
        Verb::ReportOnTicket => &[Assigned],
        Verb::SeeSessions | Verb::SeeTeams => &[Project],
        Verb::ReadDocument | Verb::UseTools | Verb::CallModels => &[Service],

        Verb::DecideHeld
        | Verb::Undelete
        | Verb::OpenSession
        | Verb::SetSession
        | Verb::UseSession
        | Verb::CompleteSession
        | Verb::DeleteSession
        | Verb::ImportCommits
        | Verb::SetRole
        | Verb::DeleteRole
        | Verb::SetTeam
        | Verb::DeleteTeam
        | Verb::SeeModels
        | Verb::SetUpModels
        | Verb::SeeApprovals
        | Verb::DecideApproval
        | Verb::OpenProject
        | Verb::ReadRepository
        | Verb::OpenRepository
        | Verb::CollectGarbage
        | Verb::ListProjects
        | Verb::ReadAudit
        | Verb::ReadService
        | Verb::BackUp
        | Verb::Trust
        | Verb::EndService
        | Verb::Serve => &[],
    }
}
