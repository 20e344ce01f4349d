//! What the person trusts: the very content of files, by its hash and its name, wherever it lies.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use legion_model::AuditEntry;
use legion_runtime::DataDir;
use legion_sandbox::open_regular;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::masks::NAMES;
use crate::engine::Engine;
use crate::error::EngineError;

/// Bytes, and files and directories, that are read to know a content by its hash; what is larger is not trusted.
const BYTES_MAX: u64 = 16 * 1024 * 1024;
const FILES_MAX: usize = 1_000;

/// Contents that the person trusts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Trusted {
    /// `<name> <hash>`, and where it was when it was trusted.
    contents: BTreeMap<String, PathBuf>,
}

/// A content that is trusted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustedContent {
    /// Its name below a working directory.
    pub name: String,
    pub hash: String,
    /// Where it was when it was trusted.
    pub path: PathBuf,
}

/// Where they are kept.
#[derive(Debug)]
pub(super) struct TrustFile {
    path: PathBuf,
    /// Held while it is changed.
    changing: Mutex<()>,
}

impl Trusted {
    /// Whether what lies at `path` now is trusted under `name`.
    pub fn holds(&self, name: &str, path: &Path) -> bool {
        !self.contents.is_empty() && entry(name, path).is_ok_and(|entry| self.contents.contains_key(&entry))
    }

    fn list(&self) -> Vec<TrustedContent> {
        self.contents.iter().filter_map(|(entry, path)| content(entry, path)).collect()
    }
}

impl TrustFile {
    pub fn at(path: PathBuf) -> Self {
        Self { path, changing: Mutex::default() }
    }

    /// What is trusted now. Nothing when the file is missing or damaged.
    pub fn read(&self) -> Trusted {
        fs::read(&self.path).ok().and_then(|text| serde_json::from_slice(&text).ok()).unwrap_or_default()
    }

    fn change(&self, data_dir: &DataDir, change: impl FnOnce(&mut Trusted)) -> Result<(), EngineError> {
        let _changing = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut trusted = self.read();
        change(&mut trusted);
        let text = serde_json::to_vec_pretty(&trusted).map_err(EngineError::internal)?;
        data_dir.replace(&self.path, &text).map_err(EngineError::internal)
    }
}

impl Engine {
    /// What the person trusts.
    pub fn trusted(&self) -> Vec<TrustedContent> {
        self.inner.containment.trust.read().list()
    }

    /// Trusts what configures agent programs at the absolute path as it is now: one such file, or all of them in a directory. Returns it.
    ///
    /// # Errors
    /// When nothing of the kind is there, or it cannot be known by a hash.
    pub async fn trust(&self, path: &Path) -> Result<Vec<TrustedContent>, EngineError> {
        let at = path.to_owned();
        let entries = off_the_runtime(move || entries(&at)).await??;
        // Before it counts: what is used was entered.
        self.enter_trust(path, entries.keys(), true).await?;
        let inner = &self.inner;
        inner.containment.trust.change(&inner.data_dir, |trusted| trusted.contents.extend(entries.clone()))?;
        Ok(Trusted { contents: entries }.list())
    }

    /// Ends the trust in what was trusted at the absolute path or below it, and in what is there now. Returns what was trusted.
    ///
    /// # Errors
    /// When nothing of it is trusted.
    pub async fn distrust(&self, path: &Path) -> Result<Vec<TrustedContent>, EngineError> {
        let at = path.to_owned();
        let now = off_the_runtime(move || entries(&at)).await?.unwrap_or_default();
        let mut gone = self.inner.containment.trust.read();
        gone.contents.retain(|entry, known| known.starts_with(path) || now.contains_key(entry));
        if gone.contents.is_empty() {
            let what = format!("nothing at `{}` is trusted", path.display());
            let refusal = legion_model::Refusal::new(legion_model::RefusalKind::NotFound, what);
            return Err(refusal.hint("`legion trust --list` shows what is").into());
        }
        let inner = &self.inner;
        let ended = |trusted: &mut Trusted| trusted.contents.retain(|entry, _| !gone.contents.contains_key(entry));
        inner.containment.trust.change(&inner.data_dir, ended)?;
        self.enter_trust(path, gone.contents.keys(), false).await?;
        Ok(gone.list())
    }

    async fn enter_trust(
        &self,
        path: &Path,
        contents: impl Iterator<Item = &String>,
        trusted: bool,
    ) -> Result<(), EngineError> {
        let path = path.to_string_lossy().into_owned();
        self.audit(None, AuditEntry::TrustSet { path, contents: contents.cloned().collect(), trusted }).await
    }
}

/// Reading may take a disk its time.
async fn off_the_runtime<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, EngineError> {
    tokio::task::spawn_blocking(work).await.map_err(EngineError::internal)
}

fn content(entry: &str, path: &Path) -> Option<TrustedContent> {
    let (name, hash) = entry.rsplit_once(' ')?;
    Some(TrustedContent { name: name.to_owned(), hash: hash.to_owned(), path: path.to_owned() })
}

/// What is at `path`: its entries, and where each is.
fn entries(path: &Path) -> Result<BTreeMap<String, PathBuf>, EngineError> {
    let mut entries = BTreeMap::new();
    for (name, path) in found(path)? {
        let entry = entry(name, &path).map_err(|error| {
            invalid(format!("`{}` cannot be trusted: {error}", path.display()))
                .hint("it is a file, or a directory of files without links in it")
        })?;
        entries.insert(entry, path);
    }
    Ok(entries)
}

fn found(path: &Path) -> Result<Vec<(&'static str, PathBuf)>, EngineError> {
    let all: Vec<_> = match NAMES.into_iter().find(|name| path.ends_with(name)) {
        Some(name) => vec![(name, path.to_owned())],
        None => NAMES.into_iter().map(|name| (name, path.join(name))).collect(),
    };
    let found: Vec<_> = all.into_iter().filter(|(_, path)| says_something(path)).collect();
    if found.is_empty() {
        return Err(invalid(format!("nothing that configures agent programs is at `{}`", path.display()))
            .hint(format!("such are {}", NAMES.join(", ")))
            .into());
    }
    Ok(found)
}

/// Whether something is there. An empty directory says nothing, and may be what keeps the name from an agent.
fn says_something(path: &Path) -> bool {
    match fs::read_dir(path) {
        Ok(mut entries) => entries.next().is_some(),
        Err(_) => path.exists(),
    }
}

fn invalid(what: String) -> legion_model::Refusal {
    legion_model::Refusal::new(legion_model::RefusalKind::Invalid, what)
}

fn entry(name: &str, path: &Path) -> io::Result<String> {
    let mut hash = Sha256::new();
    let mut left = (BYTES_MAX, FILES_MAX);
    add(&mut hash, path, Path::new(""), &mut left)?;
    let hash: String = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(format!("{name} {hash}"))
}

/// Names and contents, in order. A link is refused: what it leads to can change without it.
fn add(hash: &mut Sha256, path: &Path, below: &Path, left: &mut (u64, usize)) -> io::Result<()> {
    if left.1 == 0 {
        return Err(io::Error::other("it is too large"));
    }
    left.1 -= 1;
    if fs::symlink_metadata(path)?.is_dir() {
        let mut names =
            fs::read_dir(path)?.map(|entry| entry.map(|entry| entry.file_name())).collect::<Result<Vec<_>, _>>()?;
        names.sort();
        for name in names {
            add(hash, &path.join(&name), &below.join(&name), left)?;
        }
        return Ok(());
    }
    let mut content = Vec::new();
    let file = open_regular(path).map_err(|error| io::Error::other(format!("`{}` in it: {error}", path.display())))?;
    file.take(left.0 + 1).read_to_end(&mut content)?;
    let bytes = content.len() as u64;
    if bytes > left.0 {
        return Err(io::Error::other("it is too large"));
    }
    left.0 -= bytes;
    let name = below.as_os_str().as_encoded_bytes();
    for part in [name, &content] {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_is_trusted_and_not_a_name_or_a_place() {
        let dir = tempfile::tempdir().unwrap();
        let path = |name: &str| dir.path().join(name);
        for name in ["a/.codex/x", "b/.codex/x"] {
            fs::create_dir_all(path(name).parent().unwrap()).unwrap();
            fs::write(path(name), "one").unwrap();
        }
        let mut trusted = Trusted::default();
        trusted.contents.insert(entry(".codex", &path("a/.codex")).unwrap(), path("a/.codex"));
        assert!(trusted.holds(".codex", &path("b/.codex")), "the same content elsewhere");
        assert!(!trusted.holds(".mcp.json", &path("b/.codex")));
        assert!(!trusted.holds(".codex", &path("missing")));
        fs::write(path("b/.codex/y"), "").unwrap();
        assert!(!trusted.holds(".codex", &path("b/.codex")), "one file more");
        fs::write(path("a/.codex/x"), "two").unwrap();
        assert!(!trusted.holds(".codex", &path("a/.codex")), "another content");
        std::os::unix::fs::symlink("x", path("a/.codex/link")).unwrap();
        assert!(entry(".codex", &path("a/.codex")).is_err());
        fs::remove_file(path("a/.codex/link")).unwrap();
        // Nobody waits for what an agent made.
        let pipe = std::os::unix::net::UnixListener::bind(path("a/.codex/socket")).unwrap();
        assert!(entry(".codex", &path("a/.codex")).is_err());
        drop(pipe);
        let mut deep = path("c/.codex");
        for _ in 0..=FILES_MAX {
            deep.push("d");
        }
        fs::create_dir_all(deep).unwrap();
        assert!(entry(".codex", &path("c/.codex")).is_err(), "directories without end");
    }
}
