//! The self-test itself.

use std::path::PathBuf;
use std::time::Duration;

use legion_runtime::{Clock as _, SystemClock};

use super::diagnosis;
use super::facts::Facts;
use super::report::{Report, Row, TierReport, Verdict};
use super::round::{FAREWELL_MAX, Round, RoundError, Seen};
use crate::confinement::Account;
use crate::launch::Tools;
use crate::probe::{GRANTED, Kind, Outcome, PROBES, Probe};
use crate::tier::Tier;

/// How long the whole of a quick self-test may take: somebody waits for it, and was told three seconds.
const QUICK_MAX: Duration = Duration::from_millis(2_500);
const _: () = assert!(QUICK_MAX.as_millis() + FAREWELL_MAX.as_millis() <= 3_000, "with clearing up, three seconds");
/// How long the same may take where much depends on it and nobody counts: on a busy machine a start of a program takes its time.
const PATIENT_MAX: Duration = Duration::from_secs(6);
const WHOLE_MAX: Duration = Duration::from_secs(30);

/// How much is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// One attempt of each kind; within three seconds.
    Quick,
    /// The same, with time for a busy machine.
    Patient,
    /// Every probe.
    Whole,
}

impl Extent {
    /// How long a self-test may take before what is not done is given up; clearing up comes on top.
    pub const fn limit(self) -> Duration {
        match self {
            Self::Quick => QUICK_MAX,
            Self::Patient => PATIENT_MAX,
            Self::Whole => WHOLE_MAX,
        }
    }
}

/// Tries which tiers this machine can have, for agents that run under `account`.
#[derive(Clone, Debug)]
pub struct SelfTest {
    pub tools: Tools,
    /// As in a confinement: `None` is the service's own user. A service that is root must name one.
    pub account: Option<Account>,
    /// Where directories are made for the test: one that `account` can reach, as the system's temporary directory.
    pub scratch: PathBuf,
}

impl SelfTest {
    /// Tries every tier but `none`, at the same time, and each attempt outside too. Changes nothing that stays.
    pub async fn run(&self, extent: Extent) -> Report {
        let clock = SystemClock::new();

        let facts = Facts::gather();
        let limit = extent.limit();
        let round = |tier| Round { test: self, tier, extent, limit };
        let (control, full, landlock) = (round(None), round(Some(Tier::Full)), round(Some(Tier::Landlock)));
        let (control, full, landlock) = tokio::join!(control.run(), full.run(), landlock.run());
        let tiers = [(Tier::Full, full), (Tier::Landlock, landlock)];
        let tiers = tiers.into_iter().map(|(tier, inside)| judge((tier, extent, limit), &facts, &control, inside));
        let tiers = tiers.collect();
        Report { tiers, took: Duration::from_millis(clock.mono_ms()) }
    }
}

/// Which of the probes are tried.
pub(super) fn chosen(extent: Extent) -> impl Iterator<Item = &'static Probe> {
    PROBES.iter().filter(move |probe| probe.quick || extent == Extent::Whole)
}

fn judge(
    (tier, extent, limit): (Tier, Extent, Duration),
    facts: &Facts,
    control: &Result<Seen, RoundError>,
    inside: Result<Seen, RoundError>,
) -> TierReport {
    let failed = |verdict| TierReport { tier, verdict, rows: Vec::new() };
    let inside = match inside {
        Ok(inside) => inside,
        Err(RoundError::NoBubblewrap) => return failed(diagnosis::without_bubblewrap()),
        Err(RoundError::TooSlow) => return failed(diagnosis::too_slow(tier, limit)),
        Err(error) => return failed(diagnosis::not_made(tier, &error.to_string(), facts)),
    };
    let control = match control {
        Ok(control) => control,
        Err(RoundError::TooSlow) => return failed(diagnosis::too_slow(Tier::None, limit)),
        Err(error) => return failed(diagnosis::not_made(Tier::None, &error.to_string(), facts)),
    };
    let rows = rows(tier, extent, facts, control, &inside);
    TierReport { tier, verdict: verdict(tier, facts, &rows, &inside), rows }
}

fn rows(tier: Tier, extent: Extent, facts: &Facts, control: &Seen, inside: &Seen) -> Vec<Row> {
    let row = |probe: &'static Probe| Row {
        probe: probe.name,
        promised: probe.is_promised(tier, facts.landlock, false),
        control: control.outcome(probe),
        inside: inside.outcome(probe),
    };
    chosen(extent).map(row).collect()
}

fn verdict(tier: Tier, facts: &Facts, rows: &[Row], inside: &Seen) -> Verdict {
    // A prober that did not come to its end shows nothing: often it never began.
    if rows.iter().any(|row| row.inside == Outcome::Untried) {
        return diagnosis::not_made(tier, &inside.errors, facts);
    }
    let escaped: Vec<&str> = chosen(Extent::Whole)
        .filter(|probe| rows.iter().any(|row| row.probe == probe.name && row.escaped()))
        .map(|probe| probe.what)
        .collect();
    if !escaped.is_empty() {
        return diagnosis::escaped(&escaped);
    }
    let denied: Vec<&str> =
        GRANTED.iter().filter(|probe| inside.outcome(probe) != Outcome::Done).map(|probe| probe.what).collect();
    if !denied.is_empty() {
        return diagnosis::denied(&denied, &inside.errors);
    }
    let shown = rows.iter().filter(|row| row.promised && row.shown()).count();
    let promised = rows.iter().filter(|row| row.promised).count();
    if shown * 2 < promised {
        return diagnosis::not_shown(shown, promised);
    }
    // Many of one kind say nothing of another.
    let is_shown = |kind| {
        let of_kind = PROBES.iter().filter(|probe| probe.kind == kind);
        of_kind.into_iter().any(|probe| rows.iter().any(|row| row.probe == probe.name && row.promised && row.shown()))
    };
    match Kind::ALL.into_iter().find(|kind| !is_shown(*kind)) {
        Some(kind) => diagnosis::kind_not_shown(kind.name()),
        None => Verdict::Works,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::probe::Attempt;

    fn judged(fails_outside: impl Fn(&Probe) -> bool) -> Verdict {
        let refused = || Outcome::Refused("no".to_owned());
        let row = |probe: &'static Probe| Row {
            probe: probe.name,
            promised: true,
            control: if fails_outside(probe) { refused() } else { Outcome::Done },
            inside: refused(),
        };
        let rows: Vec<Row> = chosen(Extent::Quick).map(row).collect();
        let granted = GRANTED.iter().map(|probe| Attempt { probe: probe.name.to_owned(), outcome: Outcome::Done });
        let inside = Seen { attempts: granted.collect(), errors: String::new() };
        verdict(Tier::Full, &Facts::default(), &rows, &inside)
    }

    #[test]
    fn a_tier_works_only_where_something_of_each_kind_is_shown() {
        assert_eq!(judged(|_| false), Verdict::Works);
        for kind in Kind::ALL {
            let found = judged(|probe| probe.kind == kind);
            assert!(matches!(&found, Verdict::Fails { why, .. } if why.contains(kind.name())), "{kind:?}: {found:?}");
            // One of them is enough.
            let first = chosen(Extent::Quick).find(|probe| probe.kind == kind).unwrap().name;
            assert_eq!(judged(|probe| probe.kind == kind && probe.name != first), Verdict::Works, "{kind:?}");
        }
        assert!(matches!(judged(|_| true), Verdict::Fails { why, .. } if why.contains("only 0 of")));
    }
}
