//! What a self-test found.

use std::fmt;
use std::time::Duration;

use crate::probe::{Outcome, PROBES};
use crate::tier::Tier;

/// What a self-test found.
#[derive(Clone, Debug)]
pub struct Report {
    /// From the strongest tier to the weakest that was tried; `none` is not tried.
    pub tiers: Vec<TierReport>,
    pub took: Duration,
}

/// What it found about one tier.
#[derive(Clone, Debug)]
pub struct TierReport {
    pub tier: Tier,
    pub verdict: Verdict,
    /// Every attempt, in the order of [`PROBES`]; none when the tier did not come about.
    pub rows: Vec<Row>,
}

/// Whether a tier can be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    Works,
    Fails { why: String, fix: String },
}

/// One attempt, inside and outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    pub probe: &'static str,
    /// Whether the tier promises to hold it.
    pub promised: bool,
    /// The same attempt outside.
    pub control: Outcome,
    pub inside: Outcome,
}

impl Row {
    /// Whether the tier broke its promise.
    pub fn escaped(&self) -> bool {
        self.promised && self.inside == Outcome::Done
    }

    /// Whether the attempt shows something: it succeeds outside, and is refused inside.
    pub fn shown(&self) -> bool {
        self.control == Outcome::Done && matches!(self.inside, Outcome::Refused(_))
    }
}

impl Report {
    /// Returns the strongest tier that works; `none` is never offered.
    pub fn strongest(&self) -> Option<Tier> {
        self.tiers.iter().filter(|tier| tier.verdict == Verdict::Works).map(|tier| tier.tier).max()
    }

    pub fn of(&self, tier: Tier) -> Option<&TierReport> {
        self.tiers.iter().find(|report| report.tier == tier)
    }
}

impl TierReport {
    /// Returns the attempts that got out though the tier promises to hold them.
    pub fn escapes(&self) -> impl Iterator<Item = &Row> {
        self.rows.iter().filter(|row| row.escaped())
    }

    /// Returns a table of every attempt, for a person.
    pub fn table(&self) -> String {
        use std::fmt::Write as _;
        let mut text = format!("{:<22} {:<10} {:<14} {}\n", "attempt", "outside", self.tier.name(), "what");
        for row in &self.rows {
            let what = PROBES.iter().find(|probe| probe.name == row.probe).map_or("", |probe| probe.what);
            let inside = match (&row.inside, row.promised) {
                (Outcome::Done, true) => "ESCAPED",
                (Outcome::Done, false) => "not held",
                (Outcome::Refused(_), _) => "held",
                (Outcome::Impossible(_), _) => "impossible",
                (Outcome::Untried, _) => "untried",
            };
            let outside = match row.control {
                Outcome::Done => "done",
                Outcome::Refused(_) => "refused",
                Outcome::Impossible(_) => "impossible",
                Outcome::Untried => "untried",
            };
            // Writing to a string cannot fail.
            let _ = writeln!(text, "{:<22} {outside:<10} {inside:<14} {what}", row.probe);
        }
        text
    }
}

/// In a line what works, or why not and how to mend it.
impl fmt::Display for TierReport {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.verdict {
            Verdict::Works => {
                let shown = self.rows.iter().filter(|row| row.shown()).count();
                write!(
                    formatter,
                    "{}: works; {shown} of {} attempts held that succeed outside",
                    self.tier,
                    self.rows.len()
                )
            }
            Verdict::Fails { why, fix } => write!(formatter, "{}: {why}\nhint: {fix}", self.tier),
        }
    }
}
