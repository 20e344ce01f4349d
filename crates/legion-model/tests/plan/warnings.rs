use legion_model::plan::{CheckedPlan, PlanSpec, SessionSpec, TicketSpec, bounds};

use crate::build::{accepted, plan, texts, ticket, touching};

fn sentences(plan: &CheckedPlan) -> Vec<&str> {
    plan.warnings.iter().map(|warning| warning.sentence.as_str()).collect()
}

fn warned(tickets: Vec<TicketSpec>) -> Vec<String> {
    sentences(&accepted(&plan(tickets))).into_iter().map(str::to_owned).collect()
}

#[test]
fn tickets_that_touch_the_same_files_side_by_side_are_named() {
    let said = warned(vec![
        touching("a", &[], &["src/api/mod.rs"]),
        touching("b", &[], &["src/api/mod.rs", "docs/"]),
        touching("c", &["a"], &["src/api/mod.rs"]),
        touching("d", &[], &["src/**/*.rs"]),
        touching("e", &["d"], &["src/**/*.rs"]),
        touching("f", &[], &["tests/**"]),
    ]);
    assert_eq!(
        said,
        [
            "tickets `a`, `b` and `c` mean to touch the same files (`src/api/mod.rs`), and no `after` orders them",
            "tickets `a`, `b`, `c`, `d` and `e` mean to touch the same files (`src/**/*.rs` and `src/api/mod.rs`), and no `after` orders them",
        ]
    );
}

#[test]
fn tickets_that_the_graph_orders_may_touch_the_same_files() {
    assert!(
        warned(vec![
            touching("a", &[], &["src/"]),
            ticket("between", &["a"]),
            touching("b", &["between"], &["src/db/*.rs"]),
            touching("c", &["b"], &["src/db/schema.rs"]),
        ])
        .is_empty()
    );
}

#[test]
fn each_pair_of_tickets_is_kept_once_with_its_globs() {
    let plan = accepted(&plan(vec![
        touching("a", &[], &["src/a/", "src/a/x.rs", "lib/*.rs"]),
        touching("b", &[], &["src/**", "lib/a?.rs"]),
    ]));
    assert_eq!(plan.overlaps.len(), 1);
    assert_eq!((plan.overlaps[0].first, plan.overlaps[0].second), (0, 1));
}

#[test]
fn a_chain_of_any_length_on_one_file_has_no_overlap() {
    let chain = (0..bounds::TICKETS_MAX)
        .map(|at| {
            let before = at.checked_sub(1).map(|before| before.to_string());
            touching(
                &at.to_string(),
                &before.iter().map(String::as_str).collect::<Vec<_>>(),
                &["src/main.rs", "src/*.rs"],
            )
        })
        .collect();
    let plan = accepted(&plan(chain));
    assert!(plan.overlaps.is_empty());
    assert_eq!(
        sentences(&plan),
        ["10000 of 10000 tickets form one chain; more workers will not make it faster, fewer `after` would"]
    );
}

#[test]
fn overlaps_without_end_are_cut_off_and_said_to_be() {
    let tickets = (0..2_000).map(|at| touching(&at.to_string(), &[], &["src/**"])).collect();
    let plan = accepted(&plan(tickets));
    assert_eq!(plan.overlaps.len(), bounds::OVERLAPS_MAX);
    assert!(sentences(&plan)[0].contains("`6`, `7` and 993 more mean to touch"), "{:?}", sentences(&plan));
    assert!(sentences(&plan)[1].starts_with("there are more `files` than are compared here"), "{:?}", sentences(&plan));
}

#[test]
fn prompts_that_are_very_long_are_told() {
    let mut long = ticket("long", &[]);
    long.fields.context = Some("x".repeat(bounds::PROMPT_BYTES_WARN + 1));
    let said = warned(vec![long, ticket("short", &[])]);
    assert_eq!(said.len(), 1);
    assert!(said[0].starts_with("prompt, context and plan have more than 64 KiB (up to 64 KiB) in `long`"), "{said:?}");
}

#[test]
fn what_can_have_no_effect_is_told() {
    let mut check = ticket("check", &[]);
    (check.fields.checkpoint, check.fields.gate) = (Some(true), Some(texts(&["make"])));
    check.fields.worker = Some(3);
    let session = SessionSpec { workers: Some(2), group_caps: [("db".to_owned(), 1)].into(), ..SessionSpec::default() };
    let plan = accepted(&PlanSpec { session, ..plan(vec![check]) });
    assert_eq!(
        sentences(&plan),
        [
            "no `after` in checkpoint `check`; it checks what is there before anything is done",
            "`group_caps` has `db`, but no ticket is in such a group",
            "the session has 2 workers; any of them takes `check`",
        ]
    );
}
