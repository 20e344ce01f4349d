//! Whether another agent may start now. Pure: what is free, what runs, and what this kind of agent was seen to take.

use std::collections::VecDeque;

/// What is taken for an agent of which nothing is known yet: about what a coding agent on Node takes.
const UNKNOWN_BYTES: u64 = 400 << 20;
/// No estimate is below this: what was seen may have been a start that failed.
const ESTIMATE_BYTES_MIN: u64 = 32 << 20;
/// How many peaks of a kind are kept.
const PEAKS_KEPT: usize = 32;
/// Kept free for the machine: this part of its memory, within these bounds.
const RESERVE_PART: u64 = 10;
const RESERVE_BYTES_MIN: u64 = 256 << 20;
const RESERVE_BYTES_MAX: u64 = 4 << 30;
/// From this share of time in which somebody waits for memory on, nothing new starts.
const PRESSURE_PERCENT_MAX: f32 = 10.0;

/// How the machine is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Machine {
    pub memory_bytes: u64,
    pub available_bytes: u64,
    /// The share of the last ten seconds in which a program waited for memory; `None` where the kernel does not say.
    pub pressure_percent: Option<f32>,
}

/// An agent that runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Running {
    /// What it takes now.
    pub bytes: u64,
    /// What its kind was seen to take: it may yet grow to that.
    pub estimate_bytes: u64,
}

/// What agents of one kind were seen to take.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Footprint {
    peaks: VecDeque<u64>,
}

/// Whether it may start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    Start,
    /// Not before others have ended: so much is missing.
    NoMemory {
        missing_bytes: u64,
    },
    /// Not before the machine has caught breath.
    Pressure,
}

impl Footprint {
    /// Takes in the most that one agent of the kind took.
    pub fn saw(&mut self, peak_bytes: u64) {
        if self.peaks.len() == PEAKS_KEPT {
            self.peaks.pop_front();
        }
        self.peaks.push_back(peak_bytes);
    }

    /// Returns what the next one will take: all but the largest tenth of those seen took less.
    pub fn estimate_bytes(&self) -> u64 {
        let mut peaks: Vec<u64> = self.peaks.iter().copied().collect();
        peaks.sort_unstable();
        let place = (peaks.len() * 9 / 10).min(peaks.len().saturating_sub(1));
        peaks.get(place).copied().unwrap_or(UNKNOWN_BYTES).max(ESTIMATE_BYTES_MIN)
    }
}

impl Machine {
    /// Returns the memory that is kept free when nothing else is said.
    pub fn reserve_bytes(&self) -> u64 {
        (self.memory_bytes / RESERVE_PART).clamp(RESERVE_BYTES_MIN, RESERVE_BYTES_MAX)
    }
}

/// Says whether an agent may start that will take `estimate_bytes`, while `reserve_bytes` of the machine's memory stay free. One
/// that is alone may always: an estimate never keeps everything from running.
pub fn admit(machine: Machine, running: &[Running], estimate_bytes: u64, reserve_bytes: u64) -> Admission {
    if running.is_empty() {
        return Admission::Start;
    }
    // What runs was let in with its estimate, and has not taken all of it yet.
    let growth: u64 = running.iter().map(|agent| agent.estimate_bytes.saturating_sub(agent.bytes)).sum();
    let needed = reserve_bytes.saturating_add(growth).saturating_add(estimate_bytes);
    match needed.saturating_sub(machine.available_bytes) {
        0 if machine.pressure_percent.is_some_and(|percent| percent >= PRESSURE_PERCENT_MAX) => Admission::Pressure,
        0 => Admission::Start,
        missing_bytes => Admission::NoMemory { missing_bytes },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GIB: u64 = 1 << 30;

    /// With what is kept free when nothing is said.
    fn admitted(machine: Machine, running: &[Running], estimate_bytes: u64) -> Admission {
        admit(machine, running, estimate_bytes, machine.reserve_bytes())
    }

    fn machine(available_bytes: u64) -> Machine {
        Machine { memory_bytes: 24 * GIB, available_bytes, pressure_percent: Some(0.0) }
    }

    #[test]
    fn fifty_agents_of_the_usual_size_start_at_once_on_twenty_four_gibibytes() {
        let mut running = Vec::new();
        let estimate = 350 << 20;
        while admitted(machine(22 * GIB), &running, estimate) == Admission::Start {
            running.push(Running { bytes: 0, estimate_bytes: estimate });
        }
        assert!((50..70).contains(&running.len()), "{}", running.len());
    }

    #[test]
    fn a_start_waits_for_what_is_missing_and_for_the_machine() {
        let running = [Running { bytes: GIB, estimate_bytes: 3 * GIB }];
        // Of 24 GiB 2.4 are kept; 2 may still be taken; 1 is asked for.
        let waits = admitted(machine(5 * GIB), &running, GIB);
        let missing = 24 * GIB / 10 + 2 * GIB + GIB - 5 * GIB;
        assert_eq!(waits, Admission::NoMemory { missing_bytes: missing });
        assert_eq!(admitted(machine(5 * GIB + missing), &running, GIB), Admission::Start);
        let pressed = Machine { pressure_percent: Some(10.0), ..machine(20 * GIB) };
        assert_eq!(admitted(pressed, &running, GIB), Admission::Pressure);
        assert_eq!(admitted(Machine { pressure_percent: None, ..machine(20 * GIB) }, &running, GIB), Admission::Start);
        let most = admit(machine(20 * GIB), &running, GIB, 24 * GIB);
        assert_eq!(most, Admission::NoMemory { missing_bytes: 7 * GIB });
    }

    #[test]
    fn one_that_is_alone_always_starts() {
        let full = Machine { pressure_percent: Some(90.0), ..machine(0) };
        assert_eq!(admitted(full, &[], 10 * GIB), Admission::Start);
    }

    #[test]
    fn what_was_seen_becomes_the_estimate_and_a_single_giant_does_not() {
        let mut seen = Footprint::default();
        assert_eq!(seen.estimate_bytes(), UNKNOWN_BYTES);
        seen.saw(1);
        assert_eq!(seen.estimate_bytes(), ESTIMATE_BYTES_MIN);
        for _ in 0..30 {
            seen.saw(200 << 20);
        }
        seen.saw(20 * GIB);
        assert_eq!(seen.estimate_bytes(), 200 << 20);
        for _ in 0..PEAKS_KEPT {
            seen.saw(GIB);
        }
        assert_eq!(seen.estimate_bytes(), GIB);
    }
}
