//! The retry loop: counters, classes of errors, waits, and who is next.

use legion_model::tickets::{
    AttemptEnd, ErrorClass, GateVerdict, Role, Stage, TicketChanges, TicketId, TicketSpec, Work,
};
use legion_model::{DriverKind, Event, Exit, Order, Outcome, Party, TicketOrder};

use crate::case::{Case, new, session, spec, talking, workers};

/// The attempt ends with this error of its program; the wait until the next one, in seconds.
fn wait_after(case: &mut Case, id: TicketId, error: &str) -> Option<i64> {
    if case.stage(id) == Some(Stage::Preparing) {
        case.prepare(id);
    }
    let agent = case.agent(id);
    let events = case.exits_with(agent, Exit::Code(1), Some(error));
    let at = case.at;
    events.iter().find_map(|event| match event {
        Event::AttemptEnded { retry_at, .. } => retry_at.map(|time| time.duration_since(at).as_secs()),
        _ => None,
    })
}

fn next(case: &mut Case, seconds: i64) {
    case.later(seconds as u64 * 1_000);
    case.take_due();
}

#[test]
fn failed_work_waits_longer_each_time_and_ends_after_its_attempts() {
    let mut case = Case::new(workers(1));
    let id = case.one(TicketSpec { max_attempts: 4, ..spec("a") });
    for wait in [1, 2, 4] {
        assert_eq!(wait_after(&mut case, id, "3 tests failed"), Some(wait));
        assert_eq!(case.status(id), "queued");
        case.later(wait as u64 * 1_000 - 1);
        assert!(case.due().is_empty(), "not before its time");
        next(&mut case, 1);
    }
    assert_eq!(wait_after(&mut case, id, "3 tests failed"), None);
    assert_eq!((case.status(id), case.ticket(id).failures, case.ticket(id).attempts), ("error", 4, 4));
    // A retry begins to count anew, and goes on with the same clone and agent.
    case.retry(id);
    assert_eq!((case.ticket(id).failures, case.ticket(id).attempts), (0, 5));
    assert!(!case.attempt(id).fresh);
}

#[test]
fn classes_of_errors_have_waits_of_their_own() {
    let cases: &[(&str, ErrorClass, &[i64])] = &[
        ("API Error: 529 overloaded", ErrorClass::Transient, &[5, 10, 20, 40, 80, 160, 300, 300]),
        ("usage limit reached", ErrorClass::Quota, &[300, 600, 1_200, 2_400, 3_600, 3_600, 3_600, 3_600]),
        ("invalid api key", ErrorClass::Auth, &[]),
    ];
    for (error, class, waits) in cases {
        let mut case = Case::new(workers(1));
        let id = case.one(TicketSpec { max_attempts: 1, ..spec("a") });
        for wait in *waits {
            assert_eq!(wait_after(&mut case, id, error), Some(*wait), "{error}");
            next(&mut case, *wait);
        }
        assert_eq!(wait_after(&mut case, id, error), None, "{error}");
        assert_eq!(case.status(id), "error");
        let history = &case.ticket(id).history;
        assert!(history.iter().all(|attempt| attempt.end == AttemptEnd::Failed(*class)), "{history:?}");
        assert_eq!(case.ticket(id).failures, u32::from(*class == ErrorClass::Auth), "it is no fault of the work");
    }
}

#[test]
fn a_program_that_cannot_be_started_is_not_tried_again() {
    let mut case = Case::new(workers(1));
    let id = case.one(spec("a"));
    case.prepare(id);
    let agent = case.agent(id);
    case.exits(agent, Exit::NotStarted("no such file".to_owned()));
    assert_eq!(case.status(id), "error");
    assert_eq!(case.ticket(id).history[0].end, AttemptEnd::Failed(ErrorClass::Fatal));
}

#[test]
fn nothing_changed_is_a_failure_and_not_done_is_believed() {
    let mut case = Case::new(workers(1));
    let id = case.one(spec("a"));
    case.prepare(id);
    let agent = case.agent(id);
    case.exits(agent, Exit::Code(0));
    case.collect(id, "base", false, &[]);
    assert!(case.ticket(id).history[0].why.contains("nothing was changed"));
    next(&mut case, 1);
    case.prepare(id);
    let agent = case.agent(id);
    let report = TicketOrder::Report { done: false, summary: "I need a password".into() };
    case.order(agent.into(), report).expect("it is its ticket");
    case.exits(agent, Exit::Code(0));
    let last = &case.ticket(id).history[1];
    assert_eq!(last.end, AttemptEnd::Failed(ErrorClass::Task));
    assert_eq!(last.detail.as_ref().map(|body| body.head()), Some("I need a password"));
}

#[test]
fn what_is_said_is_not_enough() {
    let mut case = Case::new(workers(1));
    let id = case.one(spec("a"));
    case.prepare(id);
    let agent = case.agent(id);
    let report = || TicketOrder::Report { done: true, summary: "all done".into() };
    case.order(agent.into(), report()).expect("it is its ticket");
    case.order(agent.into(), report()).expect("twice is once");
    assert_eq!(case.stage(id), Some(Stage::Running));
    case.exits(agent, Exit::Code(0));
    case.collect(id, "base", false, &[]);
    assert_eq!(case.status(id), "queued", "it said that it is done, and did nothing");
}

#[test]
fn a_conflict_goes_to_its_author_twice_then_to_a_resolver_then_to_the_person() {
    let mut case = Case::new(workers(1));
    let resolver = case.state.board.role("resolver").expect("it is always there");
    let resolver = Role { command: Some(vec!["resolve".to_owned()]), ..resolver };
    case.done(TicketOrder::SetRole { role: resolver });
    let id = case.one(spec("a"));
    let mut agents = Vec::new();
    for _ in 0..4 {
        agents.push((case.agent(id), case.attempt(id).resolver, case.attempt(id).fresh));
        case.work(id, "head");
        case.conflict();
    }
    assert_eq!(case.status(id), "error");
    assert_eq!(case.ticket(id).history.last().map(|a| a.end), Some(AttemptEnd::Failed(ErrorClass::Conflict)));
    let author = agents[0].0;
    assert_eq!(agents[0], (author, false, true));
    assert_eq!(agents[1], (author, false, false), "the hunks go back to who wrote them");
    assert_eq!(agents[2], (author, false, false));
    assert_ne!(agents[3].0, author);
    assert_eq!((agents[3].1, agents[3].2), (true, true), "somebody else, in a clone of their own");
    let resolver = &case.state.agents[&agents[3].0];
    assert_eq!(resolver.role.as_deref(), Some("resolver"));
    let run = (resolver.spec.driver, resolver.spec.command.clone());
    assert_eq!(run, (DriverKind::Command, Some(vec!["resolve".to_owned()])), "as its role says, and not the ticket");
    assert!(!case.state.agents.contains_key(&author), "the author goes");
    assert_eq!(case.ticket(id).failures, 0, "a conflict is no failure of the work");
    assert_eq!(case.state.board.sessions[&session()].conflicts, 4);
}

#[test]
fn an_agent_that_was_cut_off_goes_on_five_times() {
    let mut case = Case::new(workers(1));
    let id = case.one(spec("a"));
    case.prepare(id);
    for times in 0..=5 {
        let agent = case.agent(id);
        case.step(Party::Root, Order::StopAll).expect("it is allowed");
        case.exits(agent, Exit::Signal(15));
        assert_eq!(case.stage(id), Some(Stage::Running), "nothing follows while the service goes down");
        case.later(1_000);
        case.step(Party::Root, Order::StartService).expect("it is allowed");
        if times < 5 {
            assert_eq!(case.attempt(id).continued, times + 1);
            assert!(case.state.agents[&agent].run.is_some(), "it goes on");
        }
    }
    assert_eq!(case.ticket(id).transients, 1);
    assert_eq!(
        case.state.agents.values().next().and_then(|a| a.last_run.as_ref()).map(|run| run.outcome),
        Some(Outcome::Interrupted)
    );
}

/// Down and up again in every stage: the same work is named, and the ticket ends as it would have.
#[test]
fn the_service_goes_down_and_up_in_every_stage() {
    let restart = |case: &mut Case| {
        let before = case.works();
        case.step(Party::Root, Order::StopAll).expect("it is allowed");
        case.later(1_000);
        case.step(Party::Root, Order::StartService).expect("it is allowed");
        assert_eq!(case.works(), before, "the same work is named again");
    };
    let mut case = Case::new(workers(1));
    let id = case.one(TicketSpec { gates: vec![crate::case::gate("a"), crate::case::gate("b")], ..spec("a") });
    restart(&mut case);
    case.prepare(id);
    let agent = case.agent(id);
    case.step(Party::Root, Order::StopAll).expect("it is allowed");
    case.exits(agent, Exit::Signal(15));
    case.later(1_000);
    case.step(Party::Root, Order::StartService).expect("it is allowed");
    case.exits(agent, Exit::Code(0));
    assert!(matches!(case.works()[..], [Work::Collect { .. }]));
    restart(&mut case);
    // An answer that comes while the service goes down is kept, and its consequence comes with the next start.
    case.step(Party::Root, Order::StopAll).expect("it is allowed");
    case.collect(id, "head", true, &[]);
    assert_eq!(case.stage(id), Some(Stage::Collected));
    case.step(Party::Root, Order::StartService).expect("it is allowed");
    assert_eq!(case.stage(id), Some(Stage::Landing));
    restart(&mut case);
    case.build("merge", "tree");
    restart(&mut case);
    case.judge(GateVerdict::Passed);
    restart(&mut case);
    case.judge(GateVerdict::Passed);
    assert!(matches!(case.works()[..], [Work::Move { .. }]));
    restart(&mut case);
    case.moved();
    assert_eq!(case.status(id), "done");
}

#[test]
fn work_of_the_service_that_fails_is_tried_ten_times() {
    let mut case = Case::new(workers(1));
    let id = case.one(spec("a"));
    let mut waits = Vec::new();
    for _ in 0..9 {
        let [work] = &case.works()[..] else { panic!("one piece of work: {:?}", case.works()) };
        let order = TicketOrder::WorkFailed { work: work.clone(), why: "no space left".to_owned(), fatal: false };
        case.done(order);
        let until = case.attempt(id).delay.as_ref().expect("it waits").until;
        waits.push(until.duration_since(case.at).as_millis() as u64);
        assert!(case.works().is_empty(), "not before its time");
        case.later(*waits.last().expect("it was just pushed"));
    }
    assert_eq!(waits, [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 64_000, 120_000, 120_000]);
    let [work] = &case.works()[..] else { panic!("one piece of work") };
    case.done(TicketOrder::WorkFailed { work: work.clone(), why: "no space left".to_owned(), fatal: false });
    assert_eq!(case.status(id), "error");
}

#[test]
fn a_late_failure_of_a_reviewers_clone_does_not_end_the_review() {
    let mut case = Case::new(workers(1));
    let id = case.one(TicketSpec { team: Some("backend_team".to_owned()), ..talking("a") });
    case.prepare(id);
    let agent = case.agent(id);
    case.turn(agent);
    case.collect(id, "head", true, &[]);
    let [work] = &case.works()[..] else { panic!("one piece of work: {:?}", case.works()) };
    let work = work.clone();
    case.prepare_review(id);
    let late = TicketOrder::WorkFailed { work, why: "no space left".to_owned(), fatal: true };
    assert!(case.done(late).is_empty());
    assert_eq!(case.stage(id), Some(Stage::Reviewing));
}

#[test]
fn a_retry_changes_what_it_names_and_nothing_else() {
    let mut case = Case::new(workers(1));
    let id = case.one(spec("a"));
    case.stop(id);
    let changes = TicketChanges { max_attempts: Some(9), prompt: Some("otherwise".into()), ..TicketChanges::default() };
    let feedback = Some("mind the rounding".into());
    case.done(TicketOrder::Retry { ticket: id, feedback, changes: Box::new(changes) });
    let ticket = case.ticket(id);
    assert_eq!((ticket.spec.max_attempts, ticket.spec.prompt.head()), (9, "otherwise"));
    assert_eq!((ticket.spec.title.as_str(), ticket.spec.timeout_s), ("a", 600));
    assert_eq!(ticket.feedback.as_ref().map(|body| body.head()), Some("mind the rounding"));
    let bad = TicketChanges { max_attempts: Some(0), ..TicketChanges::default() };
    case.stop(id);
    let text = case.refused(TicketOrder::Retry { ticket: id, feedback: None, changes: Box::new(bad) });
    assert!(text.contains("1 to 10 attempts"), "{text}");
}

#[test]
fn an_agent_that_cannot_be_hired_leaves_no_clone_behind() {
    let bounds = legion_model::Bounds { headcount_max: 1, ..legion_model::Bounds::default() };
    let mut case = Case::with(workers(2), bounds);
    let ids = case.add(vec![new(spec("a"), &[]), new(spec("b"), &[])]);
    case.prepare(ids[0]);
    case.prepare(ids[1]);
    assert_eq!(case.status(ids[1]), "error");
    assert!(case.ticket(ids[1]).history[0].why.contains("could not be hired"));
    let place = case.ticket(ids[1]).place.clone().expect("it has one");
    assert!(case.state.board.places.contains_key(&place), "the clone is known, so that it is not left behind");
    case.done(TicketOrder::Delete { ticket: ids[1], dependents: false });
    assert!(case.works().contains(&Work::Rescue { place }));
}

#[test]
fn an_agent_that_never_took_its_task_is_replaced_by_one_that_gets_all_of_it() {
    let mut case = Case::new(workers(1));
    let id = case.one(talking("a"));
    case.prepare(id);
    let agent = case.agent(id);
    let mut events = Vec::new();
    for _ in 0..3 {
        events = case.dies_unseeing(agent);
    }
    let ended = events.iter().any(|event| {
        matches!(event, Event::AttemptEnded { end: AttemptEnd::Failed(ErrorClass::Transient), retry_at: Some(_), .. })
    });
    assert!(ended, "{events:?}");
    assert!(!case.state.agents.contains_key(&agent), "it would go on without ever having seen its task");
    next(&mut case, 60);
    case.take_due();
    // Its clone is secured first, and the next one begins anew.
    let work = case.works();
    let Some(Work::Rescue { place }) = work.iter().find(|work| matches!(work, Work::Rescue { .. })) else {
        panic!("nothing is secured: {work:?}");
    };
    case.done(TicketOrder::Rescued { place: place.clone(), commit: None, reference: None });
    let attempt = case.attempt(id);
    assert!(attempt.fresh && attempt.agent != Some(agent), "{attempt:?}");
}
