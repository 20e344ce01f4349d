//! The question that every face and every decision asks.

use super::object::Object;
use super::relation::Relation;
use super::table::{Kind, permits};
use super::verb::Verb;
use crate::ids::Party;
use crate::organisation::Organisation;
use crate::refusal::{Refusal, RefusalKind};

/// Whether `caller` may do `verb` to `object`: nothing, or the reason why not.
pub fn authorise<'a>(
    state: &Organisation,
    caller: Party,
    verb: Verb,
    object: impl Into<Object<'a>>,
) -> Result<(), Refusal> {
    let object = object.into();
    let relation = Relation::of(state, caller, object);
    if permits(Kind::of(state, caller), verb, relation) {
        return Ok(());
    }
    let what = format!("{} may not {verb} {}", state.called(caller), called(state, object, relation));
    let reach = verb.reach_in_words();
    Err(Refusal::new(RefusalKind::Forbidden, what).hint(format!("an agent may {verb} {reach}")))
}

/// The object, in words that tell a stranger nothing that it did not say itself.
fn called(state: &Organisation, object: Object<'_>, relation: Relation) -> String {
    match object {
        Object::Member(member) if relation == Relation::Stranger => member.to_string(),
        Object::Member(member) => state.called(member),
        Object::Message(message) => format!("message {message}"),
        Object::Ticket(ticket) => format!("ticket {ticket}"),
        Object::Session(session) => format!("session `{session}`"),
        Object::Project => "the project".to_owned(),
        Object::Service => "the service".to_owned(),
    }
}
