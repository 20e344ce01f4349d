//! How long a plan takes when each agent takes a fixed time and the service takes none.

use std::collections::BTreeMap;

use legion_model::Exit;
use legion_model::tickets::{Item, Stage, TicketId, TicketSpec};

use crate::case::{Case, new, session, spec, workers};

/// Milliseconds from the first attempt to the last merge. `after` and `durations` have an entry for each ticket.
pub fn makespan(after: &[Vec<usize>], durations: &[u64], count: u32) -> u64 {
    let mut case = Case::new(workers(count));
    let plan = after.iter().enumerate();
    let ids =
        case.add(plan.map(|(n, after)| new(TicketSpec { gates: vec![], ..spec(&format!("t{n}")) }, after)).collect());
    let place: BTreeMap<TicketId, usize> = ids.iter().enumerate().map(|(index, id)| (*id, index)).collect();
    let mut ends: BTreeMap<(u64, TicketId), ()> = BTreeMap::new();
    let mut now = 0;
    loop {
        // Everything that takes no time.
        let open: Vec<TicketId> = case.state.board.open.iter().copied().collect();
        for id in open.into_iter().filter(|id| case.stage(*id) == Some(Stage::Preparing)).collect::<Vec<_>>() {
            case.prepare(id);
            ends.insert((now + durations[place[&id]], id), ());
        }
        let landing = case.state.board.sessions[&session()].landing.as_ref().map(|landing| landing.item.clone());
        if let Some(Item::Attempt { ticket, .. }) = landing {
            case.build(&format!("merge of {ticket}"), &format!("tree of {ticket}"));
            case.moved();
            continue;
        }
        let Some(((end, id), ())) = ends.pop_first() else { break };
        case.later(end - now);
        now = end;
        let agent = case.agent(id);
        case.exits(agent, Exit::Code(0));
        case.collect(id, &format!("head of {id}"), true, &[]);
    }
    assert!(ids.iter().all(|id| case.status(*id) == "done"), "it all gets done");
    now
}

/// Forty tickets in five modules of eight: a first one, six beside each other behind it, and one that joins them; each module's
/// first waits for the second ticket of the module before.
pub fn forty() -> Vec<Vec<usize>> {
    let module = |first: usize| {
        let before = first.checked_sub(7).into_iter().collect();
        let beside = (1..7).map(move |_| vec![first]);
        let join = vec![(first + 1..first + 7).collect()];
        [vec![before], beside.collect(), join].concat()
    };
    (0..5).flat_map(|number| module(number * 8)).collect()
}
