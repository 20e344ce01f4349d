//! The steps of a team: in order, each with an agent of its own, and nothing goes on without a verdict.

use legion_model::tickets::{
    AssignmentTexts, AttemptEnd, Crew, ErrorClass, PlaceKey, Stage, TicketId, TicketSpec, Work, assignment,
    builtin_teams,
};
use legion_model::{AgentId, Event, Party, TicketOrder};

use crate::case::{Case, session, talking, workers};

fn team(case: &mut Case, team: &str) -> TicketId {
    let id = case.one(TicketSpec { team: Some(team.to_owned()), ..talking("a") });
    work(case, id, "head");
    id
}

fn work(case: &mut Case, id: TicketId, head: &str) {
    case.prepare(id);
    let agent = case.agent(id);
    case.turn(agent);
    case.collect(id, head, true, &[]);
}

fn verdict(case: &mut Case, reviewer: AgentId, done: bool, summary: &str) -> Vec<Event> {
    let report = TicketOrder::Report { done, summary: summary.into() };
    case.order(reviewer.into(), report).expect("it owes a verdict").0
}

#[test]
fn reviews_come_first_then_verification_and_then_the_queue() {
    let mut case = Case::new(workers(1));
    let id = team(&mut case, "tech_lead_team");
    let role = |case: &Case| case.attempt(id).open_review().map(|review| review.role.clone());
    assert_eq!(role(&case).as_deref(), Some("tech_lead"));
    let lead = case.prepare_review(id);
    verdict(&mut case, lead, true, "fine");
    assert_eq!(role(&case).as_deref(), Some("qa"), "QA is next, in the same batch");
    case.turn(lead);
    assert!(!case.state.agents.contains_key(&lead), "its verdict is there, and it has come to rest");
    let qa = case.prepare_review(id);
    assert_ne!(qa, lead);
    verdict(&mut case, qa, true, "each criterion holds");
    assert_eq!(case.stage(id), Some(Stage::Landing));
    let reviews: Vec<bool> =
        case.attempt(id).reviews.iter().filter_map(|review| review.verdict.as_ref()).map(|v| v.0).collect();
    assert_eq!(reviews, [true, true]);
}

#[test]
fn every_built_in_team_has_its_steps_and_is_told_to_its_worker() {
    for team in builtin_teams() {
        let steps: &[&str] = match team.id.as_str() {
            "tech_lead_team" => &["tech_lead", "qa"],
            "fullstack_team" => &["architect", "qa"],
            "backend_team" => &["tech_lead"],
            "qa_team" => &["qa"],
            "solo" => &[],
            other => panic!("what does {other} demand?"),
        };
        let mut case = Case::new(workers(1));
        let id = case.one(TicketSpec { team: Some(team.id.clone()), ..talking("a") });
        let (board, ticket) = (&case.state.board, case.ticket(id));
        let (judges, role) = (board.judges(ticket), board.role(&board.writer(ticket, case.attempt(id))));
        assert_eq!(role.as_ref().map(|role| role.id.as_str()), Some("engineer"));
        let crew = Crew { team: Some(&team), judges: &judges, role: role.as_ref() };
        let texts = AssignmentTexts { prompt: "do it".to_owned(), ..AssignmentTexts::default() };
        let text = assignment(&board.sessions[&session()], ticket, case.attempt(id), crew, &texts, false);
        assert!(text.contains(&format!("## Team: {}\n", team.name)), "{text}");
        let names: Vec<&str> = judges.iter().map(|role| role.name.as_str()).collect();
        assert!(names.iter().all(|name| text.contains(&format!("{name} ("))), "{text}");
        assert_eq!(text.contains("only the gates judge it"), steps.is_empty(), "{text}");
        work(&mut case, id, "head");
        let mut taken = Vec::new();
        while let Some(review) = case.attempt(id).open_review() {
            taken.push(review.role.clone());
            let reviewer = case.prepare_review(id);
            verdict(&mut case, reviewer, true, "fine");
        }
        assert_eq!(taken, steps, "{}", team.id);
        assert_eq!(case.stage(id), Some(Stage::Landing));
    }
}

#[test]
fn a_rejection_goes_back_with_its_words() {
    let mut case = Case::new(workers(1));
    let id = team(&mut case, "backend_team");
    let lead = case.prepare_review(id);
    verdict(&mut case, lead, false, "src/pay.rs:10 rounds down");
    let ticket = case.ticket(id);
    assert_eq!(ticket.history[0].end, AttemptEnd::Failed(ErrorClass::Task));
    assert_eq!(ticket.history[0].why, "tech_lead sent it back");
    assert_eq!(ticket.feedback.as_ref().map(|body| body.head()), Some("src/pay.rs:10 rounds down"));
    case.turn(lead);
    assert!(!case.state.agents.contains_key(&lead));
    case.later(1_000);
    case.take_due();
    work(&mut case, id, "head 2");
    let again = case.attempt(id).open_review().map(|review| review.agent);
    assert!(again.is_some_and(|again| again != lead), "another look by somebody who is new");
}

#[test]
fn a_reviewer_without_a_verdict_is_reminded_once() {
    let mut case = Case::new(workers(1));
    let id = team(&mut case, "backend_team");
    let lead = case.prepare_review(id);
    let events = case.turn(lead);
    assert!(events.iter().any(|event| matches!(event, Event::ReviewReminded { step: 0, .. })), "{events:?}");
    assert_eq!(case.stage(id), Some(Stage::Reviewing));
    case.turn(lead);
    assert_eq!(case.status(id), "error");
    assert!(case.ticket(id).history[0].why.contains("`tech_lead` gave no verdict"));
    assert!(!case.state.agents.contains_key(&lead));
}

#[test]
fn reports_by_others_are_refused() {
    let mut case = Case::new(workers(2));
    let leader = case.leader(legion_model::Limits::default());
    let id = team(&mut case, "backend_team");
    let worker = case.agent(id);
    let lead = case.prepare_review(id);
    let report = || TicketOrder::Report { done: true, summary: "fine".into() };
    for (by, words) in
        [(Party::Root, "not hired for a ticket"), (leader.into(), "not hired for a ticket"), (worker.into(), "is over")]
    {
        let refusal = case.order(by, report()).expect_err("it is not theirs").to_string();
        assert!(refusal.contains(words), "{refusal}");
    }
    verdict(&mut case, lead, true, "fine");
    let twice = case.order(lead.into(), report()).expect_err("once is enough").to_string();
    assert!(twice.contains("is over"), "{twice}");
}

#[test]
fn a_reviewer_that_still_talks_goes_with_a_stopped_ticket() {
    let mut case = Case::new(workers(1));
    let id = team(&mut case, "backend_team");
    let worker = case.agent(id);
    let lead = case.prepare_review(id);
    verdict(&mut case, lead, true, "fine");
    assert!(case.state.agents[&lead].run.is_some(), "it gave its verdict from within its run");
    case.stop(id);
    assert!(case.state.agents.is_empty(), "{lead} and {worker} go");
    assert!(case.state.board.posts.is_empty());
    assert!(case.state.board.places.values().all(|place| place.released));
}

#[test]
fn a_reviewer_that_is_fired_stops_the_ticket() {
    let mut case = Case::new(workers(1));
    let id = team(&mut case, "backend_team");
    let lead = case.prepare_review(id);
    case.step(Party::Root, legion_model::Order::Fire { agent: lead, keep_reports: false }).expect("it is allowed");
    assert_eq!(case.status(id), "stopped");
}

#[test]
fn a_reviewers_clone_is_its_own_and_goes() {
    let mut case = Case::new(workers(1));
    let id = team(&mut case, "backend_team");
    let lead = case.prepare_review(id);
    let place = PlaceKey::of_review(&session(), id, 1, 1);
    assert!(case.state.board.places[&place].dirty);
    verdict(&mut case, lead, true, "fine");
    assert!(!case.works().contains(&Work::Rescue { place: place.clone() }), "it still works there");
    case.turn(lead);
    case.exits(lead, legion_model::Exit::Signal(15));
    assert!(case.works().contains(&Work::Rescue { place: place.clone() }));
    case.done(TicketOrder::Rescued { place: place.clone(), commit: None, reference: None });
    assert!(case.works().contains(&Work::Remove { place: place.clone() }));
    case.done(TicketOrder::Removed { place: place.clone() });
    assert!(!case.state.board.places.contains_key(&place));
}
