//! Which tiers hold on this machine: tried once, and remembered as long as nothing that decides it changes.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use legion_model::Tier;
use legion_runtime::{Clock as _, SystemClock};
use legion_sandbox::{Extent, Report, SelfTest, Verdict};
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;

use crate::error::EngineError;

/// A busy machine may need more than one try to answer in time.
const TRIES: u32 = 3;
/// What failed may have been mended: it is tried again when somebody asks for it, and not more often than this.
const AGAIN_AFTER_MS: u64 = 20_000;

/// What was found about one tier.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Found {
    tier: Tier,
    /// Why it does not work, and how to mend it.
    fails: Option<(String, String)>,
}

/// What was found, and on what it depends.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Remembered {
    on: String,
    found: Vec<Found>,
}

pub(super) struct Tiers {
    test: SelfTest,
    file: PathBuf,
    clock: SystemClock,
    again_after_ms: u64,
    /// What was found last, and when on the monotonic clock. Whoever asks meanwhile waits for the same answer.
    found: Mutex<Option<(Vec<Found>, u64)>>,
}

impl Tiers {
    pub fn new(test: SelfTest, file: PathBuf) -> Self {
        Self { test, file, clock: SystemClock::new(), again_after_ms: AGAIN_AFTER_MS, found: Mutex::new(None) }
    }

    /// Refuses a tier that does not hold here, and says which one does.
    ///
    /// # Errors
    /// With why, how to mend it, and the strongest tier that works.
    pub async fn check(&self, tier: Tier) -> Result<(), EngineError> {
        if tier == Tier::None {
            return Ok(());
        }
        let found = self.known(tier).await;
        let Some((why, mut fix)) = found.iter().find(|known| known.tier == tier).and_then(|known| known.fails.clone())
        else {
            return Ok(());
        };
        if tier == Tier::Full && self.test.tools.bwrap.is_none() {
            // It is looked for once.
            fix.push_str(" and start the service again");
        }
        let works =
            found.iter().filter(|known| known.fails.is_none()).map(|known| known.tier).max().unwrap_or(Tier::None);
        let held = if works == Tier::None { ", by which nothing is held" } else { "" };
        Err(EngineError::DriverUnavailable {
            what: format!("agents cannot be held in tier `{tier}` on this machine: {why}"),
            hint: format!("{fix}; or ask for the tier that works here{held}: `--tier {works}`"),
        })
    }

    /// The strongest tier that works; `none` when no other does.
    pub async fn strongest(&self) -> Tier {
        for tier in [Tier::Full, Tier::Landlock] {
            if self.check(tier).await.is_ok() {
                return tier;
            }
        }
        Tier::None
    }

    /// What is known, with an answer about `tier` that is not older than it may be.
    async fn known(&self, tier: Tier) -> Vec<Found> {
        let mut known = self.found.lock().await;
        if let Some((found, at_ms)) = known.as_ref() {
            let fails = found.iter().any(|known| known.tier == tier && known.fails.is_some());
            if !fails || self.clock.mono_ms() < at_ms.saturating_add(self.again_after_ms) {
                return found.clone();
            }
        }
        let mut found = self.find().await;
        // What held before is not tried for the sake of another one.
        let held = known.as_ref().map(|(found, _)| found.as_slice()).unwrap_or_default();
        for known in &mut found {
            if held.iter().any(|held| held.tier == known.tier && held.fails.is_none()) {
                known.fails = None;
            }
        }
        *known = Some((found.clone(), self.clock.mono_ms()));
        found
    }

    async fn find(&self) -> Vec<Found> {
        let on = self.depends_on();
        if let Ok(text) = fs::read(&self.file)
            && let Ok(remembered) = serde_json::from_slice::<Remembered>(&text)
            && remembered.on == on
        {
            return remembered.found;
        }
        let mut found = Vec::new();
        for _ in 0..TRIES {
            let report = self.test.run(Extent::Patient).await;
            found = of_report(&report);
            if found.iter().all(|known| known.fails.is_none()) {
                // Only what works is remembered: what does not may be mended.
                let text = serde_json::to_vec(&Remembered { on, found: found.clone() });
                if let Err(error) = text.map_err(std::io::Error::other).and_then(|text| fs::write(&self.file, text)) {
                    tracing::debug!(%error, "the result of the self-test is not remembered");
                }
                return found;
            }
        }
        for known in found.iter().filter(|known| known.fails.is_some()) {
            tracing::warn!(tier = %known.tier, why = ?known.fails, "a tier does not work here");
        }
        found
    }

    /// Kernel, boot, bubblewrap, and our own program.
    fn depends_on(&self) -> String {
        let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
        let bwrap = self.test.tools.bwrap.as_deref().map(file_mark).unwrap_or_default();
        format!("{} {bwrap} {} {:?}", kernel.trim(), file_mark(&self.test.tools.helper), self.test.account)
    }
}

/// Changes when the file is another one.
fn file_mark(path: &Path) -> String {
    let mark = |metadata: fs::Metadata| format!("{}:{}:{}", metadata.len(), metadata.mtime(), metadata.ino());
    format!("{}:{}", path.display(), fs::metadata(path).map(mark).unwrap_or_default())
}

fn of_report(report: &Report) -> Vec<Found> {
    let of = |tier: Tier| {
        let found = report.of(sandbox_tier(tier)).map(|found| &found.verdict);
        let fails = match found {
            Some(Verdict::Works) => None,
            Some(Verdict::Fails { why, fix }) => Some((why.clone(), fix.clone())),
            None => Some(("it was not tried".to_owned(), "report this".to_owned())),
        };
        Found { tier, fails }
    };
    [Tier::Full, Tier::Landlock].map(of).into()
}

/// The same tier in the words of the crate that makes it.
pub(super) fn sandbox_tier(tier: Tier) -> legion_sandbox::Tier {
    match tier {
        Tier::Full => legion_sandbox::Tier::Full,
        Tier::Landlock => legion_sandbox::Tier::Landlock,
        Tier::None => legion_sandbox::Tier::None,
    }
}

#[cfg(test)]
mod tests {
    use legion_sandbox::Tools;

    use super::*;

    #[tokio::test]
    async fn a_tier_that_failed_is_tried_again_when_it_is_asked_for_and_not_at_once() {
        let dir = tempfile::tempdir().unwrap();
        // Nothing can be tried with this helper.
        let tools = Tools { helper: "/bin/false".into(), bwrap: Some("/bin/false".into()) };
        let test = SelfTest { tools, account: None, scratch: dir.path().to_owned() };
        let mut tiers = Tiers::new(test, dir.path().join("self-test.json"));
        assert!(tiers.check(Tier::Full).await.is_err());
        // Mended: the next look says so.
        let found = [Tier::Full, Tier::Landlock].map(|tier| Found { tier, fails: None }).into();
        let mended = Remembered { on: tiers.depends_on(), found };
        fs::write(&tiers.file, serde_json::to_vec(&mended).unwrap()).unwrap();
        assert!(tiers.check(Tier::Full).await.is_err(), "it was looked at a moment ago");
        tiers.again_after_ms = 0;
        tiers.check(Tier::Full).await.unwrap();
        assert_eq!(tiers.strongest().await, Tier::Full);
    }
}
