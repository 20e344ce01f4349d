//! Which ticket begins when: graphs, policies, workers, groups, files.

use legion_model::graph::{Graph, Priority};
use legion_model::tickets::{
    ErrorClass, Mover, NewTicket, OnUpstream, Overlap, SessionSettings, Stage, TicketId, TicketOutcome, TicketSpec,
    Whys, why,
};
use legion_model::{Event, TicketOrder};

use crate::case::{Case, checkpoint, new, session, spec, workers};
use crate::makespan::{forty, makespan};

fn begun(case: &Case, ids: &[TicketId]) -> Vec<TicketId> {
    ids.iter().copied().filter(|id| case.attempt_of(*id).is_some()).collect()
}

#[test]
fn a_dependent_begins_in_the_batch_that_merges_its_upstream() {
    let mut case = Case::new(workers(2));
    let ids = case.add(vec![new(spec("a"), &[]), new(spec("b"), &[0])]);
    assert_eq!(begun(&case, &ids), [ids[0]]);
    assert_eq!(case.status(ids[1]), "blocked");
    case.finish(ids[0]);
    assert_eq!(case.stage(ids[1]), Some(Stage::Preparing));
}

#[test]
fn the_longest_chain_goes_first_however_it_came_in() {
    let mut case = Case::new(workers(1));
    let ids = case.add(vec![
        new(spec("alone"), &[]),
        new(spec("head"), &[]),
        new(spec("middle"), &[1]),
        new(spec("tail"), &[2]),
    ]);
    assert_eq!(begun(&case, &ids), [ids[1]], "two wait behind it");
    let ranks: Vec<u32> = ids.iter().map(|id| case.ticket(*id).rank).collect();
    assert_eq!(ranks, [0, 2, 1, 0]);
    // One that is added behind raises those before it.
    let tail = NewTicket { after: [(ids[3], OnUpstream::Wait)].into(), ..new(spec("more"), &[]) };
    case.add(vec![tail]);
    let ranks: Vec<u32> = ids.iter().map(|id| case.ticket(*id).rank).collect();
    assert_eq!(ranks, [0, 3, 2, 1]);
}

#[test]
fn policies_when_an_upstream_fails() {
    let with = |title: &str, on_upstream| TicketSpec { on_upstream, ..spec(title) };
    let mut case = Case::new(workers(1));
    let ids = case.add(vec![
        new(spec("a"), &[]),
        new(with("skip", OnUpstream::Skip), &[0]),
        new(with("fail", OnUpstream::Fail), &[0]),
        new(with("wait", OnUpstream::Wait), &[0]),
        new(with("behind", OnUpstream::Skip), &[1]),
    ]);
    case.stop(ids[0]);
    let statuses: Vec<&str> = ids.iter().map(|id| case.status(*id)).collect();
    assert_eq!(statuses, ["stopped", "skipped", "error", "blocked", "skipped"], "one after the other, in one batch");
    assert_eq!(case.ticket_outcome(ids[4]), Some(TicketOutcome::Skipped { because: ids[1] }));
    let waits = why(&case.state, case.ticket(ids[3]));
    assert!(waits.mover == Mover::Person && waits.deadline.is_some(), "{waits:?}");
    assert!(waits.what.contains("legion retry 1"), "{}", waits.what);
    // Mended: those that were skipped because of it wait again.
    case.retry(ids[0]);
    let statuses: Vec<&str> = ids.iter().map(|id| case.status(*id)).collect();
    assert_eq!(statuses, ["working", "blocked", "error", "blocked", "blocked"]);
}

#[test]
fn each_that_is_waited_for_may_have_a_policy_of_its_own() {
    let with = |title: &str, own, after_new: &[(usize, OnUpstream)]| {
        let after_new = after_new.iter().copied().collect();
        NewTicket { after_new, ..new(TicketSpec { on_upstream: own, ..spec(title) }, &[]) }
    };
    let mut case = Case::new(workers(1));
    let needed_or_not = [(0, OnUpstream::Fail), (1, OnUpstream::Skip), (2, OnUpstream::Wait)];
    let ids = case.add(vec![
        new(spec("needed"), &[]),
        new(spec("wished"), &[]),
        new(spec("mended"), &[]),
        with("last", OnUpstream::Wait, &needed_or_not),
        with("other", OnUpstream::Skip, &needed_or_not[2..]),
    ]);
    let waits = why(&case.state, case.ticket(ids[3])).what;
    assert_eq!(waits, "it waits for #1 (fails without it), #2 (skipped without it), #3");
    // The one that it would wait for is closed first: nothing happens, and there is a time for it.
    case.stop(ids[2]);
    assert_eq!((case.status(ids[3]), case.status(ids[4])), ("blocked", "blocked"), "not the ticket's, the edge's");
    case.stop(ids[1]);
    assert_eq!(case.ticket_outcome(ids[3]), Some(TicketOutcome::Skipped { because: ids[1] }));
    assert_eq!(case.status(ids[4]), "blocked");
    // Opened again by order, it meets the other one.
    case.retry(ids[1]);
    assert_eq!(case.status(ids[3]), "blocked");
    case.stop(ids[0]);
    assert_eq!(case.ticket_outcome(ids[3]), Some(TicketOutcome::Error { class: ErrorClass::Fatal }));
    case.later(case.state.bounds.upstream_ms);
    case.take_due();
    assert_eq!(case.ticket_outcome(ids[4]), Some(TicketOutcome::Skipped { because: ids[2] }), "its time is up");
}

#[test]
fn one_that_waits_is_skipped_when_nobody_mends_it_in_time() {
    let mut case = Case::new(workers(1));
    let first = case.one(spec("a"));
    case.stop(first);
    case.later(case.state.bounds.upstream_ms);
    // It waits from when both are there.
    let late = NewTicket { after: [(first, OnUpstream::Wait)].into(), ..new(spec("late"), &[]) };
    let late = case.add(vec![late])[0];
    assert!(case.due().is_empty());
    case.later(case.state.bounds.upstream_ms - 1);
    assert!(case.due().is_empty());
    case.later(1);
    case.take_due();
    assert_eq!(case.ticket_outcome(late), Some(TicketOutcome::Skipped { because: first }));
}

#[test]
fn workers_change_while_it_runs() {
    let mut case = Case::new(workers(3));
    let ids = case.add((0..6).map(|index| new(spec(&format!("t{index}")), &[])).collect());
    assert_eq!(begun(&case, &ids).len(), 3);
    case.done(TicketOrder::SetSession { session: session(), settings: workers(1) });
    let third = ids[2];
    // The one with the highest number ends first: nothing may begin in its place, nor in the others'.
    case.stop(third);
    assert_eq!(begun(&case, &ids).len(), 2, "two go on, and there is one worker");
    case.stop(ids[1]);
    assert_eq!(begun(&case, &ids).len(), 1);
    case.stop(ids[0]);
    assert_eq!(begun(&case, &ids).len(), 1, "one for one");
    let events = case.done(TicketOrder::SetSession { session: session(), settings: workers(4) });
    assert_eq!(events.iter().filter(|event| matches!(event, Event::AttemptBegan { .. })).count(), 2);
}

#[test]
fn a_ticket_of_one_worker_waits_for_it() {
    let mut case = Case::new(workers(2));
    let pinned = |title: &str, worker| new(TicketSpec { worker: Some(worker), ..spec(title) }, &[]);
    let ids = case.add(vec![pinned("a", 2), pinned("b", 2), pinned("c", 9)]);
    let worker = |case: &Case, id| case.attempt_of(id).map(|attempt| attempt.worker);
    assert_eq!(worker(&case, ids[0]), Some(2));
    assert_eq!(worker(&case, ids[1]), None);
    assert_eq!(worker(&case, ids[2]), Some(1), "there is no worker 9: any takes it");
    let waits = why(&case.state, case.ticket(ids[1]));
    assert_eq!(waits.mover, Mover::Ticket { ticket: ids[0] }, "the one that has the worker");
    assert_eq!(waits.what, "worker 2 is busy");
}

#[test]
fn a_worker_that_somebody_ready_asks_for_is_left_to_it() {
    let mut case = Case::new(workers(3));
    let pinned = |title: &str, worker| new(TicketSpec { worker: Some(worker), ..spec(title) }, &[]);
    let ids = case.add(vec![new(spec("any"), &[]), pinned("first", 1), pinned("second", 2), new(spec("more"), &[])]);
    let worker = |case: &Case, id| case.attempt_of(id).map(|attempt| attempt.worker);
    assert_eq!([0, 1, 2].map(|at| worker(&case, ids[at])), [Some(3), Some(1), Some(2)]);
    assert_eq!(worker(&case, ids[3]), None);
    // With no other left, it is taken all the same: a worker does not wait for work.
    case.stop(ids[0]);
    assert_eq!(worker(&case, ids[3]), Some(3));
    let late = case.add(vec![new(spec("late"), &[]), pinned("again", 1)]);
    case.stop(ids[1]);
    assert_eq!([0, 1].map(|at| worker(&case, late[at])), [Some(1), None], "the older one goes first");
}

#[test]
fn groups_have_caps() {
    let settings = SessionSettings { group_caps: [("db".to_owned(), 1)].into(), ..workers(3) };
    let mut case = Case::new(settings);
    let of = |title: &str, group: Option<&str>| new(TicketSpec { group: group.map(str::to_owned), ..spec(title) }, &[]);
    let ids = case.add(vec![of("a", Some("db")), of("b", Some("db")), of("c", Some("ui")), of("d", None)]);
    assert_eq!(begun(&case, &ids), [ids[0], ids[2], ids[3]]);
    let ids2 = case.add(vec![of("e", None)]);
    case.stop(ids[3]);
    assert_eq!(begun(&case, &ids2), ids2, "one that is held does not stand in the way of others");
    let waits = why(&case.state, case.ticket(ids[1]));
    assert!(waits.what.contains("all 3 workers") || waits.what.contains("`db`"), "{}", waits.what);
}

#[test]
fn files_that_overlap_hold_until_the_merge_when_they_are_asked_to() {
    let on = |title: &str, glob: &str| new(TicketSpec { files: vec![glob.to_owned()], ..spec(title) }, &[]);
    for (overlap, expected) in [(Overlap::Warn, 3), (Overlap::Hold, 2)] {
        let mut case = Case::new(SessionSettings { overlap, ..workers(3) });
        let ids = case.add(vec![on("a", "src/**"), on("b", "src/db/*.rs"), on("c", "docs/**")]);
        assert_eq!(begun(&case, &ids).len(), expected, "{overlap:?}");
        let waits = why(&case.state, case.ticket(ids[1]));
        assert_eq!(waits.overlaps, [ids[0]], "it is shown either way");
        if overlap == Overlap::Hold {
            assert_eq!(waits.mover, Mover::Ticket { ticket: ids[0] });
            case.work(ids[0], "head");
            assert_eq!(case.attempt_of(ids[1]).map(|attempt| attempt.number), None, "not before it is merged");
            case.build("merge", "tree");
            case.judge(legion_model::tickets::GateVerdict::Passed);
            case.moved();
            assert_eq!(case.stage(ids[1]), Some(Stage::Preparing));
        }
    }
}

#[test]
fn a_checkpoint_without_an_agent_needs_no_worker() {
    let mut case = Case::new(workers(1));
    let ids = case.add(vec![new(spec("a"), &[]), new(checkpoint("c"), &[])]);
    assert_eq!(begun(&case, &ids), ids);
    assert_eq!(case.stage(ids[1]), Some(Stage::Landing));
}

#[test]
fn everything_in_a_long_chain_says_why_at_once() {
    const LENGTH: usize = 2_000;
    let mut case = Case::new(workers(2));
    let chain = (0..LENGTH).map(|index| {
        let after: Vec<usize> = index.checked_sub(1).into_iter().collect();
        new(spec(&format!("t{index}")), &after)
    });
    let ids = case.add(chain.collect());
    assert_eq!(case.ticket(ids[0]).rank as usize, LENGTH - 1);
    let mut whys = Whys::new(&case.state);
    let first = whys.of(case.ticket(ids[0]));
    for (index, id) in ids.iter().enumerate().skip(1) {
        let why = whys.of(case.ticket(*id));
        assert_eq!(why.mover, Mover::Ticket { ticket: ids[index - 1] });
        assert_eq!(why.deadline, first.deadline, "as long as the one at the front may take");
    }
    assert_eq!(why(&case.state, case.ticket(ids[LENGTH - 1])), whys.of(case.ticket(ids[LENGTH - 1])));
}

/// Within so many parts of a hundred of what list scheduling reaches.
const OVER_PERCENT_MAX: u64 = 5;

#[test]
fn forty_tickets_and_eight_workers_take_what_list_scheduling_takes() {
    let graph = Graph::new(forty()).expect("no circles");
    let varied = (0..40).map(|n| 20_000 + n * 7_919 % 60_000).collect();
    for (name, durations) in [("fixed", vec![60_000; 40]), ("varied", varied)] {
        let bound = graph.list_schedule(&durations, 8, Priority::Listed).makespan;
        let took = makespan(&forty(), &durations, 8);
        assert!(took * 100 <= bound * (100 + OVER_PERCENT_MAX), "{name}: {took} ms, and the bound is {bound} ms");
    }
}
