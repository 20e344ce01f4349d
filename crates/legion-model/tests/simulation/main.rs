//! A seeded simulation of whole histories: the keeper, the reconcilers, and a world of shims, agents, people and faults.
//!
//! A failing seed is printed with the end of its trace; `LEGION_SIM_SEED=n` lives it again.

mod audit;
mod bugs;
mod callers;
mod faults;
mod hands;
mod outside;
mod program;
mod quiet;
mod random;
mod service;
mod simulation;
mod tickets;
mod trace;

use std::ops::Range;

use bugs::Bug;
use simulation::Simulation;

/// 5,000 seeds in every run of the tests, in parts that run side by side.
const PART: u64 = 625;
/// The long form, and what is run of it otherwise.
const SOAK: u64 = 100_000;
const SOAK_SHORT: u64 = 200;
/// Seeds after which a long form says how far it is.
const PROGRESS: u64 = 10_000;
/// Seeds within which a planted bug has to be found.
const BUG_SEEDS_MAX: u64 = 1_000;

fn hold(seeds: Range<u64>) {
    let seeds = match std::env::var("LEGION_SIM_SEED") {
        Ok(seed) => {
            let seed: u64 = seed.parse().expect("LEGION_SIM_SEED is a number");
            seed..seed + 1
        }
        Err(_) => seeds,
    };
    let (mut events, mut crashes, mut inspections, mut count) = (0, 0, 0, 0_u64);
    for seed in seeds {
        let ending = Simulation::run(seed, None);
        if let Some(violation) = ending.violation {
            panic!("{}\n\nseed {seed}: {violation}\nagain: LEGION_SIM_SEED={seed}", ending.tail);
        }
        assert!(u64::from(ending.crashes) >= faults::CRASHES_MIN, "seed {seed} had {} crashes", ending.crashes);
        events += ending.events;
        crashes += ending.crashes;
        inspections += ending.inspections;
        count += 1;
        if count % PROGRESS == 0 {
            println!("{count} seeds hold");
        }
    }
    println!("{count} seeds: {events} events, {crashes} crashes, {inspections} inspections");
}

#[test]
fn histories_hold_part_1() {
    hold(0..PART);
}

#[test]
fn histories_hold_part_2() {
    hold(PART..2 * PART);
}

#[test]
fn histories_hold_part_3() {
    hold(2 * PART..3 * PART);
}

#[test]
fn histories_hold_part_4() {
    hold(3 * PART..4 * PART);
}

#[test]
fn histories_hold_part_5() {
    hold(4 * PART..5 * PART);
}

#[test]
fn histories_hold_part_6() {
    hold(5 * PART..6 * PART);
}

#[test]
fn histories_hold_part_7() {
    hold(6 * PART..7 * PART);
}

#[test]
fn histories_hold_part_8() {
    hold(7 * PART..8 * PART);
}

#[test]
fn histories_hold_in_a_soak() {
    let count = if std::env::var_os("LEGION_SOAK").is_some() { SOAK } else { SOAK_SHORT };
    hold(1_000_000..1_000_000 + count);
}

#[test]
fn the_same_seed_is_the_same_history() {
    for seed in 2_000_000..2_000_200 {
        assert_eq!(Simulation::run(seed, None).hash, Simulation::run(seed, None).hash, "seed {seed}");
    }
}

#[test]
fn every_planted_bug_is_found() {
    let mut missed = Vec::new();
    for bug in Bug::ALL {
        match (0..BUG_SEEDS_MAX).find_map(|seed| Some((seed, Simulation::run(seed, Some(bug)).violation?))) {
            Some((seed, violation)) => println!("{bug:?}: seed {seed}: {violation}"),
            None => missed.push(bug),
        }
    }
    assert!(missed.is_empty(), "not found within {BUG_SEEDS_MAX} seeds: {missed:?}");
}
