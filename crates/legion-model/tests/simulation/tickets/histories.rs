//! The histories that are run, and the planted bugs that they find.

use std::ops::Range;

use super::bugs::Bug;
use super::history::History;

/// 5,000 seeds in every run of the tests, in parts that run side by side.
const PART: u64 = 625;
/// The long form, and what is run of it otherwise.
const SOAK: u64 = 100_000;
const SOAK_SHORT: u64 = 200;
/// Seeds after which a long form says how far it is.
const PROGRESS: u64 = 10_000;
/// Seeds within which a planted bug has to be found.
const BUG_SEEDS_MAX: u64 = 400;

fn hold(seeds: Range<u64>) {
    let seeds = match std::env::var("LEGION_SIM_SEED") {
        Ok(seed) => {
            let seed: u64 = seed.parse().expect("LEGION_SIM_SEED is a number");
            seed..seed + 1
        }
        Err(_) => seeds,
    };
    let (mut events, mut crashes, mut tickets, mut merged, mut count) = (0, 0, 0, 0, 0_u64);
    for seed in seeds {
        let ending = History::run(seed, None);
        if let Some(violation) = ending.violation {
            panic!("{}\n\nseed {seed}: {violation}\nagain: LEGION_SIM_SEED={seed}", ending.tail);
        }
        events += ending.events;
        crashes += ending.crashes;
        tickets += ending.tickets;
        merged += ending.merged;
        count += 1;
        if count % PROGRESS == 0 {
            println!("{count} seeds hold");
        }
    }
    println!("{count} seeds: {events} events, {crashes} crashes, {tickets} tickets, {merged} merges");
}

#[test]
fn histories_of_tickets_hold_part_1() {
    hold(0..PART);
}

#[test]
fn histories_of_tickets_hold_part_2() {
    hold(PART..2 * PART);
}

#[test]
fn histories_of_tickets_hold_part_3() {
    hold(2 * PART..3 * PART);
}

#[test]
fn histories_of_tickets_hold_part_4() {
    hold(3 * PART..4 * PART);
}

#[test]
fn histories_of_tickets_hold_part_5() {
    hold(4 * PART..5 * PART);
}

#[test]
fn histories_of_tickets_hold_part_6() {
    hold(5 * PART..6 * PART);
}

#[test]
fn histories_of_tickets_hold_part_7() {
    hold(6 * PART..7 * PART);
}

#[test]
fn histories_of_tickets_hold_part_8() {
    hold(7 * PART..8 * PART);
}

#[test]
fn histories_of_tickets_hold_in_a_soak() {
    let count = if std::env::var_os("LEGION_SOAK").is_some() { SOAK } else { SOAK_SHORT };
    hold(1_000_000..1_000_000 + count);
}

#[test]
fn the_same_seed_is_the_same_history_of_tickets() {
    for seed in 2_000_000..2_000_100 {
        assert_eq!(
            History::run_traced(seed, None, true).hash,
            History::run_traced(seed, None, true).hash,
            "seed {seed}"
        );
    }
}

#[test]
fn every_planted_bug_of_tickets_is_found() {
    let mut missed = Vec::new();
    for bug in Bug::ALL {
        match (0..BUG_SEEDS_MAX).find_map(|seed| Some((seed, History::run(seed, Some(bug)).violation?))) {
            Some((seed, violation)) => println!("{bug:?}: seed {seed}: {violation}"),
            None => missed.push(bug),
        }
    }
    assert!(missed.is_empty(), "not found within {BUG_SEEDS_MAX} seeds: {missed:?}");
}
