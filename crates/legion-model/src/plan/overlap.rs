//! Tickets that mean to touch the same files with nothing to order them.
//!
//! Plans may have ten thousand tickets, so not every pair is looked at: tickets with the same glob are taken together, only globs
//! of which one begins as the other are compared, and all work has a bound. Where that was reached, the result says so.

use std::collections::{HashMap, HashSet};

use crate::glob::{Glob, overlaps};
use crate::graph::{Ancestors, Graph};

use super::bounds::{OVERLAP_SENTENCES_MAX, OVERLAPS_MAX};
use super::checked::CheckedTicket;
use super::phrase::{listed, quoted};

/// Two tickets, by their places in the plan, and the globs by which they meet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OverlapPair {
    pub first: usize,
    pub second: usize,
    pub first_glob: String,
    pub second_glob: String,
}

/// Steps of comparing globs, some nanoseconds each.
const COMPARING_MAX: u64 = 6_000_000;

/// Pairs of tickets that are looked up.
const PAIRS_MAX: u64 = 4_000_000;

/// What was found, and whether all was looked at.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) overlaps: Vec<OverlapPair>,
    pub(super) is_whole: bool,
}

/// A glob with the tickets that declare it.
struct Declared<'a> {
    glob: &'a Glob,
    /// In rising order, none twice.
    tickets: Vec<usize>,
}

struct Search<'a> {
    graph: &'a Graph,
    declared: Vec<Declared<'a>>,
    /// Made when first needed: most plans have no overlap at all.
    ancestors: Option<Ancestors>,
    seen: HashSet<(usize, usize)>,
    found: Vec<OverlapPair>,
    comparing_left: u64,
    pairs_left: u64,
}

/// The overlaps of tickets whose globs are `files`, in the order of their globs.
pub(super) fn find(files: &[&[Glob]], graph: &Graph) -> Found {
    let mut search = Search {
        graph,
        declared: declared(files),
        ancestors: None,
        seen: HashSet::new(),
        found: Vec::new(),
        comparing_left: COMPARING_MAX,
        pairs_left: PAIRS_MAX,
    };
    let is_whole = search.run().is_some();
    Found { overlaps: search.found, is_whole }
}

fn declared<'a>(files: &[&'a [Glob]]) -> Vec<Declared<'a>> {
    let mut places: HashMap<&str, usize> = HashMap::new();
    let mut declared: Vec<Declared<'_>> = Vec::new();
    for (ticket, globs) in files.iter().enumerate() {
        for glob in *globs {
            let place = *places.entry(glob.as_str()).or_insert(declared.len());
            match declared.get_mut(place) {
                None => declared.push(Declared { glob, tickets: vec![ticket] }),
                Some(same) if same.tickets.last() == Some(&ticket) => {}
                Some(same) => same.tickets.push(ticket),
            }
        }
    }
    declared
}

impl Search<'_> {
    /// `None` when a bound was reached.
    fn run(&mut self) -> Option<()> {
        for glob in 0..self.declared.len() {
            if self.declared[glob].tickets.len() > 1 {
                self.relate(glob, glob)?;
            }
        }
        let mut prefixes: Vec<(String, usize)> = Vec::new();
        for (place, declared) in self.declared.iter().enumerate() {
            prefixes.extend(declared.glob.prefixes().map(|prefix| (prefix, place)));
        }
        prefixes.sort_unstable();
        prefixes.dedup();
        let mut compared = HashSet::new();
        // In this order all texts that the current one begins with are a stack.
        let mut stack: Vec<usize> = Vec::new();
        for (at, (prefix, glob)) in prefixes.iter().enumerate() {
            while stack.last().is_some_and(|top| !prefix.starts_with(prefixes[*top].0.as_str())) {
                stack.pop();
            }
            for shorter in &stack {
                let other = prefixes[*shorter].1;
                let (low, high) = (other.min(*glob), other.max(*glob));
                if low == high {
                    continue;
                }
                self.comparing_left = self.comparing_left.checked_sub(COMPARISON)?;
                if compared.insert((low, high)) {
                    self.compare(low, high)?;
                }
            }
            stack.push(at);
        }
        Some(())
    }

    fn compare(&mut self, low: usize, high: usize) -> Option<()> {
        let (left, right) = (self.declared[low].glob, self.declared[high].glob);
        self.comparing_left = self.comparing_left.checked_sub(left.weight() * right.weight())?;
        if overlaps(left, right) { self.relate(low, high) } else { Some(()) }
    }

    /// Notes the pairs of tickets of two globs that have a path in common.
    fn relate(&mut self, low: usize, high: usize) -> Option<()> {
        let ancestors = self.ancestors.get_or_insert_with(|| Ancestors::of(self.graph));
        let (left, right) = (&self.declared[low], &self.declared[high]);
        if is_chain(ancestors, &left.tickets, &right.tickets) {
            return Some(());
        }
        for first in &left.tickets {
            for second in &right.tickets {
                if low == high && second <= first {
                    continue;
                }
                self.pairs_left = self.pairs_left.checked_sub(1)?;
                if first == second || ancestors.are_ordered(*first, *second) {
                    continue;
                }
                if self.seen.contains(&(*first.min(second), *first.max(second))) {
                    continue;
                }
                if self.found.len() == OVERLAPS_MAX {
                    return None;
                }
                self.seen.insert((*first.min(second), *first.max(second)));
                let (mut one, mut two) = ((*first, left.glob), (*second, right.glob));
                if one.0 > two.0 {
                    std::mem::swap(&mut one, &mut two);
                }
                self.found.push(OverlapPair {
                    first: one.0,
                    second: two.0,
                    first_glob: one.1.as_str().to_owned(),
                    second_glob: two.1.as_str().to_owned(),
                });
            }
        }
        Some(())
    }
}

/// What a look at a pair of globs costs before they are compared.
const COMPARISON: u64 = 4;

/// Whether each of the tickets waits for the one before it: then all of them are ordered, and no pair has to be looked at.
fn is_chain(ancestors: &Ancestors, left: &[usize], right: &[usize]) -> bool {
    let mut all: Vec<usize> = left.iter().chain(right).copied().collect();
    all.sort_unstable_by_key(|ticket| ancestors.place(*ticket));
    all.dedup();
    all.windows(2).all(|pair| ancestors.waits_for(pair[1], pair[0]))
}

/// What to tell a person about the overlaps: a sentence for each pair of globs, and how many are left out.
pub(super) fn sentences(tickets: &[CheckedTicket], found: &Found) -> Vec<String> {
    let mut groups: Vec<(&str, &str, Vec<usize>)> = Vec::new();
    let mut places: HashMap<(&str, &str), usize> = HashMap::new();
    for overlap in &found.overlaps {
        let (mut one, mut two) = (overlap.first_glob.as_str(), overlap.second_glob.as_str());
        if one > two {
            std::mem::swap(&mut one, &mut two);
        }
        let place = *places.entry((one, two)).or_insert_with(|| {
            groups.push((one, two, Vec::new()));
            groups.len() - 1
        });
        groups[place].2.extend([overlap.first, overlap.second]);
    }
    let mut sentences = Vec::new();
    for (one, two, group) in groups.iter_mut().take(OVERLAP_SENTENCES_MAX) {
        group.sort_unstable();
        group.dedup();
        let names = listed(group.iter().map(|at| tickets[*at].key.as_str()), group.len(), NAMES_SHOWN);
        let globs = if one == two { quoted(one) } else { format!("{} and {}", quoted(one), quoted(two)) };
        sentences.push(format!("tickets {names} mean to touch the same files ({globs}), and no `after` orders them"));
    }
    if groups.len() > OVERLAP_SENTENCES_MAX {
        sentences.push(format!("{} more pairs of globs overlap", groups.len() - OVERLAP_SENTENCES_MAX));
    }
    if !found.is_whole {
        sentences
            .push("there are more `files` than are compared here, so more tickets may touch the same ones".to_owned());
    }
    sentences
}

/// Tickets that one sentence names.
const NAMES_SHOWN: usize = 8;
