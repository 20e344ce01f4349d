//! What the model takes for plans of 1,000 and 10,000 tickets, and how long a plan takes beside what list scheduling reaches.
//!
//! `cargo bench -p legion-model --bench tickets` prints a line for each: `name: value (limit)`.

use std::hint::black_box;
use std::time::Instant;

use legion_model::TicketOrder;
use legion_model::graph::{Graph, Priority};
use legion_model::tickets::{NewTicket, Overlap, SessionSettings, TicketSpec, Whys};

use case::{Case, new, session, spec, workers};
use makespan::{forty, makespan};

#[expect(dead_code, reason = "the tests use what the bench does not")]
#[path = "../tests/tickets/case.rs"]
mod case;
#[path = "../tests/tickets/makespan.rs"]
mod makespan;

const MANY: usize = 10_000;
const FEW: usize = 1_000;
/// Milliseconds for one decision, of the 100 that a dispatch has.
const DECISION_MS_MAX: f64 = 10.0;
/// Milliseconds for all of 10,000 tickets: what a person waits for.
const ALL_MS_MAX: f64 = 100.0;
/// Milliseconds to add 10,000 tickets.
const ADD_MS_MAX: f64 = 1_000.0;
const MAKESPAN_MAX: f64 = 1.05;
const ROUNDS: usize = 20;

fn main() {
    for (shape, plan) in SHAPES {
        let (case, add_ms) = added(plan(MANY), Overlap::Warn);
        show(&format!("{shape}: to add 10,000 tickets"), add_ms, ADD_MS_MAX);
        let start = Instant::now();
        let mut whys = Whys::new(&case.state);
        for ticket in case.state.board.tickets.values() {
            black_box(whys.of(ticket));
        }
        show(&format!("{shape}: why of each of 10,000 tickets"), milliseconds(start), ALL_MS_MAX);
        for overlap in [Overlap::Warn, Overlap::Hold] {
            let [few, many] = [FEW, MANY].map(|count| decision(plan(count), overlap));
            show(&format!("{shape}, {overlap:?}: to dispatch one of 1,000"), few, DECISION_MS_MAX);
            show(&format!("{shape}, {overlap:?}: to dispatch one of 10,000"), many, DECISION_MS_MAX);
            println!("{shape}, {overlap:?}: ten times the tickets take {:.1} times as long", many / few);
        }
    }
    let graph = Graph::new(forty()).expect("no circles");
    for (name, durations) in
        [("fixed", vec![60_000; 40]), ("varied", (0..40).map(|n| 20_000 + n * 7_919 % 60_000).collect::<Vec<u64>>())]
    {
        let took = makespan(&forty(), &durations, 8) as f64;
        let listed = graph.list_schedule(&durations, 8, Priority::Listed).makespan as f64;
        let bound = graph.lower_bound(&durations, 8) as f64;
        println!("40 tickets, 8 workers, {name} durations: {:.3} of the lower bound of any schedule", took / bound);
        show(&format!("40 tickets, 8 workers, {name} durations: over list scheduling"), took / listed, MAKESPAN_MAX);
    }
}

fn show(name: &str, value: f64, most: f64) {
    println!("{name}: {value:.2} (at most {most})");
    assert!(value <= most, "{name}: {value} is more than {most}");
}

fn milliseconds(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1_000.0
}

type Shape = (&'static str, fn(usize) -> Vec<NewTicket>);

const SHAPES: &[Shape] = &[("modules", modules), ("one chain", chain), ("side by side", beside)];

fn ticket(index: usize, after: &[usize]) -> NewTicket {
    let files = vec![format!("src/m{}/part{index}.rs", index / 10), format!("tests/part{index}/**/*.rs")];
    new(TicketSpec { files, ..spec(&format!("t{index}")) }, after)
}

/// Nine tickets and one behind them; the next nine wait for that one.
fn modules(count: usize) -> Vec<NewTicket> {
    (0..count)
        .map(|index| {
            let first = index / 10 * 10;
            let after: Vec<usize> = match index % 10 {
                9 => (first..index).collect(),
                _ => first.checked_sub(1).into_iter().collect(),
            };
            ticket(index, &after)
        })
        .collect()
}

fn chain(count: usize) -> Vec<NewTicket> {
    (0..count).map(|index| ticket(index, &index.checked_sub(1).into_iter().collect::<Vec<_>>())).collect()
}

fn beside(count: usize) -> Vec<NewTicket> {
    (0..count).map(|index| ticket(index, &[])).collect()
}

fn added(plan: Vec<NewTicket>, overlap: Overlap) -> (Case, f64) {
    let mut case = Case::new(SessionSettings { overlap, ..workers(8) });
    let start = Instant::now();
    case.add(plan);
    let ms = milliseconds(start);
    (case, ms)
}

/// Milliseconds of the step in which one ticket is stopped and another one begins in its place.
fn decision(plan: Vec<NewTicket>, overlap: Overlap) -> f64 {
    let (mut case, _) = added(plan, overlap);
    let mut best = f64::INFINITY;
    for _ in 0..ROUNDS {
        let Some(open) = case.state.board.open.first().copied() else { break };
        let start = Instant::now();
        case.done(TicketOrder::Stop { tickets: vec![open] });
        best = best.min(milliseconds(start));
    }
    black_box(session());
    best
}
