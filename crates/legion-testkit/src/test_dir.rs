//! Directories that live as long as a test.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::npm::target_dir;

/// Set to keep the directories of tests for a look afterwards.
const KEEP: &str = "LEGION_TEST_KEEP";

/// A directory of a test, removed when dropped unless `LEGION_TEST_KEEP` is set.
///
/// # Panics
/// All methods panic with the path when the file system refuses: a test cannot go on without its directory.
#[derive(Debug)]
pub struct TestDir {
    path: PathBuf,
    _guard: Option<tempfile::TempDir>,
}

impl TestDir {
    /// Makes a directory with a short path under the system's temporary directory.
    pub fn new() -> Self {
        Self::under(&std::env::temp_dir())
    }

    /// Makes a directory under cargo's target directory, for programs that refuse a home under `/tmp`.
    pub fn outside_tmp() -> Self {
        Self::under(&target_dir().join("test-dirs"))
    }

    fn under(parent: &Path) -> Self {
        fs::create_dir_all(parent).unwrap_or_else(|error| panic!("failed to create `{}`: {error}", parent.display()));
        let guard = tempfile::Builder::new()
            .prefix("legion-")
            .tempdir_in(parent)
            .unwrap_or_else(|error| panic!("failed to create a directory in `{}`: {error}", parent.display()));
        // Programs report resolved paths; tests compare with what they report.
        let path = guard
            .path()
            .canonicalize()
            .unwrap_or_else(|error| panic!("failed to resolve `{}`: {error}", guard.path().display()));
        if std::env::var_os(KEEP).is_some() {
            eprintln!("kept: {}", guard.keep().display());
            return Self { path, _guard: None };
        }
        Self { path, _guard: Some(guard) }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Makes the directory `name` in it and returns its path.
    pub fn dir(&self, name: impl AsRef<Path>) -> PathBuf {
        let path = self.path.join(name);
        fs::create_dir_all(&path).unwrap_or_else(|error| panic!("failed to create `{}`: {error}", path.display()));
        path
    }

    /// Writes a file, with the directories above it, and returns its path.
    pub fn file(&self, name: impl AsRef<Path>, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path.join(name);
        if let Some(parent) = path.parent() {
            self.dir(parent);
        }
        fs::write(&path, content).unwrap_or_else(|error| panic!("failed to write `{}`: {error}", path.display()));
        path
    }

    /// Returns the text of a file in it.
    pub fn read(&self, name: impl AsRef<Path>) -> String {
        let path = self.path.join(name);
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("failed to read `{}`: {error}", path.display()))
    }

    /// Makes `name` in it a git repository with all its present files in a first commit on `main`.
    pub fn repo(&self, name: impl AsRef<Path>) -> PathBuf {
        let path = self.dir(name);
        for arguments in [
            &["init", "--quiet", "--initial-branch=main"][..],
            &["add", "--all"],
            &["commit", "--quiet", "--allow-empty", "--message=first"],
        ] {
            let output = Command::new("git")
                .args(arguments)
                .current_dir(&path)
                .env("GIT_CONFIG_NOSYSTEM", "1")
                .env("GIT_CONFIG_GLOBAL", "/dev/null")
                .env("GIT_AUTHOR_NAME", "Test")
                .env("GIT_AUTHOR_EMAIL", "test@example.invalid")
                .env("GIT_COMMITTER_NAME", "Test")
                .env("GIT_COMMITTER_EMAIL", "test@example.invalid")
                .output()
                .unwrap_or_else(|error| panic!("failed to run git: {error}"));
            assert!(
                output.status.success(),
                "git {arguments:?} in `{}`: {}",
                path.display(),
                String::from_utf8_lossy(&output.stderr)
            );
        }
        path
    }
}

impl Default for TestDir {
    fn default() -> Self {
        Self::new()
    }
}
