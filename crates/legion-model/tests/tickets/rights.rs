//! Who may order what: the person, who dispatched it, everybody above; nobody else.

use legion_model::tickets::{Role, SessionSettings, Stage, Team, TicketChanges, TicketId};
use legion_model::{AgentId, Limits, Party, RefusalKind, TicketOrder};

use crate::case::{Case, new, session, spec, workers};

struct Cast {
    case: Case,
    leader: AgentId,
    sibling: AgentId,
    worker: AgentId,
    ticket: TicketId,
}

/// A leader with a ticket and its worker, and another leader beside it.
fn cast() -> Cast {
    let mut case = Case::new(workers(3));
    let (leader, sibling) = (case.leader(Limits::default()), case.leader(Limits::default()));
    let ticket = case.add_by(leader.into(), vec![new(spec("a"), &[])]).expect("it may")[0];
    case.prepare(ticket);
    let worker = case.agent(ticket);
    Cast { case, leader, sibling, worker, ticket }
}

fn orders(ticket: TicketId) -> Vec<(&'static str, TicketOrder)> {
    let changes = || Box::new(TicketChanges::default());
    let other = "other".parse().expect("a name");
    vec![
        ("stop", TicketOrder::Stop { tickets: vec![ticket] }),
        ("retry", TicketOrder::Retry { ticket, feedback: None, changes: changes() }),
        ("delete", TicketOrder::Delete { ticket, dependents: false }),
        ("decide", TicketOrder::DecideHeld { ticket, approve: true, reason: None }),
        ("add", TicketOrder::Add { session: session(), tickets: vec![new(spec("b"), &[])], settings: None }),
        (
            "set and add",
            TicketOrder::Add { session: session(), tickets: vec![new(spec("b"), &[])], settings: Some(workers(4)) },
        ),
        (
            "open",
            TicketOrder::OpenSession {
                session: other,
                base: "base".to_owned(),
                branch: None,
                settings: SessionSettings::default(),
            },
        ),
        ("set", TicketOrder::SetSession { session: session(), settings: workers(4) }),
        ("use", TicketOrder::UseSession { session: session() }),
        ("complete", TicketOrder::CompleteSession { session: session() }),
        ("delete session", TicketOrder::DeleteSession { session: session(), force: true }),
        ("import", TicketOrder::Import { session: session(), commit: "c".to_owned(), branch: None }),
        ("role", TicketOrder::DeleteRole { role: "qa".to_owned() }),
        ("set role", TicketOrder::SetRole { role: a_role() }),
        ("set team", TicketOrder::SetTeam { team: a_team() }),
        ("team", TicketOrder::DeleteTeam { team: "solo".to_owned() }),
    ]
}

fn a_role() -> Role {
    let qa = legion_model::tickets::builtin_roles().into_iter().find(|role| role.id == "qa");
    Role { id: "security".to_owned(), ..qa.expect("it is built in") }
}

fn a_team() -> Team {
    let solo = legion_model::tickets::builtin_teams().into_iter().find(|team| team.id == "solo");
    Team { id: "pair".to_owned(), ..solo.expect("it is built in") }
}

/// The names of orders that are forbidden to a caller.
fn forbidden(by: impl Fn(&Cast) -> Party) -> Vec<&'static str> {
    let names = orders(TicketId(1)).into_iter().map(|(name, _)| name);
    names
        .filter(|name| {
            let mut cast = cast();
            let by = by(&cast);
            let order = orders(cast.ticket).into_iter().find(|(known, _)| known == name).expect("it is listed").1;
            cast.case.order(by, order).is_err_and(|refusal| refusal.kind == RefusalKind::Forbidden)
        })
        .collect()
}

const GOVERN: &[&str] = &[
    "decide",
    "set and add",
    "open",
    "set",
    "use",
    "complete",
    "delete session",
    "import",
    "role",
    "set role",
    "set team",
    "team",
];

#[test]
fn the_person_may_everything() {
    assert_eq!(forbidden(|_| Party::Root), Vec::<&str>::new());
}

#[test]
fn who_dispatched_a_ticket_may_order_about_it_and_does_not_govern() {
    assert_eq!(forbidden(|cast| cast.leader.into()), GOVERN);
}

#[test]
fn others_may_dispatch_tickets_of_their_own_only() {
    let mut all: Vec<&str> = vec!["stop", "retry", "delete"];
    all.extend(GOVERN);
    assert_eq!(forbidden(|cast| cast.sibling.into()), all);
    assert_eq!(forbidden(|cast| cast.worker.into()), all, "a worker does not order about its own ticket");
}

#[test]
fn who_stands_above_may_order_about_tickets_below() {
    let mut cast = cast();
    let grand = cast.leader;
    let below = cast.worker;
    let ticket = cast.case.add_by(below.into(), vec![new(spec("b"), &[])]).expect("it may")[0];
    cast.case.order(grand.into(), TicketOrder::Stop { tickets: vec![ticket] }).expect("it stands above");
    assert_eq!(cast.case.status(ticket), "stopped");
}

#[test]
fn stop_all_takes_only_what_the_caller_may_stop() {
    let mut cast = cast();
    let other = cast.case.one(spec("of the person"));
    cast.case.order(cast.leader.into(), TicketOrder::StopAll { session: None }).expect("it may");
    assert_eq!(cast.case.status(cast.ticket), "stopped");
    assert_eq!(cast.case.stage(other), Some(Stage::Preparing));
}

#[test]
fn a_leaders_limits_hold_for_its_tickets() {
    let mut case = Case::new(workers(3));
    let leader = case.leader(Limits { headcount: Some(1), seconds: Some(60), ..Limits::default() });
    let ids = case.add_by(leader.into(), vec![new(spec("a"), &[]), new(spec("b"), &[])]).expect("it may");
    case.prepare(ids[0]);
    let hired = &case.state.agents[&case.agent(ids[0])];
    assert_eq!((hired.parent, hired.spec.limits.seconds), (leader.into(), Some(60)), "rights only narrow going down");
    let events = case.prepare(ids[1]);
    assert_eq!(case.status(ids[1]), "error", "{events:?}");
    assert!(case.ticket(ids[1]).history[0].why.contains("headcount limit"), "it is said why");
    let refusal = case.add_by(leader.into(), vec![new(spec("c"), &[])]).expect_err("there is no room");
    assert!(refusal.to_string().contains("headcount limit"), "{refusal}");
}

#[test]
fn tickets_of_a_leader_that_is_gone_report_to_the_person() {
    let mut cast = cast();
    let queued = cast.case.add_by(cast.leader.into(), vec![new(spec("b"), &[])]).expect("it may")[0];
    let fire = legion_model::Order::Fire { agent: cast.leader, keep_reports: false };
    cast.case.step(Party::Root, fire).expect("it is allowed");
    assert_eq!(cast.case.status(cast.ticket), "stopped", "its worker went with the leader");
    let told = cast.case.state.inbox(Party::Root);
    assert!(told.iter().any(|message| message.body.head().contains("#1")), "the person hears of it");
    cast.case.prepare(queued);
    assert_eq!(cast.case.state.agents[&cast.case.agent(queued)].parent, Party::Root);
}
