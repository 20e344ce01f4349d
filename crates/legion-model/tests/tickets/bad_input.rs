//! Each with its sentence, and nothing changed.

use legion_model::tickets::{NewTicket, OnUpstream, SessionSettings, TicketChanges, TicketId, TicketSpec};
use legion_model::{Body, Bounds, DriverKind, TicketOrder};

use crate::case::{Case, gate, new, session, spec, talking, workers};

fn refused(spec: TicketSpec) -> String {
    refused_all(vec![new(spec, &[])])
}

fn refused_all(tickets: Vec<NewTicket>) -> String {
    Case::new(workers(2)).refused(TicketOrder::Add { session: session(), tickets, settings: None })
}

fn holds(text: &str, words: &[&str]) {
    for word in words {
        assert!(text.contains(word), "`{word}` is not in: {text}");
    }
}

#[test]
fn a_ticket_after_one_that_does_not_exist_is_refused_by_number() {
    let after = NewTicket { after: [(TicketId(7), OnUpstream::Wait)].into(), ..new(spec("late"), &[]) };
    holds(&refused_all(vec![after]), &["`late`", "#7", "does not exist"]);
}

#[test]
fn a_ticket_after_one_of_another_session_is_refused() {
    let mut case = Case::new(workers(2));
    let first = case.one(spec("first"));
    let other: legion_model::tickets::SessionName = "other".parse().expect("a name");
    let open = TicketOrder::OpenSession {
        session: other.clone(),
        base: "base".to_owned(),
        branch: None,
        settings: workers(1),
    };
    case.done(open);
    let after = NewTicket { after: [(first, OnUpstream::Wait)].into(), ..new(spec("late"), &[]) };
    let text = case.refused(TicketOrder::Add { session: other, tickets: vec![after], settings: None });
    holds(&text, &["`late`", "#1", "session `main`"]);
}

#[test]
fn a_ticket_after_one_that_was_deleted_is_refused() {
    let mut case = Case::new(workers(2));
    let (gone, merged) = (case.one(spec("gone")), case.one(spec("merged")));
    case.done(TicketOrder::Delete { ticket: gone, dependents: false });
    case.finish(merged);
    case.done(TicketOrder::Delete { ticket: merged, dependents: false });
    for upstream in [gone, merged] {
        let after = NewTicket { after: [(upstream, OnUpstream::Wait)].into(), ..new(spec("late"), &[]) };
        let order = TicketOrder::Add { session: session(), tickets: vec![after], settings: None };
        holds(&case.refused(order), &["`late`", &upstream.to_string(), "was deleted"]);
    }
}

#[test]
fn a_circle_is_named() {
    let text = refused_all(vec![new(spec("a"), &[2]), new(spec("b"), &[0]), new(spec("c"), &[1])]);
    holds(&text, &["wait for each other", "`a`", "`b`", "`c`", "→"]);
    holds(&refused_all(vec![new(spec("self"), &[0])]), &["wait for each other", "`self` → ticket `self`"]);
}

#[test]
fn a_place_outside_of_the_plan_is_refused() {
    holds(&refused_all(vec![new(spec("a"), &[9])]), &["`a`", "not in the plan"]);
}

#[test]
fn the_same_id_twice_is_refused() {
    let named = |title: &str| NewTicket { local: Some("api".to_owned()), ..new(spec(title), &[]) };
    holds(&refused_all(vec![named("a"), named("b")]), &["`api`", "twice"]);
}

#[test]
fn a_team_or_role_that_does_not_exist_is_refused_with_those_that_do() {
    let team = TicketSpec { team: Some("a_team".to_owned()), ..talking("a") };
    holds(&refused(team), &["`a_team`", "backend_team", "solo", "tech_lead_team"]);
    let role = TicketSpec { role: Some("jester".to_owned()), ..talking("a") };
    holds(&refused(role), &["`jester`", "engineer", "qa"]);
}

#[test]
fn a_team_whose_reviewer_has_no_program_is_refused() {
    let text = refused(TicketSpec { team: Some("backend_team".to_owned()), ..spec("a") });
    holds(&text, &["`tech_lead`", "`backend_team`", "no program of its own"]);
}

#[test]
fn nobody_to_work_on_it_is_refused() {
    holds(&refused(TicketSpec { driver: None, command: None, ..spec("a") }), &["`a`", "nobody to work on it"]);
    holds(&refused(TicketSpec { command: None, ..spec("a") }), &["needs a program"]);
}

#[test]
fn limits_are_refused_with_their_numbers() {
    holds(&refused(TicketSpec { title: " ".to_owned(), ..spec("a") }), &["needs a title", "200"]);
    holds(&refused(TicketSpec { title: "a\u{7}".to_owned(), ..spec("a") }), &["control characters"]);
    holds(&refused(TicketSpec { max_attempts: 0, ..spec("a") }), &["1 to 10 attempts, not 0"]);
    holds(&refused(TicketSpec { max_attempts: 11, ..spec("a") }), &["1 to 10 attempts, not 11"]);
    holds(&refused(TicketSpec { timeout_s: 0, ..spec("a") }), &["seconds, not 0"]);
    holds(&refused(TicketSpec { worker: Some(0), ..spec("a") }), &["worker 0", "from 1"]);
    holds(&refused(TicketSpec { gates: vec![gate(" ")], ..spec("a") }), &["gate", "empty"]);
    holds(&refused(TicketSpec { files: vec!["src/[".to_owned()], ..spec("a") }), &["`src/[`", "not a pattern"]);
    holds(&refused_all(Vec::new()), &["no ticket to add"]);
    let text =
        refused(TicketSpec { driver: Some(DriverKind::Claude), command: None, model: Some("-x".into()), ..spec("a") });
    holds(&text, &["model's name"]);
}

#[test]
fn too_many_tickets_are_refused_with_the_limit() {
    let mut case = Case::with(workers(2), Bounds { tickets_max: 3, ..Bounds::default() });
    case.add(vec![new(spec("a"), &[]), new(spec("b"), &[])]);
    let tickets = vec![new(spec("c"), &[]), new(spec("d"), &[])];
    let text = case.refused(TicketOrder::Add { session: session(), tickets, settings: None });
    holds(&text, &["2 tickets more", "has 2", "limit is 3"]);
}

#[test]
fn sessions_are_checked() {
    let mut case = Case::new(workers(2));
    let open = |name: &str, settings| TicketOrder::OpenSession {
        session: name.parse().expect("a name"),
        base: "base".to_owned(),
        branch: None,
        settings,
    };
    holds(&case.refused(open("main", workers(1))), &["`main`", "already"]);
    holds(&case.refused(open("next", workers(0))), &["1 to 64 workers, not 0"]);
    holds(&case.refused(open("next", workers(65))), &["1 to 64 workers, not 65"]);
    let caps = SessionSettings { group_caps: [("db".to_owned(), 0)].into(), ..workers(1) };
    holds(&case.refused(open("next", caps)), &["`db`", "for ever"]);
    let unknown = "nowhere".parse().expect("a name");
    holds(&case.refused(TicketOrder::CompleteSession { session: unknown }), &["`nowhere`", "no session"]);
    let ticket = case.one(spec("a"));
    holds(&case.refused(TicketOrder::CompleteSession { session: session() }), &["unfinished", "#1"]);
    holds(&case.refused(TicketOrder::DeleteSession { session: session(), force: false }), &["unfinished", "#1"]);
    case.stop(ticket);
    case.done(TicketOrder::CompleteSession { session: session() });
    let order = TicketOrder::Add { session: session(), tickets: vec![new(spec("b"), &[])], settings: None };
    holds(&case.refused(order), &["`main` is completed"]);
    for name in ["../up", "-flag", "a b", "", "x.lock", "a..b"] {
        assert!(name.parse::<legion_model::tickets::SessionName>().is_err(), "{name}");
    }
}

#[test]
fn orders_about_tickets_that_are_not_there_or_elsewhere_say_so() {
    let mut case = Case::new(workers(2));
    let ticket = case.one(spec("a"));
    holds(&case.refused(TicketOrder::Stop { tickets: vec![TicketId(9)] }), &["no ticket #9"]);
    let retry = |ticket| TicketOrder::Retry { ticket, feedback: None, changes: Box::new(TicketChanges::default()) };
    holds(&case.refused(retry(ticket)), &["#1", "being worked on"]);
    let decide = TicketOrder::DecideHeld { ticket, approve: true, reason: None };
    holds(&case.refused(decide), &["#1", "does not wait for a decision"]);
    case.finish(ticket);
    holds(&case.refused(retry(ticket)), &["#1", "is merged"]);
    holds(&case.refused(TicketOrder::Stop { tickets: vec![ticket] }), &["done already"]);
    case.done(TicketOrder::Delete { ticket, dependents: false });
    holds(&case.refused(retry(ticket)), &["#1 `a` was deleted"]);
    let report = TicketOrder::Report { done: true, summary: Body::from("") };
    holds(&case.refused(report), &["root", "not hired for a ticket"]);
}
