//! Single cases of providers, routes, budgets, allowances and lanes.

use jiff::SignedDuration;
use legion_model::gateway::{
    Format, GatewayAnswer, GatewayOrder, KeySource, LaneClass, NanoUsd, Provider, Route, RouteKey, RouteWho, Scope,
};
use legion_model::{Event, RefusalKind};
use uuid::Uuid;

use crate::books::{Books, agent, allowance, line, payer};

fn provider(name: &str) -> GatewayOrder {
    let url = format!("https://{name}.example/v1");
    let name = name.parse().expect("a name");
    GatewayOrder::SetProvider(Provider::new(name, Format::Anthropic, url, KeySource::Sealed))
}

fn open(number: u128, of: u128, wanted: u64) -> GatewayOrder {
    GatewayOrder::OpenAllowance {
        allowance: allowance(number),
        payer: payer(of, &[]),
        wanted: NanoUsd(wanted),
        caps: Vec::new(),
        names: [(agent(1), "ann".to_owned())].into(),
    }
}

fn settle(batch: u128, number: u128, nanos: u64) -> GatewayOrder {
    GatewayOrder::Settle { batch: Uuid::from_u128(batch), calls: vec![line(allowance(number), nanos)] }
}

#[test]
fn a_route_needs_its_providers_and_holds_them() {
    let mut books = Books::new();
    let key = RouteKey::of(RouteWho::Default);
    let route = Route { target: "a/m".parse().expect("a target"), fallbacks: vec!["b".parse().expect("a target")] };
    books.must(provider("a"));
    let refused = books.give(GatewayOrder::SetRoute { key: key.clone(), route: route.clone() }).expect_err("no `b`");
    assert_eq!(refused.kind, RefusalKind::NotFound);
    assert!(refused.what.contains("`b`") && refused.what.contains("known: a"), "{}", refused.what);

    books.must(provider("b"));
    books.must(GatewayOrder::SetRoute { key: key.clone(), route: route.clone() });
    let before = books.log.len();
    books.must(GatewayOrder::SetRoute { key: key.clone(), route: route.clone() });
    assert_eq!(books.log.len(), before, "the same route again is nothing new");

    let refused = books.give(GatewayOrder::RemoveProvider("b".parse().expect("a name"))).expect_err("it is used");
    assert_eq!(refused.kind, RefusalKind::Conflict);
    books.must(GatewayOrder::RemoveRoute(key.clone()));
    books.must(GatewayOrder::RemoveProvider("b".parse().expect("a name")));
    assert_eq!(books.give(GatewayOrder::RemoveRoute(key)).expect_err("it is gone").kind, RefusalKind::NotFound);

    let twice = Route { fallbacks: vec![route.target.clone()], target: route.target };
    let key = RouteKey::of(RouteWho::Agent(agent(1)));
    let refused = books.give(GatewayOrder::SetRoute { key, route: twice }).expect_err("twice the same");
    assert!(refused.what.contains("twice"), "{}", refused.what);
}

#[test]
fn a_route_for_a_named_sub_agent_stands_beside_the_one_for_all() {
    let mut books = Books::new();
    books.must(provider("a"));
    let named = |name: &str| RouteKey { sub_agent: Some(name.to_owned()), ..RouteKey::of(RouteWho::Default) };
    let set = |key, to: &str| GatewayOrder::SetRoute {
        key,
        route: Route { target: to.parse().expect("a target"), fallbacks: Vec::new() },
    };
    books.must(set(RouteKey::of(RouteWho::Default), "a/m"));
    books.must(set(named("Explore"), "a/small"));
    assert_eq!(books.state.routes.len(), 2);
    for wrong in ["", "two\nlines", "\u{e4}", &"x".repeat(RouteKey::SUB_AGENT_BYTES_MAX + 1)] {
        let refused = books.give(set(named(wrong), "a/small")).expect_err(wrong);
        assert!(refused.kind == RefusalKind::Invalid && refused.what.contains("sub-agent"), "{}", refused.what);
    }
    let refused = books.give(GatewayOrder::RemoveRoute(named("Plan"))).expect_err("never set");
    assert!(refused.what.contains("default, sub-agents `Plan`"), "{}", refused.what);
    books.must(GatewayOrder::RemoveRoute(named("Explore")));
    assert_eq!(books.state.routes.len(), 1);
}

#[test]
fn a_lane_stays_closed_until_its_time_whoever_starts_the_service() {
    let mut books = Books::new();
    books.must(provider("a"));
    let until = books.now + SignedDuration::from_hours(5);
    let close_for = |class, provider: &str, until| GatewayOrder::CloseLane {
        provider: provider.parse().expect("a name"),
        model: Some("m".to_owned()),
        until,
        class,
        why: "quota".to_owned(),
    };
    let close = |provider: &str, until| close_for(LaneClass::SpendLimit, provider, until);
    // What was thought first is mended by who knows better.
    books.must(close_for(LaneClass::RateLimited, "a", until));
    books.must(close("a", until));
    let before = books.log.len();
    // Sixty calls find the same; a past time and a provider that is gone are nothing.
    books.must(close("a", until));
    books.must(close("a", books.now - SignedDuration::from_secs(1)));
    books.must(close("gone", until));
    assert_eq!(books.log.len(), before);
    books.must(GatewayOrder::StartService);
    let closed: Vec<_> = books.state.closed_lanes(books.now).map(|lane| (lane.class, lane.until)).collect();
    assert_eq!(closed, [(LaneClass::SpendLimit, until)]);
    assert_eq!(books.state.closed_lanes(until).count(), 0);
    // Another key is another account.
    books.must(provider("a"));
    assert_eq!(books.state.closed_lanes(books.now).count(), 0);
}

#[test]
fn without_a_budget_a_dollar_is_granted_and_with_one_a_part_of_what_is_left() {
    let mut books = Books::new();
    assert_eq!(books.must(open(1, 1, 5)), GatewayAnswer::Granted(NanoUsd::DOLLAR));
    assert_eq!(books.must(open(2, 2, 3 * NanoUsd::DOLLAR.0)), GatewayAnswer::Granted(NanoUsd(3 * NanoUsd::DOLLAR.0)));
    books.budget("agent", NanoUsd::DOLLAR);
    assert_eq!(books.must(open(3, 3, 5)), GatewayAnswer::Granted(NanoUsd(NanoUsd::DOLLAR.0 / 8)));
    // What is small is not divided.
    books.budget(&Scope::Agent(agent(4)).to_string(), NanoUsd(90_000_000));
    assert_eq!(books.must(open(4, 4, 5)), GatewayAnswer::Granted(NanoUsd(90_000_000)));
    // It is asked for again after a lost answer: it is the same one.
    let before = books.log.len();
    assert_eq!(books.must(open(3, 3, 5)), GatewayAnswer::Granted(NanoUsd(NanoUsd::DOLLAR.0 / 8)));
    assert_eq!(books.log.len(), before);
}

#[test]
fn the_narrowest_budget_that_is_used_up_is_named() {
    let mut books = Books::new();
    for of in ["day", "run", "agent"] {
        books.budget(of, NanoUsd(10));
    }
    assert_eq!(books.must(open(1, 1, 100)), GatewayAnswer::Granted(NanoUsd(10)));
    // All of it is set aside: that may pass, and is another refusal.
    let refused = books.give(open(2, 1, 1)).expect_err("nothing is free");
    assert_eq!(refused.kind, RefusalKind::Busy);
    books.must(settle(1, 1, 12));
    let refused = books.give(open(2, 1, 1)).expect_err("used up");
    assert_eq!(refused.kind, RefusalKind::Limit);
    assert!(refused.what.contains("this run is used up: $0.000000012 of $0.00000001"), "{}", refused.what);
    // Another agent still stands under the day's.
    let refused = books.give(open(3, 2, 1)).expect_err("used up");
    assert!(refused.what.contains("the day 2026-03-04"), "{}", refused.what);
    books.budget("day", NanoUsd(100));
    assert_eq!(books.must(open(3, 2, 1)), GatewayAnswer::Granted(NanoUsd(10)), "what its own agent's budget leaves");
}

#[test]
fn a_refusal_calls_an_agent_by_its_name() {
    let mut books = Books::new();
    books.budget("agent", NanoUsd(10));
    books.must(open(1, 1, 1));
    let busy = books.give(open(2, 1, 1)).expect_err("all is set aside");
    assert!(busy.what.contains("the budget of agent ann is set aside"), "{}", busy.what);
    books.must(settle(1, 1, 10));
    let refused = books.give(open(2, 1, 1)).expect_err("used up");
    assert!(refused.what.starts_with("the budget of agent ann is used up"), "{}", refused.what);
    // One whose name is not told is called by its id.
    books.must(open(3, 2, 1));
    books.must(settle(2, 3, 10));
    let refused = books.give(open(4, 2, 1)).expect_err("used up");
    assert!(refused.what.contains(&format!("agent {} is used up", agent(2))), "{}", refused.what);
}

#[test]
fn money_that_nobody_left_open_cannot_be_reconciled() {
    let mut books = Books::new();
    let reconcile = |spent| GatewayOrder::Reconcile { allowance: None, spent: NanoUsd(spent) };
    assert_eq!(books.must(reconcile(0)), GatewayAnswer::Reconciled(Vec::new()));
    assert_eq!(books.give(reconcile(5)).expect_err("for nothing").kind, RefusalKind::Conflict);
    assert_eq!(books.state.total.charged, NanoUsd(0));
}

#[test]
fn a_budget_of_ones_own_is_taken_instead_of_that_of_each() {
    let mut books = Books::new();
    books.budget("agent", NanoUsd(10));
    books.budget(&Scope::Agent(agent(1)).to_string(), NanoUsd(50));
    assert_eq!(books.must(open(1, 1, 1_000)), GatewayAnswer::Granted(NanoUsd(50)));
    assert_eq!(books.must(open(2, 2, 1_000)), GatewayAnswer::Granted(NanoUsd(10)));
}

#[test]
fn what_an_agent_was_hired_with_holds_for_everybody_below_it() {
    let mut books = Books::new();
    let below = |number, caps: u64| GatewayOrder::OpenAllowance {
        allowance: allowance(number),
        payer: payer(2, &[1]),
        wanted: NanoUsd(1_000),
        caps: vec![(agent(1), NanoUsd(caps))],
        names: [(agent(1), "ann".to_owned())].into(),
    };
    assert_eq!(books.must(below(1, 30)), GatewayAnswer::Granted(NanoUsd(30)));
    books.must(settle(1, 1, 30));
    let refused = books.give(below(2, 30)).expect_err("used up");
    assert!(refused.what.contains("the budget of agent ann and everybody below it is used up"), "{}", refused.what);
}

#[test]
fn a_day_ends_at_midnight_in_utc() {
    let mut books = Books::new();
    books.budget("day", NanoUsd(10));
    books.must(open(1, 1, 10));
    books.must(settle(1, 1, 10));
    assert_eq!(books.give(open(2, 1, 1)).expect_err("used up").kind, RefusalKind::Limit);
    books.must(GatewayOrder::CloseAllowances(vec![allowance(1)]));
    books.now += SignedDuration::from_hours(24);
    assert_eq!(books.must(open(2, 1, 1)), GatewayAnswer::Granted(NanoUsd(10)));
}

#[test]
fn what_a_service_left_open_counts_as_spent_until_it_is_reconciled() {
    let mut books = Books::new();
    books.budget("agent", NanoUsd(100));
    books.must(open(1, 1, 100));
    books.must(settle(1, 1, 40));
    let scope = Scope::Agent(agent(1));
    assert_eq!(books.state.spent(&scope), NanoUsd(40));
    let refused = books.give(GatewayOrder::Reconcile { allowance: Some(allowance(1)), spent: NanoUsd(0) });
    assert_eq!(refused.expect_err("it is in use").kind, RefusalKind::Conflict);

    books.must(GatewayOrder::StartService);
    assert_eq!((books.state.spent(&scope), books.state.unsettled(&scope)), (NanoUsd(100), NanoUsd(60)));
    assert!(books.give(open(2, 1, 1)).expect_err("used up").what.contains("$0.00000006 of it were left open"));
    // The gateway that died cannot give it back any more.
    books.must(GatewayOrder::CloseAllowances(vec![allowance(1)]));
    assert_eq!(books.state.spent(&scope), NanoUsd(100));

    let answer = books.must(GatewayOrder::Reconcile { allowance: None, spent: NanoUsd(5) });
    assert_eq!(answer, GatewayAnswer::Reconciled(vec![allowance(1)]));
    assert_eq!((books.state.spent(&scope), books.state.unsettled(&scope)), (NanoUsd(45), NanoUsd(0)));
    assert_eq!(books.must(open(2, 1, 1_000)), GatewayAnswer::Granted(NanoUsd(55)));
}

#[test]
fn a_batch_that_comes_twice_counts_once_and_a_late_call_is_not_lost() {
    let mut books = Books::new();
    books.must(open(1, 1, 5));
    books.must(settle(1, 1, 7));
    books.must(settle(1, 1, 7));
    books.must(GatewayOrder::CloseAllowances(vec![allowance(1), allowance(1)]));
    books.must(settle(2, 1, 3));
    let agents = &books.state.figures[&Scope::Agent(agent(1))];
    assert_eq!((agents.charged, agents.calls), (NanoUsd(10), 2));
    // Of an allowance that nobody knows, the day and the model still get it.
    books.must(settle(3, 99, 4));
    assert_eq!(books.state.total.charged, NanoUsd(14));
    assert_eq!(books.state.models["p/m"].charged, NanoUsd(14));
    assert_eq!(books.state.figures[&Scope::Day("2026-03-04".parse().expect("a date"))].charged, NanoUsd(14));
}

#[test]
fn a_call_of_unknown_price_is_never_free() {
    let mut books = Books::new();
    books.budget("agent", NanoUsd(10));
    books.must(open(1, 1, 10));
    let mut call = line(allowance(1), 0);
    (call.unknown, call.charged) = (1, NanoUsd(10));
    books.must(GatewayOrder::Settle { batch: Uuid::from_u128(1), calls: vec![call] });
    let figures = &books.state.figures[&Scope::Agent(agent(1))];
    assert_eq!((figures.cost, figures.unknown, figures.charged), (NanoUsd(0), 1, NanoUsd(10)));
    assert_eq!(books.give(open(2, 1, 1)).expect_err("used up").kind, RefusalKind::Limit);
}

#[test]
fn no_event_holds_a_key() {
    let mut books = Books::new();
    books.must(provider("a"));
    let Some((_, Event::ProviderSet { provider, .. })) = books.log.first() else { panic!("a provider") };
    assert_eq!(serde_json::to_value(&**provider).expect("plain")["key"], "sealed");
}

#[test]
fn a_call_that_costs_nothing_is_counted_for_its_payer_when_nothing_is_left() {
    let mut books = Books::new();
    books.budget("day", NanoUsd(10));
    books.must(open(1, 1, 10));
    books.must(settle(1, 1, 10));
    assert_eq!(books.give(open(2, 1, 1)).expect_err("it is used up").kind, RefusalKind::Limit);
    assert_eq!(books.must(open(3, 1, 0)), GatewayAnswer::Granted(NanoUsd(0)));
    books.must(settle(2, 3, 0));
    assert_eq!(books.state.figures[&Scope::Agent(agent(1))].calls, 2);
}
