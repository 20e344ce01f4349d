//! What the person trusts: the very content of files, by its hash and its name, wherever it lies.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::masks::NAMES;
use crate::engine::Engine;
use crate::error::EngineError;

/// Bytes and files that are read to know a content by its hash; what is larger is not trusted.
const BYTES_MAX: u64 = 16 * 1024 * 1024;
const FILES_MAX: usize = 1_000;

/// Contents that the person trusts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Trusted {
    /// `<name> <hash>`.
    contents: BTreeSet<String>,
}

/// Where they are kept.
#[derive(Debug)]
pub(super) struct TrustFile(PathBuf);

impl Trusted {
    /// Whether what lies at `path` now is trusted under `name`.
    pub fn holds(&self, name: &str, path: &Path) -> bool {
        !self.contents.is_empty() && entry(name, path).is_ok_and(|entry| self.contents.contains(&entry))
    }
}

impl TrustFile {
    pub fn at(path: PathBuf) -> Self {
        Self(path)
    }

    /// What is trusted now. Nothing when the file is missing or damaged.
    pub fn read(&self) -> Trusted {
        fs::read(&self.0).ok().and_then(|text| serde_json::from_slice(&text).ok()).unwrap_or_default()
    }
}

impl Engine {
    /// Trusts what configures agent programs at `path` as it is now: one such file, or all of them in a directory. Returns their
    /// names.
    ///
    /// # Errors
    /// When nothing of the kind is there.
    pub fn trust(&self, path: &Path) -> Result<Vec<String>, EngineError> {
        let found = found(path)?;
        let file = &self.inner.containment.trust;
        let mut trusted = file.read();
        let mut names = Vec::new();
        for (name, path) in found {
            let entry = entry(name, &path).map_err(|error| {
                invalid(format!("`{}` cannot be trusted: {error}", path.display()))
                    .hint("it is a file, or a directory of files without links in it")
            })?;
            trusted.contents.insert(entry);
            names.push(path.to_string_lossy().into_owned());
        }
        let text = serde_json::to_vec_pretty(&trusted).map_err(EngineError::internal)?;
        self.inner.data_dir.replace(&file.0, &text).map_err(EngineError::internal)?;
        Ok(names)
    }
}

fn found(path: &Path) -> Result<Vec<(&'static str, PathBuf)>, EngineError> {
    let one = NAMES.into_iter().find(|name| path.ends_with(name)).filter(|_| path.exists());
    let found: Vec<_> = match one {
        Some(name) => vec![(name, path.to_owned())],
        None => NAMES.into_iter().map(|name| (name, path.join(name))).filter(|(_, path)| path.exists()).collect(),
    };
    if found.is_empty() {
        return Err(invalid(format!("nothing that configures agent programs is at `{}`", path.display()))
            .hint(format!("such are {}", NAMES.join(", ")))
            .into());
    }
    Ok(found)
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
    let kind = fs::symlink_metadata(path)?.file_type();
    if kind.is_dir() {
        let mut names =
            fs::read_dir(path)?.map(|entry| entry.map(|entry| entry.file_name())).collect::<Result<Vec<_>, _>>()?;
        names.sort();
        for name in names {
            add(hash, &path.join(&name), &below.join(&name), left)?;
        }
        return Ok(());
    }
    if !kind.is_file() {
        return Err(io::Error::other("there is a link or something special in it"));
    }
    let mut content = Vec::new();
    fs::File::open(path)?.take(left.0 + 1).read_to_end(&mut content)?;
    let bytes = content.len() as u64;
    if bytes > left.0 || left.1 == 0 {
        return Err(io::Error::other("it is too large"));
    }
    *left = (left.0 - bytes, left.1 - 1);
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
        trusted.contents.insert(entry(".codex", &path("a/.codex")).unwrap());
        assert!(trusted.holds(".codex", &path("b/.codex")), "the same content elsewhere");
        assert!(!trusted.holds(".mcp.json", &path("b/.codex")));
        assert!(!trusted.holds(".codex", &path("missing")));
        fs::write(path("b/.codex/y"), "").unwrap();
        assert!(!trusted.holds(".codex", &path("b/.codex")), "one file more");
        fs::write(path("a/.codex/x"), "two").unwrap();
        assert!(!trusted.holds(".codex", &path("a/.codex")), "another content");
        std::os::unix::fs::symlink("x", path("a/.codex/link")).unwrap();
        assert!(entry(".codex", &path("a/.codex")).is_err());
    }
}
