//! Orders about tickets at any time: stop, delete, let through, interrupt; and what they leave.

use legion_model::tickets::{AttemptEnd, Mover, OnUpstream, Stage, TicketOutcome, TicketSpec, Work, why};
use legion_model::{Answer, Event, Exit, MessageId, Order, Party, TicketOrder};

use crate::case::{Case, new, session, spec, talking, workers};

#[test]
fn a_stop_leaves_no_agent_no_attempt_and_stays() {
    let mut case = Case::new(workers(1));
    let id = case.one(spec("a"));
    case.prepare(id);
    let agent = case.agent(id);
    let attempt = case.attempt(id).id;
    case.stop(id);
    assert!(!case.state.agents.contains_key(&agent) && case.attempt_of(id).is_none());
    assert_eq!(case.ticket(id).history[0].end, AttemptEnd::Stopped);
    assert!(case.state.processes.values().all(|process| process.stopping.is_some()));
    assert!(case.works().is_empty(), "its clone is not touched before its process is gone");
    case.exits(agent, Exit::Signal(15));
    let place = case.state.board.places.keys().next().expect("there is one").clone();
    assert_eq!(case.works(), [Work::Rescue { place: place.clone() }]);
    // What comes late changes nothing.
    let late = TicketOrder::Prepared {
        ticket: id,
        attempt,
        base: "base".to_owned(),
        dir: "/work/x".to_owned(),
        assignment: "do it".into(),
        bytes: 5,
    };
    assert!(case.done(late).is_empty());
    let report = case.order(agent.into(), TicketOrder::Report { done: true, summary: "done".into() });
    assert!(report.is_err());
    assert_eq!(case.status(id), "stopped");
    let rescued = TicketOrder::Rescued {
        place: place.clone(),
        commit: Some("rescue".to_owned()),
        reference: Some("refs/rescue".to_owned()),
    };
    case.done(rescued);
    assert_eq!(case.state.board.rescues[&id].len(), 1);
    assert_eq!(case.works(), [Work::Remove { place }]);
}

#[test]
fn an_order_that_stops_an_agent_and_those_below_stops_each_once() {
    let mut case = Case::new(workers(3));
    let first = case.one(spec("a"));
    case.prepare(first);
    let above = case.agent(first);
    let second = case.add_by(above.into(), vec![new(spec("b"), &[])]).expect("it may")[0];
    case.prepare(second);
    let below = case.agent(second);
    let events = case.done(TicketOrder::StopAll { session: None });
    for agent in [above, below] {
        let fired = |event: &&Event| matches!(event, Event::AgentFired { agent: fired, .. } if *fired == agent);
        assert_eq!(events.iter().filter(fired).count(), 1, "{agent}");
        let ended = |event: &&Event| matches!(event, Event::RunEnded { agent: ended, .. } if *ended == agent);
        assert_eq!(events.iter().filter(ended).count(), 1, "{agent}");
    }
    let mut messages: Vec<MessageId> = events
        .iter()
        .filter_map(|event| if let Event::MessageAccepted { message, .. } = event { Some(*message) } else { None })
        .collect();
    let count = messages.len();
    messages.sort();
    messages.dedup();
    assert_eq!(messages.len(), count, "nothing is said twice");
}

#[test]
fn what_is_being_moved_cannot_be_stopped() {
    let mut case = Case::new(workers(1));
    let id = case.one(spec("a"));
    case.work(id, "head");
    case.build("merge", "tree");
    case.judge(legion_model::tickets::GateVerdict::Passed);
    for order in [
        TicketOrder::Stop { tickets: vec![id] },
        TicketOrder::Delete { ticket: id, dependents: false },
        TicketOrder::DeleteSession { session: session(), force: true },
    ] {
        assert!(case.refused(order).contains("is being merged at this instant"));
    }
    let (_, answer) = case.order(Party::Root, TicketOrder::StopAll { session: None }).expect("it is allowed");
    assert_eq!(answer, Answer::Tickets { tickets: Vec::new() });
    case.moved();
    assert_eq!(case.status(id), "done");
}

#[test]
fn a_retry_of_one_whose_upstream_was_deleted_is_refused() {
    let mut case = Case::new(workers(1));
    let last = TicketSpec { on_upstream: OnUpstream::Skip, ..spec("c") };
    let ids = case.add(vec![new(spec("a"), &[]), new(spec("b"), &[]), new(last, &[0, 1])]);
    case.stop(ids[0]);
    assert_eq!(case.ticket_outcome(ids[2]), Some(TicketOutcome::Skipped { because: ids[0] }));
    case.done(TicketOrder::Delete { ticket: ids[1], dependents: false });
    // It would wait for ever.
    case.retry(ids[0]);
    assert_eq!(case.status(ids[2]), "skipped", "it is not taken along");
    let order = TicketOrder::Retry { ticket: ids[2], feedback: None, changes: Box::default() };
    let text = case.refused(order);
    assert!(text.contains("#2") && text.contains("deleted"), "{text}");
}

#[test]
fn a_ticket_that_others_wait_for_is_deleted_with_them_or_not_at_all() {
    let mut case = Case::new(workers(1));
    let ids = case.add(vec![new(spec("a"), &[]), new(spec("b"), &[0]), new(spec("c"), &[1])]);
    let text = case.refused(TicketOrder::Delete { ticket: ids[0], dependents: false });
    assert!(text.contains("is waited for by #2"), "{text}");
    let (_, answer) =
        case.order(Party::Root, TicketOrder::Delete { ticket: ids[0], dependents: true }).expect("it is allowed");
    assert_eq!(answer, Answer::Tickets { tickets: ids });
    assert!(case.state.board.tickets.is_empty() && case.state.board.posts.is_empty());
}

#[test]
fn protected_files_wait_for_the_person_once() {
    let mut case = Case::new(workers(1));
    let id = case.one(spec("a"));
    case.prepare(id);
    let agent = case.agent(id);
    case.exits(agent, Exit::Code(0));
    case.collect(id, "head", true, &["ci.yml"]);
    assert!(matches!(case.stage(id), Some(Stage::Held { .. })));
    let why = why(&case.state, case.ticket(id));
    assert!(why.mover == Mover::Person && why.deadline.is_some() && why.what.contains("legion approve 1"), "{why:?}");
    assert!(case.state.inbox(Party::Root).iter().any(|message| message.body.head().contains("ci.yml")));
    let other = case.one(spec("b"));
    assert_eq!(case.stage(other), Some(Stage::Preparing), "who waits for a person takes up no worker");
    case.done(TicketOrder::DecideHeld { ticket: id, approve: true, reason: None });
    assert_eq!(case.stage(id), Some(Stage::Landing));
    case.conflict();
    case.stop(other);
    case.prepare(id);
    case.exits(agent, Exit::Code(0));
    case.collect(id, "head", true, &["ci.yml"]);
    assert_eq!(case.stage(id), Some(Stage::Landing), "the very same change was let through already");
}

#[test]
fn what_is_not_let_through_goes_back_and_nobody_deciding_ends_it() {
    let mut case = Case::new(workers(1));
    let id = case.one(spec("a"));
    let held = |case: &mut Case, head: &str| {
        case.prepare(id);
        let agent = case.agent(id);
        case.exits(agent, Exit::Code(0));
        case.collect(id, head, true, &["ci.yml"]);
    };
    held(&mut case, "head");
    case.done(TicketOrder::DecideHeld { ticket: id, approve: false, reason: Some("never the CI".to_owned()) });
    assert!(case.ticket(id).feedback.as_ref().is_some_and(|body| body.head().contains("never the CI")));
    case.later(1_000);
    case.take_due();
    held(&mut case, "head 2");
    case.later(case.state.bounds.held_ms - 1);
    assert!(case.due().is_empty());
    case.later(1);
    case.take_due();
    assert_eq!(case.status(id), "error");
}

#[test]
fn an_interrupted_agent_waits_to_be_told_until_its_deadline() {
    let mut case = Case::new(workers(1));
    let id = case.one(talking("a"));
    case.prepare(id);
    let agent = case.agent(id);
    let message = MessageId(case.id());
    case.step(Party::Root, Order::Interrupt { agent, message, body: None, bytes: 0 }).expect("it is allowed");
    // However long it had worked before: it waits from its end.
    case.later(3_600_000);
    case.turn(agent);
    assert_eq!(case.stage(id), Some(Stage::Running));
    case.later(case.state.bounds.held_ms - 1);
    assert!(!case.due().iter().any(|order| matches!(order, Order::Tickets(_))), "{:?}", case.due());
    case.later(1);
    let why = why(&case.state, case.ticket(id));
    assert!(why.mover == Mover::Person && why.what.contains("was interrupted"), "{why:?}");
    assert_eq!(why.deadline, Some(case.at));
    let events = case.take_due();
    assert!(events.iter().any(|event| matches!(event, Event::TicketClosed { outcome: TicketOutcome::Stopped, .. })));
}

#[test]
fn mail_that_opens_no_run_keeps_nobody_from_rest() {
    let mut case = Case::new(workers(1));
    let id = case.one(talking("a"));
    case.prepare(id);
    let agent = case.agent(id);
    // What a member should know at its next run: that a report of it was fired, for one.
    let below = case.leader_of(agent.into());
    case.turn(below);
    case.step(Party::Root, Order::Fire { agent: below, keep_reports: false }).expect("it is allowed");
    let waits = case.state.agents[&agent].queue.len();
    while case.state.agents[&agent].run.is_some() {
        case.turn(agent);
    }
    assert_eq!(case.stage(id), Some(Stage::Collecting), "{waits} messages, and none of them opens a run");
}

#[test]
fn what_an_agent_is_told_after_its_ticket_is_over_is_answered() {
    let mut case = Case::new(workers(1));
    let id = case.one(TicketSpec { max_attempts: 1, ..talking("a") });
    case.prepare(id);
    let agent = case.agent(id);
    let reported = |events: &[Event]| {
        events.iter().any(|event| {
            matches!(event, Event::MessageAccepted { from, body, .. }
                if *from == agent.into() && body.head().contains("completed its run"))
        })
    };
    assert!(!reported(&case.turn(agent)), "how the ticket ends is what counts");
    case.collect(id, "head", false, &[]);
    assert_eq!(case.status(id), "error");
    let message = MessageId(case.id());
    let tell = Order::Tell { message, to: agent.into(), body: "why?".into(), bytes: 4, now: false, deadline: None };
    case.step(Party::Root, tell).expect("it is allowed");
    assert!(reported(&case.turn(agent)), "the person asked");
}

#[test]
fn a_clone_in_which_somebody_works_is_neither_secured_nor_removed() {
    let mut case = Case::new(workers(1));
    let id = case.one(TicketSpec { max_attempts: 1, ..talking("a") });
    case.prepare(id);
    let agent = case.agent(id);
    case.turn(agent);
    case.collect(id, "head", false, &[]);
    assert_eq!(case.status(id), "error");
    let place = case.ticket(id).place.clone().expect("it keeps its clone");
    case.exits(agent, Exit::Code(0));
    case.done(TicketOrder::Rescued { place: place.clone(), commit: None, reference: None });
    assert!(!case.state.board.places[&place].dirty);
    // The person tells it something; it works in its clone once more.
    let message = MessageId(case.id());
    let tell = Order::Tell { message, to: agent.into(), body: "look".into(), bytes: 4, now: false, deadline: None };
    case.step(Party::Root, tell).expect("it is allowed");
    assert!(case.state.board.places[&place].dirty, "what was secured is not all any more");
    let late = TicketOrder::Rescued { place: place.clone(), commit: None, reference: None };
    assert!(case.done(late).is_empty(), "that was before");
    case.done(TicketOrder::Delete { ticket: id, dependents: false });
    assert!(case.works().is_empty(), "its process is not gone yet");
    case.exits(agent, Exit::Signal(15));
    assert_eq!(case.works(), [Work::Rescue { place }]);
}

#[test]
fn a_clone_in_which_a_report_is_at_home_stays() {
    let mut case = Case::new(workers(1));
    let id = case.one(talking("a"));
    case.prepare(id);
    let agent = case.agent(id);
    let below = case.leader_of(agent.into());
    case.step(Party::Root, Order::Fire { agent, keep_reports: true }).expect("it is allowed");
    assert_eq!(case.status(id), "stopped");
    case.exits(agent, Exit::Signal(15));
    let place = case.state.board.places.keys().next().expect("there is one").clone();
    assert!(case.works().is_empty(), "{below} works in it");
    case.turn(below);
    case.exits(below, Exit::Code(0));
    case.done(TicketOrder::Rescued { place: place.clone(), commit: None, reference: None });
    assert!(case.works().is_empty(), "{below} may be told to go on there");
    case.step(Party::Root, Order::Fire { agent: below, keep_reports: false }).expect("it is allowed");
    assert_eq!(case.works(), [Work::Remove { place }]);
}

#[test]
fn commits_of_the_person_come_in_through_the_same_queue() {
    let mut settings = workers(1);
    settings.gates = vec![crate::case::gate("test")];
    let mut case = Case::new(settings);
    let import = || TicketOrder::Import { session: session(), commit: "mine".to_owned(), branch: None };
    let (_, answer) = case.order(Party::Root, import()).expect("it is allowed");
    assert_eq!(answer, Answer::Imported { number: 1 });
    let (events, answer) = case.order(Party::Root, import()).expect("it is allowed");
    assert_eq!((events.len(), answer), (0, Answer::Imported { number: 1 }), "it waits already");
    case.build("merge", "tree");
    case.judge(legion_model::tickets::GateVerdict::Failed);
    case.judge(legion_model::tickets::GateVerdict::Failed);
    assert!(case.state.inbox(Party::Root).iter().any(|message| message.body.head().contains("did not get into")));
    assert_eq!(case.state.board.sessions[&session()].tip, "base");
}
