//! How an object stands to a caller. Total: whatever is asked about has exactly one relation.

use super::object::Object;
use crate::ids::{MessageId, Party};
use crate::organisation::Organisation;
use crate::tickets::{SessionName, TicketId};

macro_rules! relations {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// How an object stands to a caller.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Relation { $($(#[$doc])* $name,)* }

        impl Relation {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];
        }
    };
}

relations! {
    /// The caller.
    Itself,
    Parent,
    /// Above its parent; the person is at the top.
    Ancestor,
    Sibling,
    /// Below it, however deep.
    Descendant,
    /// A member of another line.
    Stranger,

    /// A message to the caller.
    Addressee,
    /// A message from the caller.
    Sender,
    /// A message to or from somebody below it.
    DescendantsMail,
    OthersMail,

    /// A ticket that the caller was hired for.
    Assigned,
    Dispatched,
    /// Somebody below it dispatched it.
    DescendantDispatched,
    /// Somebody above it dispatched it.
    AncestorDispatched,
    /// The person dispatched it.
    PersonDispatched,
    OtherDispatched,

    /// The session of the ticket that the caller, or the nearest agent above it, was hired for.
    OwnSession,
    /// A session, and no ticket binds the caller to one.
    AnySession,
    /// A session, and the caller's ticket is in another one.
    OtherSession,

    /// What belongs to the project as a whole.
    Project,
    /// The service itself.
    Service,
    /// There is no such thing: nothing can be done to it, and who asked is told so.
    Absent,
}

impl Relation {
    /// The relation of an object to a caller.
    pub fn of(state: &Organisation, caller: Party, object: Object<'_>) -> Self {
        match object {
            Object::Member(member) => of_member(state, caller, member),
            Object::Message(message) => of_message(state, caller, message),
            Object::Ticket(ticket) => of_ticket(state, caller, ticket),
            Object::Session(session) => of_session(state, caller, session),
            Object::Project => Self::Project,
            Object::Service => Self::Service,
        }
    }
}

fn of_member(state: &Organisation, caller: Party, member: Party) -> Relation {
    if member == caller {
        return Relation::Itself;
    }
    if member.agent().is_some_and(|id| !state.agents.contains_key(&id)) {
        return Relation::Absent;
    }
    let parent = |party: Party| party.agent().and_then(|id| state.agents.get(&id)).map(|agent| agent.parent);
    let above = parent(caller);
    match () {
        () if above == Some(member) => Relation::Parent,
        () if above.is_some() && parent(member) == above => Relation::Sibling,
        () if state.is_below(member, caller) => Relation::Descendant,
        () if state.is_below(caller, member) => Relation::Ancestor,
        () => Relation::Stranger,
    }
}

fn of_message(state: &Organisation, caller: Party, message: MessageId) -> Relation {
    let Some(message) = state.messages.get(&message) else { return Relation::Absent };
    match () {
        () if message.to == caller => Relation::Addressee,
        () if message.from == caller => Relation::Sender,
        () if state.is_below(message.to, caller) || state.is_below(message.from, caller) => Relation::DescendantsMail,
        () => Relation::OthersMail,
    }
}

fn of_ticket(state: &Organisation, caller: Party, ticket: TicketId) -> Relation {
    let Some(known) = state.board.tickets.get(&ticket) else { return Relation::Absent };
    let assigned =
        caller.agent().and_then(|agent| state.board.posts.get(&agent)).is_some_and(|post| post.ticket == ticket);
    match known.by {
        by if by == caller => Relation::Dispatched,
        _ if assigned => Relation::Assigned,
        Party::Root => Relation::PersonDispatched,
        by if state.is_below(by, caller) => Relation::DescendantDispatched,
        by if state.is_below(caller, by) => Relation::AncestorDispatched,
        _ => Relation::OtherDispatched,
    }
}

fn of_session(state: &Organisation, caller: Party, session: &SessionName) -> Relation {
    if !state.board.sessions.contains_key(session) {
        return Relation::Absent;
    }
    let line = std::iter::once(caller).chain(state.ancestors(caller)).filter_map(Party::agent);
    let post = line.filter_map(|agent| state.board.posts.get(&agent)).next();
    let own = post.and_then(|post| state.board.tickets.get(&post.ticket)).map(|ticket| &ticket.session);
    match (post, own) {
        (None, _) => Relation::AnySession,
        (Some(_), Some(own)) if own == session => Relation::OwnSession,
        // Its ticket may have been deleted: then it has no session left.
        (Some(_), _) => Relation::OtherSession,
    }
}
