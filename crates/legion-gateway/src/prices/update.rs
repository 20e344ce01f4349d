//! The prices of a running gateway: read at its start, fetched when a person says so, and the person's own file whenever it changes.
//!
//! A table that is fetched is read to its end and checked before it replaces anything: whatever goes wrong, the old one stays.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, RwLock};
use std::time::Duration;

use jiff::Timestamp;

use crate::prices::known::KnownPrices;
use crate::prices::litellm::{self, ListError};
use crate::prices::overlay::Overlay;
use crate::prices::table::PriceTable;
use crate::upstream::{AddressError, DownloadError, download};
use crate::whole_file;

/// The public list of prices of the LiteLLM project (MIT).
pub const LITELLM_LIST: &str =
    "https://raw.githubusercontent.com/BerriAI/litellm/main/model_prices_and_context_window.json";
/// Bytes of a list. The public one has three million.
const LIST_BYTES_MAX: usize = 8 * 1024 * 1024;
/// How long fetching may take, all in all.
const FETCH_PATIENCE: Duration = Duration::from_secs(60);
/// Characters of a source's name that are kept.
const SOURCE_CHARS_MAX: usize = 300;

/// Where a new table comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NewPrices {
    /// `https`, or `http` on this machine.
    Url(String),
    /// The list itself, and what it is called.
    Text { text: String, name: String },
}

/// A table that was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PricesUpdated {
    pub source: String,
    pub date: String,
    /// Models with a price.
    pub models: usize,
    /// Models that had none before.
    pub added: usize,
    /// Models that have another one than before.
    pub changed: usize,
}

/// Why a table was not taken. The one before is still there.
#[derive(Debug, thiserror::Error)]
pub enum PricesError {
    #[error("no prices are fetched: {0}")]
    Address(AddressError),
    #[error("the list of prices at `{url}` could not be fetched: {why}")]
    Fetch { url: String, why: String },
    #[error("the list of prices from `{source_name}` is not taken: {source}")]
    List { source_name: String, source: ListError },
    #[error("the list of prices from `{source_name}` is longer than {max} bytes", max = LIST_BYTES_MAX)]
    Long { source_name: String },
    #[error("failed to keep the prices in `{}`", path.display())]
    Write { path: PathBuf, source: io::Error },
}

/// By which a change of the person's file is noticed.
type Stamp = (u64, i64, i64, u64);

/// The prices of a gateway.
pub(crate) struct Prices {
    table_path: PathBuf,
    known: RwLock<Arc<KnownPrices>>,
    /// The person's file as it was read last; None: there was none.
    stamp: Mutex<Option<Stamp>>,
    /// One update at a time.
    updating: tokio::sync::Mutex<()>,
}

impl Prices {
    /// Reads what is there. Files that cannot be used are told of, and left.
    pub(crate) fn open(data_dir: &Path) -> Self {
        let (table_path, overlay_path) = (data_dir.join("prices.json"), data_dir.join("prices.toml"));
        let mut problems = Vec::new();
        let updated = stored(&table_path).unwrap_or_else(|problem| {
            tracing::warn!(%problem, "the prices that were fetched are not used");
            problems.push(problem);
            None
        });
        let known = KnownPrices {
            overlay: Arc::default(),
            overlay_path,
            updated: updated.map(Arc::new),
            shipped: PriceTable::shipped(),
            problems,
        };
        let prices = Self {
            table_path,
            known: RwLock::new(Arc::new(known)),
            stamp: Mutex::default(),
            updating: tokio::sync::Mutex::default(),
        };
        prices.look();
        prices
    }

    /// What is known now.
    pub(crate) fn known(&self) -> Arc<KnownPrices> {
        self.known.read().unwrap_or_else(std::sync::PoisonError::into_inner).clone()
    }

    /// Reads the person's file again if it has changed. One that cannot be used changes nothing but what is told.
    pub(crate) fn look(&self) {
        let known = self.known();
        let now = fs::metadata(&known.overlay_path)
            .ok()
            .map(|file| (file.ino(), file.mtime(), file.mtime_nsec(), file.size()));
        let mut stamp = lock(&self.stamp);
        if *stamp == now {
            return;
        }
        *stamp = now;
        let read = Overlay::open(&known.overlay_path);
        self.change(|known| {
            known.problems.retain(|problem| !problem.starts_with(OVERLAY_PROBLEM));
            match read {
                Ok(overlay) => known.overlay = Arc::new(overlay.unwrap_or_default()),
                Err(error) => {
                    let problem = format!("{OVERLAY_PROBLEM}{error}");
                    tracing::warn!(%problem, "the person's prices are not read");
                    known.problems.push(problem);
                }
            }
        });
    }

    /// Takes a new table. Calls that begin from now on are counted by it.
    pub(crate) async fn update(&self, from: NewPrices, now: Timestamp) -> Result<PricesUpdated, PricesError> {
        let _one = self.updating.lock().await;
        let (list, name) = match from {
            NewPrices::Text { text, name } => (text.into_bytes(), name),
            NewPrices::Url(url) => (fetch(&url).await?, url),
        };
        let name: String = name.chars().filter(|char| !char.is_control()).take(SOURCE_CHARS_MAX).collect();
        if list.len() > LIST_BYTES_MAX {
            return Err(PricesError::Long { source_name: name });
        }
        let date = now.to_string().chars().take_while(|char| *char != 'T').collect();
        let table = litellm::read(&list, name.clone(), date)
            .map_err(|source| PricesError::List { source_name: name, source })?;
        self.keep(&table)?;
        let told = self.compared(&table);
        self.change(|known| {
            known.problems.retain(|problem| problem.starts_with(OVERLAY_PROBLEM));
            known.updated = Some(Arc::new(table));
        });
        tracing::info!(source = %told.source, models = told.models, changed = told.changed, "prices were updated");
        Ok(told)
    }

    fn compared(&self, table: &PriceTable) -> PricesUpdated {
        let known = self.known();
        let before = known.of_sellers();
        let (mut added, mut changed) = (0, 0);
        for (seller, model, card) in table.iter() {
            match before.get(&(seller, model)) {
                None => added += 1,
                Some(old) if (old.card.price, &old.card.tiers) != (card.price, &card.tiers) => changed += 1,
                Some(_) => {}
            }
        }
        PricesUpdated { source: table.source.clone(), date: table.date.clone(), models: table.len(), added, changed }
    }

    /// Whole or not at all: a crash may not leave half a file.
    fn keep(&self, table: &PriceTable) -> Result<(), PricesError> {
        let fail = |source| PricesError::Write { path: self.table_path.clone(), source };
        let text = serde_json::to_vec(table).map_err(|error| fail(error.into()))?;
        whole_file::replace(&self.table_path, &text).map_err(fail)
    }

    fn change(&self, change: impl FnOnce(&mut KnownPrices)) {
        let mut known = self.known.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        let mut next = (**known).clone();
        change(&mut next);
        *known = Arc::new(next);
    }
}

/// How a problem with the person's file begins.
const OVERLAY_PROBLEM: &str = "not used: ";

/// The table that was fetched last, or what is wrong with it.
fn stored(path: &Path) -> Result<Option<PriceTable>, String> {
    const REMEDY: &str = "the shipped ones count; `legion prices update` fetches them again";
    match fs::read_to_string(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => {
            Err(format!("failed to read the prices that were fetched, `{}`: {error}; {REMEDY}", path.display()))
        }
        Ok(text) => PriceTable::read(&text)
            .map(Some)
            .map_err(|_| format!("the prices that were fetched, `{}`, are damaged; {REMEDY}", path.display())),
    }
}

async fn fetch(url: &str) -> Result<Vec<u8>, PricesError> {
    let fail = |why: String| PricesError::Fetch { url: url.to_owned(), why };
    let fetched = tokio::time::timeout(FETCH_PATIENCE, download(url, LIST_BYTES_MAX)).await;
    let fetched = fetched.map_err(|_| fail(format!("it took longer than {} s", FETCH_PATIENCE.as_secs())))?;
    match fetched {
        Ok(bytes) => Ok(bytes.to_vec()),
        // The address is not repeated: it may hold a password.
        Err(DownloadError::Address(error)) => Err(PricesError::Address(error)),
        Err(error) => Err(fail(error.to_string())),
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
