use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::{
    attempt::Stage,
    change::Change,
    group::Group,
    ticket::{BoardTicket, Standing},
    verdict::BoardVerdict,
};

/// Noteworthy changes that are kept to be shown.
const NEWS_MAX: usize = 50;

/// A commit of the target branch, with the command lines that its tree had to pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Commit {
    pub id: String,
    /// None for commits of the person.
    pub ticket: Option<u32>,
    pub gates: Vec<String>,
}

/// What is counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub gate_runs: u32,
    pub gate_ms: u64,
    /// Gates whose answer for the same tree was known.
    pub gate_hits: u32,
}

/// What the merge queue is at.
#[derive(Debug, Clone)]
pub(super) struct Landing {
    pub id: String,
    pub ticket: Option<u32>,
    /// As the event has them, in their order.
    pub gates: Vec<Value>,
    /// Places of those that ran.
    pub ran: BTreeSet<usize>,
    /// Ids of those that failed.
    pub failed: BTreeSet<String>,
}

/// The tickets of a session, as far as events told.
#[derive(Debug, Clone)]
pub(crate) struct Board {
    pub session: String,
    /// The branch that results are merged to.
    pub target: String,
    pub workers: u32,
    pub tickets: BTreeMap<u32, BoardTicket>,
    pub tally: Tally,
    /// First commit first.
    pub commits: Vec<Commit>,
    /// Newest last.
    pub news: VecDeque<Change>,
    pub(super) only: Option<BTreeSet<u32>>,
    pub(super) landing: Option<Landing>,
    /// Whose costs count for which ticket.
    pub(super) agents: HashMap<String, u32>,
    pub(super) began_at: Option<Timestamp>,
    pub(super) last_at: Option<Timestamp>,
}

impl Board {
    /// A board without tickets.
    pub(crate) fn new(session: &str, target: &str, workers: u32) -> Self {
        Self {
            session: session.to_owned(),
            target: target.to_owned(),
            workers,
            tickets: BTreeMap::new(),
            tally: Tally::default(),
            commits: Vec::new(),
            news: VecDeque::new(),
            only: None,
            landing: None,
            agents: HashMap::new(),
            began_at: None,
            last_at: None,
        }
    }

    /// Shows these tickets and no others.
    pub(crate) fn only(&mut self, tickets: BTreeSet<u32>) {
        self.tickets.retain(|number, _| tickets.contains(number));
        self.only = Some(tickets);
    }

    /// Adds a ticket, or takes what is said of it now for what was known.
    pub(crate) fn add(&mut self, ticket: BoardTicket) {
        if self.only.as_ref().is_none_or(|only| only.contains(&ticket.number)) {
            self.tickets.insert(ticket.number, ticket);
        }
    }

    /// Tickets whose agents work, by number.
    pub(crate) fn running(&self) -> impl Iterator<Item = u32> {
        let running = |ticket: &&BoardTicket| ticket.standing == Standing::Open(Stage::Running);
        self.tickets.values().filter(running).map(|ticket| ticket.number)
    }

    /// What an agent does now, in its own words.
    pub(crate) fn set_activity(&mut self, ticket: u32, activity: Option<String>) {
        if let Some(ticket) = self.tickets.get_mut(&ticket) {
            ticket.activity = activity;
        }
    }

    pub(super) fn note(&mut self, change: Change) {
        if self.news.len() == NEWS_MAX {
            self.news.pop_front();
        }
        self.news.push_back(change);
    }

    /// From the first to the last thing that happened; to the present while something goes on.
    pub(crate) fn elapsed(&self, now: Timestamp) -> SignedDuration {
        let until = if self.verdict() == BoardVerdict::Going { Some(now) } else { self.last_at };
        let elapsed = self.began_at.zip(until).map(|(began, until)| until.duration_since(began));
        elapsed.unwrap_or_default().max(SignedDuration::ZERO)
    }

    /// In dollars, when any agent said what it cost.
    pub(crate) fn cost_usd(&self) -> Option<f64> {
        let known: Vec<u64> = self.tickets.values().filter_map(|ticket| ticket.cost_micro_usd).collect();
        (!known.is_empty()).then(|| known.iter().sum::<u64>() as f64 / 1e6)
    }

    /// Tickets in each group, in the order in which groups are shown.
    pub(crate) fn counts(&self) -> BTreeMap<Group, usize> {
        let mut counts = BTreeMap::new();
        for ticket in self.tickets.values() {
            *counts.entry(ticket.standing.group()).or_default() += 1;
        }
        counts
    }

    /// Those that a ticket waits for. One that the board does not have counts as done.
    pub(crate) fn unmet<'a>(&'a self, ticket: &'a BoardTicket) -> impl Iterator<Item = u32> + 'a {
        let is_open = |number: &u32| self.tickets.get(number).is_some_and(|upstream| !upstream.standing.is_done());
        ticket.after.iter().copied().filter(is_open)
    }
}
