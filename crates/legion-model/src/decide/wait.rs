//! Waits of agents for agents. One that would close a circle is refused: it would never end.

use std::collections::BTreeSet;

use super::{Decision, gone};
use crate::authority::{Verb, authorise};
use crate::command::Answer;
use crate::event::Event;
use crate::ids::{AgentId, MessageId, Party, derived};
use crate::organisation::Organisation;
use crate::refusal::{Refusal, RefusalKind};

pub(super) fn begin(state: &Organisation, waiter: AgentId, target: AgentId) -> Decision {
    for id in [waiter, target] {
        if !state.agents.contains_key(&id) {
            return Err(gone(state, id));
        }
    }
    authorise(state, waiter.into(), Verb::Wait, target)?;
    match path(state, target, waiter) {
        None => Ok((vec![Event::WaitBegan { waiter, target }], Answer::Done)),
        Some(circle) => {
            Ok((vec![notice_of(state, waiter, target)], Answer::Deadlock { refusal: refusal(state, waiter, &circle) }))
        }
    }
}

pub(super) fn end(state: &Organisation, waiter: AgentId, target: AgentId) -> Vec<Event> {
    let waits = state.waits.get(&waiter).is_some_and(|targets| targets.contains(&target));
    if waits { vec![Event::WaitEnded { waiter, target }] } else { Vec::new() }
}

/// Who waits for whom from `from` to `to`.
fn path(state: &Organisation, from: AgentId, to: AgentId) -> Option<Vec<AgentId>> {
    let mut open = vec![vec![from]];
    let mut seen = BTreeSet::from([from]);
    while let Some(path) = open.pop() {
        let last = *path.last().expect("a path has its start");
        if last == to {
            return Some(path);
        }
        for &next in state.waits.get(&last).into_iter().flatten() {
            if seen.insert(next) {
                open.push(path.iter().copied().chain([next]).collect());
            }
        }
    }
    None
}

fn refusal(state: &Organisation, waiter: AgentId, circle: &[AgentId]) -> Refusal {
    let names: Vec<String> =
        std::iter::once(waiter).chain(circle.iter().copied()).map(|id| state.name(id.into())).collect();
    Refusal::new(RefusalKind::Deadlock, format!("waiting would never end: {}", names.join(" waits for ")))
        .hint("let one of them go on; an agent is told when a report's run ends and need not wait for it")
}

/// The person hears of it.
fn notice_of(state: &Organisation, waiter: AgentId, target: AgentId) -> Event {
    super::fire::notice(
        MessageId(derived(waiter.0, &format!("deadlock/{target}"), state.version)),
        waiter.into(),
        &state.name(waiter.into()),
        Party::Root,
        format!(
            "Deadlock: {} and {} would have waited for each other for ever; the second wait was refused.",
            state.called(waiter.into()),
            state.called(target.into()),
        ),
    )
}
