//! Gates: what they say about a tree, and what follows.

use legion_model::tickets::{
    AttemptEnd, ErrorClass, GateSpec, GateVerdict, SessionName, Stage, TicketId, TicketOutcome, TicketSpec, Work, why,
};
use legion_model::{Event, TicketOrder};

use crate::case::{Case, checkpoint, gate, new, session, spec, workers};

fn landing_of(case: &mut Case, id: TicketId, tree: &str) {
    case.work(id, "head");
    case.build("merge", tree);
}

fn runs(case: &Case) -> bool {
    case.works().iter().any(|work| matches!(work, Work::Gate { .. }))
}

fn runs_in(case: &Case, session: &SessionName) -> bool {
    case.state.board.sessions[session].landing.as_ref().is_some_and(|landing| landing.run.is_some())
}

fn moves(case: &Case) -> bool {
    case.works().iter().any(|work| matches!(work, Work::Move { .. }))
}

#[test]
fn a_target_moves_only_when_every_gate_has_passed_on_the_tree() {
    let mut case = Case::new(workers(1));
    let id = case.one(TicketSpec { gates: vec![gate("build"), gate("test")], ..spec("a") });
    landing_of(&mut case, id, "tree");
    assert!(runs(&case) && !moves(&case));
    let landing = case.state.board.sessions[&session()].landing.as_ref().expect("open").id;
    assert!(case.done(TicketOrder::Moved { session: session(), landing }).is_empty(), "nobody said that it may");
    case.judge(GateVerdict::Passed);
    assert!(runs(&case) && !moves(&case), "the second gate runs");
    case.judge(GateVerdict::Passed);
    assert!(!runs(&case) && moves(&case));
    let events = case.moved();
    assert!(matches!(&events[0], Event::LandingEnded { moved: true, commit: Some(commit), .. } if commit == "merge"));
    assert!(matches!(&events[1], Event::AttemptEnded { end: AttemptEnd::Merged, .. }));
    assert!(matches!(&events[2], Event::TicketClosed { outcome: TicketOutcome::Done { .. }, .. }));
    assert_eq!(case.state.board.sessions[&session()].tip, "merge");
}

#[test]
fn a_flaky_gate_has_one_retry_and_both_verdicts_are_kept() {
    let mut case = Case::new(workers(1));
    let id = case.one(spec("a"));
    landing_of(&mut case, id, "tree");
    case.judge(GateVerdict::Failed);
    assert!(runs(&case), "it runs once more");
    case.judge(GateVerdict::Passed);
    assert!(moves(&case));
    let landing = case.state.board.sessions[&session()].landing.as_ref().expect("open");
    let verdicts: Vec<GateVerdict> = landing.verdicts.iter().map(|verdict| verdict.verdict).collect();
    assert_eq!(verdicts, [GateVerdict::Failed, GateVerdict::Passed]);
    case.moved();
    // The pass stands with the tree, what was said before it with the attempt.
    let flakes = &case.ticket(id).history[0].flakes;
    assert_eq!(flakes.iter().map(|verdict| verdict.verdict).collect::<Vec<_>>(), [GateVerdict::Failed]);
    assert_eq!(flakes[0].log.head(), "3 tests failed");
    let known: Vec<GateVerdict> = case.state.board.verdicts.values().map(|verdict| verdict.verdict).collect();
    assert_eq!(known, [GateVerdict::Passed]);
}

#[test]
fn a_gate_that_fails_twice_sends_its_output_back() {
    let mut case = Case::new(workers(1));
    let id = case.one(spec("a"));
    landing_of(&mut case, id, "tree");
    case.judge(GateVerdict::Failed);
    let events = case.judge(GateVerdict::Failed);
    let ended = events.iter().find_map(|event| match event {
        Event::AttemptEnded { end, why, detail, .. } => Some((*end, why.clone(), detail.clone())),
        _ => None,
    });
    let (end, why, detail) = ended.expect("it ends");
    assert_eq!(end, AttemptEnd::Failed(ErrorClass::Task));
    assert!(why.contains("`test`") && why.contains("exit code 101"), "{why}");
    assert_eq!(detail.expect("the output").head(), "3 tests failed");
    assert_eq!(case.ticket(id).feedback.as_ref().map(|body| body.head()), Some("3 tests failed"));
}

#[test]
fn a_tree_that_passed_is_not_tested_again() {
    let mut case = Case::new(workers(1));
    let first = case.one(spec("a"));
    landing_of(&mut case, first, "tree");
    case.judge(GateVerdict::Passed);
    case.moved();
    let second = case.one(checkpoint("c"));
    assert_eq!(case.stage(second), Some(Stage::Landing));
    case.build("merge", "tree");
    assert!(!runs(&case) && moves(&case), "the same tree, the same gate");
    case.moved();
    assert_eq!(case.status(second), "done");
}

#[test]
fn a_tree_that_failed_is_tested_again_when_somebody_retries() {
    let mut case = Case::new(workers(1));
    let id = case.one(checkpoint("c"));
    case.build("base", "tree");
    case.judge(GateVerdict::NotFound);
    assert_eq!(case.status(id), "error");
    assert!(case.ticket(id).history[0].why.contains("no such command"));
    // Somebody installs it.
    case.retry(id);
    case.build("base", "tree");
    assert!(runs(&case), "an answer of before is not the answer of now");
    case.judge(GateVerdict::Passed);
    case.moved();
    assert_eq!(case.status(id), "done");
}

#[test]
fn a_lost_gate_runs_again_and_three_times_is_no_fault_of_the_work() {
    let mut case = Case::new(workers(1));
    let id = case.one(spec("a"));
    landing_of(&mut case, id, "tree");
    case.judge(GateVerdict::Lost);
    case.judge(GateVerdict::Lost);
    assert!(runs(&case));
    case.judge(GateVerdict::Lost);
    let ticket = case.ticket(id);
    assert_eq!((ticket.failures, ticket.transients), (0, 1));
    assert_eq!(ticket.history[0].end, AttemptEnd::Failed(ErrorClass::Transient));
}

#[test]
fn a_gate_of_which_nothing_is_heard_is_lost_at_its_deadline() {
    let mut case = Case::new(workers(1));
    let id = case.one(spec("a"));
    landing_of(&mut case, id, "tree");
    case.later(119_999);
    assert!(case.due().is_empty());
    case.later(1);
    let events = case.take_due();
    assert!(matches!(&events[0], Event::GateJudged { verdict, .. } if verdict.verdict == GateVerdict::Lost));
    assert!(matches!(&events[1], Event::GateBegan { .. }), "{events:?}");
    assert_eq!(case.stage(id), Some(Stage::Landing));
}

#[test]
fn a_gate_out_of_time_runs_once_more_and_then_fails() {
    let mut case = Case::new(workers(1));
    let id = case.one(spec("a"));
    landing_of(&mut case, id, "tree");
    case.judge(GateVerdict::TimedOut);
    case.judge(GateVerdict::TimedOut);
    let last = &case.ticket(id).history[0];
    assert_eq!(last.end, AttemptEnd::Failed(ErrorClass::Task));
    assert!(last.why.contains("did not end within 60 s"), "{}", last.why);
}

#[test]
fn gates_of_the_session_and_of_the_target_count_each_once() {
    let mut settings = workers(1);
    settings.gates = vec![gate("lint"), gate("test")];
    let mut case = Case::new(settings);
    let id = case.one(spec("a"));
    case.work(id, "head");
    let landing = case.state.board.sessions[&session()].landing.as_ref().expect("open").id;
    case.done(TicketOrder::Built {
        session: session(),
        landing,
        commit: "merge".to_owned(),
        tree: "tree".to_owned(),
        target_gates: vec![gate("audit"), gate("lint")],
    });
    let built = case.state.board.sessions[&session()].landing.as_ref().and_then(|landing| landing.built.as_ref());
    let names: Vec<&str> = built.expect("built").gates.iter().map(|gate| gate.name.as_str()).collect();
    assert_eq!(names, ["test", "lint", "audit"]);
}

#[test]
fn a_target_that_somebody_else_moved_is_a_matter_for_the_person() {
    let mut case = Case::new(workers(1));
    let id = case.one(spec("a"));
    landing_of(&mut case, id, "tree");
    case.judge(GateVerdict::Passed);
    let landing = case.state.board.sessions[&session()].landing.as_ref().expect("open").id;
    case.done(TicketOrder::Foreign { session: session(), landing, at: "elsewhere".to_owned() });
    assert_eq!(case.status(id), "error");
    assert!(case.ticket(id).history[0].why.contains("elsewhere"));
    assert_eq!(case.state.board.sessions[&session()].tip, "base");
}

#[test]
fn landings_of_a_session_whose_name_comes_again_are_other_landings() {
    let mut case = Case::new(workers(1));
    let id = case.one(spec("a"));
    case.work(id, "head");
    let first = case.state.board.sessions[&session()].landing.as_ref().expect("open").id;
    case.done(TicketOrder::DeleteSession { session: session(), force: true });
    case.later(1);
    case.done(TicketOrder::OpenSession {
        session: session(),
        base: "base".to_owned(),
        branch: None,
        settings: workers(1),
    });
    let id = case.one(spec("b"));
    case.work(id, "head");
    let second = case.state.board.sessions[&session()].landing.as_ref().expect("open").id;
    assert_ne!(first, second);
}

#[test]
fn gates_of_a_project_run_one_at_a_time_and_a_waiting_one_loses_no_time() {
    let mut case = Case::new(workers(1));
    let slow = GateSpec { timeout_s: 20 * 60, ..gate("slow") };
    let first = case.one(TicketSpec { gates: vec![slow, gate("test")], ..spec("a") });
    landing_of(&mut case, first, "tree");
    let other: SessionName = "other".parse().expect("a name");
    let settings = workers(1);
    case.done(TicketOrder::OpenSession { session: other.clone(), base: "base".to_owned(), branch: None, settings });
    let tickets = vec![new(checkpoint("c"), &[])];
    case.later(1);
    case.done(TicketOrder::Add { session: other.clone(), tickets, settings: None });
    let landing_in = |case: &Case| case.state.board.sessions[&other].landing.clone().expect("open");
    let landing = landing_in(&case).id;
    case.done(TicketOrder::Built {
        session: other.clone(),
        landing,
        commit: "base".to_owned(),
        tree: "other tree".to_owned(),
        target_gates: Vec::new(),
    });
    assert!(landing_in(&case).run.is_none());
    let waits = why(&case.state, case.ticket(TicketId(2)));
    assert_eq!(waits.what, "it waits for the gate `slow` of session `main`: one runs at a time");
    assert!(waits.deadline.is_some());
    // Longer than its own limit, and three times as long.
    for _ in 0..3 {
        case.later(6 * 60_000);
        assert!(case.due().is_empty(), "{:?}", case.due());
    }
    // The second gate of the older landing goes before it, then it begins, with all of its time.
    case.judge(GateVerdict::Passed);
    assert!(landing_in(&case).run.is_none());
    case.judge(GateVerdict::Passed);
    let run = landing_in(&case).run.expect("it runs");
    assert_eq!(run.began_at, case.state.last_at);
    assert_eq!(run.deadline.duration_since(run.began_at).as_secs(), 120);
    case.moved();
    // What waits for a gate is not being moved: it can be stopped.
    let again = case.one(checkpoint("again"));
    case.build("merge", "third tree");
    assert!(!runs_in(&case, &session()));
    case.stop(again);
    assert_eq!(case.status(again), "stopped");
    // A session that goes gives its turn away.
    let again = case.one(checkpoint("again"));
    case.build("merge", "third tree");
    assert!(!runs_in(&case, &session()));
    case.done(TicketOrder::DeleteSession { session: other, force: true });
    assert!(runs_in(&case, &session()) && case.stage(again) == Some(Stage::Landing));
}

#[test]
fn a_session_is_not_deleted_while_its_target_moves() {
    let mut case = Case::new(workers(1));
    case.done(TicketOrder::Import { session: session(), commit: "mine".to_owned(), branch: None });
    let deletion = || TicketOrder::DeleteSession { session: session(), force: true };
    case.build("mine", "tree");
    assert!(case.refused(deletion()).contains("a commit of the person is being merged at this instant"));
    case.moved();
    assert_eq!(case.state.board.sessions[&session()].tip, "mine");
    // One whose merge is still being built, or judged, can go.
    case.done(TicketOrder::Import { session: session(), commit: "more".to_owned(), branch: None });
    case.done(deletion());
    assert!(case.state.board.sessions.is_empty());
}

#[test]
fn a_checkpoint_is_judged_by_the_gates_of_the_target_and_passes_nothing_without_any() {
    let mut case = Case::new(workers(1));
    let bare = || TicketSpec { gates: Vec::new(), ..checkpoint("c") };
    let id = case.one(bare());
    let landing = case.state.board.sessions[&session()].landing.as_ref().expect("open").id;
    case.done(TicketOrder::Built {
        session: session(),
        landing,
        commit: "base".to_owned(),
        tree: "tree".to_owned(),
        target_gates: vec![gate("audit")],
    });
    case.judge(GateVerdict::Passed);
    case.moved();
    assert_eq!(case.status(id), "done");
    let id = case.one(bare());
    case.build("base", "other tree");
    assert_eq!(case.ticket_outcome(id), Some(TicketOutcome::Error { class: ErrorClass::Fatal }));
    assert!(case.ticket(id).history[0].why.contains("a checkpoint without a gate"));
}
