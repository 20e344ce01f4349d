//! Which tiers hold on this machine: tried once, and remembered as long as nothing that decides it changes.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use legion_model::Tier;
use legion_sandbox::{Extent, Report, SelfTest, Verdict};
use serde::{Deserialize, Serialize};
use tokio::sync::OnceCell;

use crate::error::EngineError;

/// A busy machine may need more than one try to answer in time.
const TRIES: u32 = 3;

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
    found: OnceCell<Vec<Found>>,
}

impl Tiers {
    pub fn new(test: SelfTest, file: PathBuf) -> Self {
        Self { test, file, found: OnceCell::new() }
    }

    /// Refuses a tier that does not hold here, and says which one does.
    ///
    /// # Errors
    /// With why, how to mend it, and the strongest tier that works.
    pub async fn check(&self, tier: Tier) -> Result<(), EngineError> {
        if tier == Tier::None {
            return Ok(());
        }
        let found = self.found.get_or_init(|| self.find()).await;
        let Some((why, fix)) = found.iter().find(|known| known.tier == tier).and_then(|known| known.fails.clone())
        else {
            return Ok(());
        };
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
