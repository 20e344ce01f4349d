//! How long a plan of 10,000 tickets takes to check, in shapes that people write and in shapes made to be slow.
//!
//! `cargo bench -p legion-model --bench plan` prints a line for each: `name: value (limit)`.

use std::hint::black_box;
use std::time::Instant;

use legion_model::plan::{Known, PlanSpec, TicketFields, TicketSpec, UpstreamSpec, bounds, check};

/// Milliseconds that any of them may take.
const MILLISECONDS_MAX: f64 = 100.0;
const ROUNDS: u32 = 5;

fn main() {
    measure("10,000 tickets in modules with checkpoints", &plan(modules));
    measure(
        "10,000 tickets in one chain on one file",
        &plan(|at| ticket(at, &previous(at, 1), &["src/main.rs".to_owned()])),
    );
    measure(
        "10,000 tickets, each with a wildcard of its own",
        &plan(|at| ticket(at, &[], &[format!("**/*{at}*/x?{at}[a-z]*.rs")])),
    );
    measure("10,000 tickets on all files", &plan(|at| ticket(at, &[], &["**".to_owned()])));
    measure(
        "10,000 tickets on all files, one chain but for the last",
        &plan(|at| {
            let after = if at + 1 == bounds::TICKETS_MAX { Vec::new() } else { previous(at, 1) };
            ticket(at, &after, &["**".to_owned()])
        }),
    );
    measure(
        "10,000 tickets, each after 100 others",
        &plan(|at| ticket(at, &previous(at, 100), &["src/**".to_owned()])),
    );
}

fn measure(name: &str, plan: &PlanSpec) {
    let best = (0..ROUNDS).map(|_| {
        let start = Instant::now();
        black_box(check(black_box(plan), &Known::default())).expect("a plan without problems");
        start.elapsed().as_secs_f64() * 1_000.0
    });
    let best = best.fold(f64::INFINITY, f64::min);
    println!("{name}: {best:.1} ms (at most {MILLISECONDS_MAX} ms)");
    assert!(best < MILLISECONDS_MAX, "{name} takes too long");
}

fn plan(ticket: impl Fn(usize) -> TicketSpec) -> PlanSpec {
    PlanSpec { tickets: (0..bounds::TICKETS_MAX).map(ticket).collect(), ..PlanSpec::default() }
}

/// Nine tickets with files of their own and a checkpoint behind them; the next module waits for the checkpoint.
fn modules(at: usize) -> TicketSpec {
    let (module, place) = (at / 10, at % 10);
    let checkpoint = (module * 10).checked_sub(1).map(|at| format!("t{at}"));
    if place < 9 {
        let files = [
            format!("src/m{module}/part{place}.rs"),
            format!("src/m{module}/part{place}/**/*.rs"),
            format!("tests/m{module}_{place}.rs"),
        ];
        return ticket(at, &checkpoint.into_iter().collect::<Vec<_>>(), &files);
    }
    let mut last = ticket(at, &previous(at, 9), &[]);
    last.fields.checkpoint = Some(true);
    last.fields.gate = Some(vec!["cargo test".to_owned()]);
    last
}

fn previous(at: usize, count: usize) -> Vec<String> {
    (at.saturating_sub(count)..at).map(|at| format!("t{at}")).collect()
}

fn ticket(at: usize, after: &[String], files: &[String]) -> TicketSpec {
    TicketSpec {
        key: format!("t{at}"),
        title: Some(format!("Part {at}")),
        prompt: Some("Write it as the context says. ".repeat(20)),
        after: after.iter().map(|key| UpstreamSpec::from(key.as_str())).collect(),
        fields: TicketFields {
            criteria: Some(vec!["its tests pass".to_owned()]),
            files: Some(files.to_vec()),
            ..TicketFields::default()
        },
    }
}
