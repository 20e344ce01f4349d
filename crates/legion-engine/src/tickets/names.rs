//! Names of refs, and who is named in commits.

use legion_git::{Identity, Oid, RefName};
use legion_model::tickets::{PlaceKey, SessionName, TicketId};

/// What lies below is pinned for good.
pub(crate) const RESCUES: &str = "refs/legion/rescue";

/// What lies below was taken in from attempts.
const TAKEN_IN: &str = "refs/legion/in";

fn name(text: &str) -> RefName {
    text.parse().expect("made of parts that are checked where they come in")
}

/// The target branch of a session.
pub(crate) fn target(session: &SessionName) -> RefName {
    name(&format!("refs/heads/{}", session.target_branch()))
}

/// The branch of an attempt, in its clone.
pub(crate) fn branch(session: &SessionName, ticket: TicketId, number: u32) -> RefName {
    name(&format!("refs/heads/{}", session.attempt_branch(ticket, number)))
}

/// The branch of a reviewer's clone.
pub(crate) fn review_branch(session: &SessionName, ticket: TicketId, number: u32, step: u32) -> RefName {
    name(&format!("refs/heads/{}-r{}", session.attempt_branch(ticket, number), step + 1))
}

/// By what name a clone knows the work of the attempt before.
pub(crate) fn previous(session: &SessionName, ticket: TicketId) -> RefName {
    name(&format!("refs/heads/legion/{session}/t{}-previous", ticket.0))
}

/// Where the work of an attempt is taken in.
pub(crate) fn taken_in(session: &SessionName, ticket: TicketId, number: u32) -> RefName {
    name(&format!("{TAKEN_IN}/{session}/t{}/a{number}", ticket.0))
}

/// Everything that was taken in.
pub(crate) fn all_taken_in() -> RefName {
    name(TAKEN_IN)
}

/// Of which attempt a commit was taken in, by the name of its ref.
pub(crate) fn of_taken_in(reference: &RefName) -> Option<(SessionName, TicketId, u32)> {
    let mut parts = reference.as_str().strip_prefix(TAKEN_IN)?.strip_prefix('/')?.split('/');
    let session = parts.next()?.parse().ok()?;
    let ticket = parts.next()?.strip_prefix('t')?.parse().ok()?;
    let number = parts.next()?.strip_prefix('a')?.parse().ok()?;
    Some((session, TicketId(ticket), number))
}

/// Where a commit is kept to which somebody else moved a target.
pub(crate) fn moved(session: &SessionName, found: &Oid) -> RefName {
    name(&format!("refs/legion/moved/{session}/{found}"))
}

/// Where the commits of the person come in.
pub(crate) fn imported(tip: &str) -> RefName {
    name(&format!("refs/legion/import/{tip}"))
}

/// All rescues of a ticket.
pub(crate) fn rescues_of(ticket: TicketId) -> RefName {
    name(&format!("{RESCUES}/t{}", ticket.0))
}

/// Whether a rescue is of something that a clone had besides its files and what they stood on: its name is below that of its clone's.
pub(crate) fn is_beside(reference: &str) -> bool {
    reference.split('/').any(|part| part.ends_with("-besides"))
}

/// The `number`-th rescue of a place: below the ref of its ticket.
pub(crate) fn rescue(ticket: TicketId, place: &PlaceKey, number: usize) -> RefName {
    let mut parts = place.as_str().split('/');
    let (session, last) = (parts.next().unwrap_or_default(), parts.next_back().unwrap_or_default());
    name(&format!("{}/{session}-{last}-{number}", rescues_of(ticket)))
}

/// The last look at a clone that somebody works in.
pub(crate) fn snapshot(ticket: TicketId, place: &PlaceKey) -> RefName {
    let last = place.as_str().rsplit('/').next().unwrap_or_default();
    name(&format!("refs/legion/snapshot/t{}/{last}", ticket.0))
}

/// Who the commits of a ticket's agents are by, unless they say otherwise.
pub(crate) fn agent(session: &SessionName, ticket: TicketId) -> Identity {
    let address = format!("t{}@{session}.legion.invalid", ticket.0);
    Identity::new(&format!("Legion worker t{}", ticket.0), &address).expect("plain letters")
}

/// Who merges and rescues are by.
pub(crate) fn service() -> Identity {
    Identity::new("Legion", "legion@legion.invalid").expect("plain letters")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rescue_lies_below_its_ticket() {
        let session: SessionName = "a.b".parse().expect("a name");
        let place = PlaceKey::of_review(&session, TicketId(3), 2, 1);
        assert_eq!(rescue(TicketId(3), &place, 1).as_str(), "refs/legion/rescue/t3/a.b-a2-r1-1");
        assert_eq!(place.attempt(), Some(2));
        let taken = taken_in(&session, TicketId(3), 2);
        assert_eq!(of_taken_in(&taken), Some((session.clone(), TicketId(3), 2)));
        assert_eq!(of_taken_in(&rescues_of(TicketId(3))), None);
        assert_eq!(review_branch(&session, TicketId(3), 2, 0).as_str(), "refs/heads/legion/a.b/t3-2-r1");
    }
}
