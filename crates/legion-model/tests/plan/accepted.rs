use legion_model::DriverKind;
use legion_model::plan::{PlanSpec, SessionSpec, TicketFields, TicketSpec, UpstreamSpec};
use legion_model::tickets::{OnUpstream, Overlap, SessionName};

use crate::build::{accepted, plan, texts, ticket};

#[test]
fn what_a_ticket_says_goes_before_the_defaults() {
    let mut own = ticket("own", &[]);
    own.fields = TicketFields {
        criteria: Some(texts(&["mine"])),
        gate: Some(vec![]),
        checkpoint: Some(false),
        driver: Some("claude".to_owned()),
        max_attempts: Some(1),
        on_upstream: Some("skip".to_owned()),
        ..TicketFields::default()
    };
    let plain = TicketSpec {
        key: "plain".to_owned(),
        prompt: Some("\n  First line.\nSecond.".to_owned()),
        ..TicketSpec::default()
    };
    let mut plan = plan(vec![own, plain]);
    plan.defaults = TicketFields {
        criteria: Some(texts(&["theirs", " "])),
        gate: Some(texts(&["make test"])),
        command: Some(texts(&["agent"])),
        max_attempts: Some(5),
        timeout_seconds: Some(60),
        gate_timeout_seconds: Some(5),
        files: Some(texts(&["src/"])),
        ..TicketFields::default()
    };
    let plan = accepted(&plan);
    let [own, plain] = plan.tickets.as_slice() else { panic!("{plan:?}") };
    assert_eq!((own.criteria.clone(), own.gate.len(), own.max_attempts), (texts(&["mine"]), 0, Some(1)));
    assert_eq!((own.driver, own.command.clone(), own.on_upstream), (Some(DriverKind::Claude), None, OnUpstream::Skip));
    assert_eq!((own.prompt.as_str(), own.timeout_seconds), ("Do own", Some(60)));
    assert_eq!((plain.criteria.clone(), plain.gate.clone()), (texts(&["theirs"]), texts(&["make test"])));
    assert_eq!((plain.driver, plain.command.clone()), (Some(DriverKind::Command), Some(texts(&["agent"]))));
    assert_eq!((plain.title.as_str(), plain.on_upstream), ("First line.", OnUpstream::Wait));
    assert_eq!((plain.files[0].as_str(), plain.gate_timeout_seconds), ("src/", Some(5)));
}

#[test]
fn a_checkpoint_without_a_prompt_has_nothing_to_do_but_its_gate() {
    let mut check = ticket("check", &["a"]);
    check.fields = TicketFields { checkpoint: Some(true), gate: Some(texts(&["make"])), ..TicketFields::default() };
    let plan = accepted(&plan(vec![ticket("a", &[]), check]));
    assert_eq!((plan.tickets[1].title.as_str(), plan.tickets[1].prompt.as_str()), ("Do check", ""));
}

#[test]
fn a_policy_beside_an_upstream_is_kept_at_its_place() {
    let mut last = ticket("last", &["a", "b"]);
    last.after.push(UpstreamSpec { key: "c".to_owned(), on_upstream: Some("fail".to_owned()) });
    last.fields.on_upstream = Some("skip".to_owned());
    let plan = accepted(&plan(vec![last, ticket("a", &[]), ticket("c", &[]), ticket("b", &[])]));
    assert_eq!(plan.graph.upstream(0), [1, 2, 3]);
    let last = &plan.tickets[0];
    assert_eq!((last.on_upstream, &last.policies), (OnUpstream::Skip, &[(2, OnUpstream::Fail)].into()));
    assert!(plan.tickets[1].policies.is_empty());
}

#[test]
fn the_order_and_the_levels_follow_the_graph() {
    let plan = accepted(&plan(vec![
        ticket("late", &["left", "right", "left"]),
        ticket("left", &["first"]),
        ticket("right", &["first"]),
        ticket("first", &[]),
        ticket("alone", &[]),
    ]));
    assert_eq!(plan.order().collect::<Vec<_>>(), ["first", "left", "right", "late", "alone"]);
    assert_eq!(plan.graph.levels(), [vec![3, 4], vec![1, 2], vec![0]]);
    assert_eq!(plan.graph.upstream(0), [1, 2]);
    assert!(plan.warnings.is_empty(), "{:?}", plan.warnings);
}

#[test]
fn the_session_comes_through() {
    let session = SessionSpec {
        name: Some("auth-2".to_owned()),
        target: Some("feature/auth".to_owned()),
        from: Some("HEAD".to_owned()),
        workers: Some(64),
        overlap: Some("hold".to_owned()),
        protect: texts(&["tests/**"]),
        ..SessionSpec::default()
    };
    let plan = accepted(&PlanSpec { session, ..plan(vec![ticket("a", &[])]) });
    assert_eq!(
        (plan.session_name.as_ref().map(SessionName::as_str), plan.target.as_deref()),
        (Some("auth-2"), Some("feature/auth"))
    );
    assert_eq!((plan.workers, plan.overlap, plan.protect.len()), (Some(64), Overlap::Hold, 1));
}
