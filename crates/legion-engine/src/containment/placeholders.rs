//! Names that must not come to be while agents work in a directory: what lies in their place, and for whom.
//!
//! It is in a file before it is made, and goes with the last process that needs it, at the latest with the next start of the service.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use legion_runtime::{DataDir, DataDirError};
use legion_sandbox::{Placeholder, is_there};
use serde::{Deserialize, Serialize};

/// Why a name is not kept from an agent.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PlaceholderError {
    #[error("failed to take the name `{}`", path.display())]
    Make { path: PathBuf, source: io::Error },
    #[error(transparent)]
    Write(#[from] DataDirError),
}

/// One name.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Kept {
    kind: Placeholder,
    /// The directories of the processes that need it.
    by: BTreeSet<PathBuf>,
}

type Names = BTreeMap<PathBuf, Kept>;

/// All names that are kept from agents now.
#[derive(Debug)]
pub(crate) struct Placeholders {
    data_dir: DataDir,
    file: PathBuf,
    names: Mutex<Names>,
}

impl Placeholders {
    /// Takes up what a service before this one has left; removes what no process needs that `lives`.
    pub fn open(data_dir: &DataDir, lives: impl Fn(&Path) -> bool) -> Result<Self, DataDirError> {
        let file = data_dir.root().join("placeholders.json");
        let left: Names = fs::read(&file).ok().and_then(|text| serde_json::from_slice(&text).ok()).unwrap_or_default();
        let opened = Self { data_dir: data_dir.clone(), file, names: Mutex::new(left) };
        opened.let_go(|process| !lives(process))?;
        Ok(opened)
    }

    /// Keeps each name of `wanted` that is not there from being made while the process whose directory this is needs it. Returns
    /// what is there now and must be there when it starts.
    ///
    /// # Errors
    /// When one cannot be kept that the agent could make, or it cannot be written down.
    pub fn keep(&self, process: &Path, wanted: Vec<(PathBuf, Placeholder)>) -> Result<Vec<PathBuf>, PlaceholderError> {
        let mut names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut needed, mut missing) = (Vec::new(), Vec::new());
        let mut is_changed = false;
        for (path, kind) in wanted {
            let there = is_there(&path);
            if kind != Placeholder::Nothing {
                needed.push(path.clone());
            }
            // What is there and not ours is somebody's.
            if there && !names.contains_key(&path) {
                continue;
            }
            let kept = names.entry(path.clone()).or_insert_with(|| Kept { kind, by: BTreeSet::new() });
            is_changed |= kept.by.insert(process.to_owned());
            if !there {
                missing.push((path, kept.kind));
            }
        }
        // Before it is made: whatever happens, it is known whose it is.
        if is_changed {
            self.write(&names)?;
        }
        for (path, kind) in missing {
            if !kind.make(&path).map_err(|source| PlaceholderError::Make { path: path.clone(), source })? {
                tracing::debug!(path = %path.display(), "a name cannot be kept from an agent, and be made by none");
                needed.retain(|needed| *needed != path);
            }
        }
        Ok(needed)
    }

    /// The process needs nothing any more.
    pub fn release(&self, process: &Path) {
        if let Err(error) = self.let_go(|known| known == process) {
            tracing::warn!(%error, "what names are kept from agents is not written down");
        }
    }

    /// Whether what is at `path` is ours.
    pub fn is_one(&self, path: &Path) -> bool {
        self.names.lock().unwrap_or_else(PoisonError::into_inner).contains_key(path)
    }

    fn let_go(&self, gone: impl Fn(&Path) -> bool) -> Result<(), DataDirError> {
        let mut names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        let before: usize = names.values().map(|kept| kept.by.len()).sum();
        for kept in names.values_mut() {
            kept.by.retain(|process| !gone(process));
        }
        if names.values().map(|kept| kept.by.len()).sum::<usize>() == before {
            return Ok(());
        }
        // What lies below comes after what lies above, and goes before it.
        for (path, kept) in names.iter().rev().filter(|(_, kept)| kept.by.is_empty()) {
            if let Err(error) = kept.kind.remove(path) {
                tracing::warn!(path = %path.display(), %error, "what kept a name from agents is left behind");
            }
        }
        names.retain(|_, kept| !kept.by.is_empty());
        self.write(&names)
    }

    fn write(&self, names: &Names) -> Result<(), DataDirError> {
        // A path that is no text is refused by this.
        let text = serde_json::to_vec(names)
            .map_err(|error| DataDirError::Write { path: self.file.clone(), source: io::Error::other(error) })?;
        self.data_dir.replace(&self.file, &text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_kept_as_long_as_anybody_needs_it_over_restarts_too() {
        let dir = tempfile::tempdir().unwrap();
        let base = dir.path().canonicalize().unwrap();
        let data_dir = DataDir::open(&base.join("data")).unwrap();
        fs::create_dir(base.join("w")).unwrap();
        fs::write(base.join("w/.env"), "A=1").unwrap();
        let wanted = || {
            let names = [".claude", ".claude/settings.json", ".env"];
            names.map(|name| (base.join("w").join(name), Placeholder::Directory)).to_vec()
        };
        let place = base.join("w/.claude/settings.json");
        let (one, two) = (base.join("one"), base.join("two"));
        let placeholders = Placeholders::open(&data_dir, |_| true).unwrap();
        placeholders.keep(&one, wanted()).unwrap();
        placeholders.keep(&two, wanted()).unwrap();
        assert!(place.is_dir() && placeholders.is_one(&place) && !placeholders.is_one(&base.join("w/.env")));
        placeholders.release(&one);
        assert!(place.is_dir(), "another one needs it");
        // Somebody tidied up, and a third one begins.
        fs::remove_dir(&place).unwrap();
        let three = base.join("three");
        assert_eq!(placeholders.keep(&three, wanted()).unwrap().len(), 3);
        assert!(place.is_dir());
        placeholders.release(&three);
        // Nothing can be made in a file, by nobody.
        fs::write(base.join("file"), "").unwrap();
        let nowhere = vec![(base.join("file/x"), Placeholder::Directory)];
        assert!(placeholders.keep(&three, nowhere).unwrap().is_empty());
        placeholders.release(&three);
        let again = Placeholders::open(&data_dir, |process| process == two).unwrap();
        assert!(place.is_dir(), "it still does");
        again.release(&two);
        assert!(!base.join("w/.claude").exists());
        again.keep(&one, wanted()).unwrap();
        fs::write(base.join("w/.claude/own"), "x").unwrap();
        Placeholders::open(&data_dir, |_| false).unwrap();
        assert!(!place.exists() && base.join("w/.claude/own").exists() && base.join("w/.env").exists());
    }
}
