//! How agents can be held on this machine: each tier is tried, and each resource.

use std::path::Path;

use legion_cli::{DOCTOR_ANSWER_MAX, Probe};
use legion_engine::{ContainmentConfig, self_test};
use legion_sandbox::{Extent, Means, Resource, Tier, Verdict};

use crate::probe::{good, note, warning};

/// The name of the groups that are made for the look.
const GROUPS: &str = "doctor";
const _: () = assert!(Extent::Quick.limit().as_millis() <= DOCTOR_ANSWER_MAX.as_millis(), "it is a part of the whole");

/// Tries every tier with real attempts, inside and outside; within the time of `legion doctor`.
pub(crate) async fn tiers(config: &ContainmentConfig, legion: &Path) -> Vec<Probe> {
    let report = self_test(config, legion).run(Extent::Quick).await;
    let mut probes = Vec::new();
    for found in &report.tiers {
        let name = format!("tier {}", found.tier);
        probes.push(match &found.verdict {
            Verdict::Works => {
                let shown = found.rows.iter().filter(|row| row.shown()).count();
                let what = found.tier.description();
                good(&name, format!("works: {shown} of {} attempts held; {what}", found.rows.len()))
            }
            // Agents are hired in the strongest tier when nothing else is said: without it a hire is refused.
            Verdict::Fails { why, fix } if found.tier == Tier::Full => warning(&name, why.clone(), fix),
            Verdict::Fails { why, fix } => note(&name, why.clone(), fix),
        });
    }
    let strongest =
        report.strongest().map_or_else(|| "no other works here".to_owned(), |tier| format!("`{tier}` works here"));
    let detail = format!("{}; only when asked for by name, and {strongest}", Tier::None.description());
    probes.push(good(&format!("tier {}", Tier::None), detail));
    probes
}

/// Looks by what memory, processes, CPU and trees are held.
pub(crate) fn resources() -> Probe {
    let found = legion_sandbox::detect(GROUPS);
    let detail = found.to_string().replace('\n', "; ");
    let held = Resource::ALL.into_iter().all(|resource| !matches!(found.of(resource), Means::Watched(_)));
    let probe = match found.hint() {
        Some(hint) if !held => note("resources", detail, hint),
        _ => good("resources", detail),
    };
    found.remove();
    probe
}
