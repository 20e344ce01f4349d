//! Repositories within a work tree: git would take a name of a commit for one; we take its files.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::clone::snapshot::{Listing, copied_index};
use crate::command::LIST_BYTES_MAX;
use crate::control::Control;
use crate::error::GitError;
use crate::words::{self, joined, words};

/// A repository in a repository in a repository …
const NESTED_MAX: usize = 1_000;

impl Control {
    /// The files of the repositories at `nested` (below `root`), and of those in them: tracked or not ignored there, and
    /// not ignored by what is around them. `found` gets each repository that was looked into.
    pub(crate) async fn nested_files(
        &self,
        root: &Path,
        index: &Path,
        nested: Vec<PathBuf>,
        found: &mut BTreeSet<PathBuf>,
        listing: &mut Listing,
    ) -> Result<(), GitError> {
        let temporary = self.temporary()?;
        let mut waiting = nested;
        let mut files = BTreeSet::new();
        while let Some(repository) = waiting.pop() {
            if found.len() == NESTED_MAX || !found.insert(repository.clone()) {
                continue;
            }
            let directory = root.join(&repository);
            // No index of ours knows it: everything in it is untracked.
            let none = temporary.join("none");
            let listed = self.list_files(&directory, &none, &["-o", "--exclude-standard"], listing).await?;
            for (_, path) in listed {
                let below: PathBuf = repository.join(&path).components().collect();
                if path.as_os_str().as_encoded_bytes().ends_with(b"/") {
                    waiting.push(below);
                } else {
                    files.insert(below);
                }
            }
            let theirs = temporary.join("theirs");
            if copied_index(&directory, &theirs).await {
                // Tracked there, whatever an ignore file says.
                listing.paths.extend(self.indexed(&theirs).await.into_iter().map(|path| repository.join(path)));
            }
        }
        let ignored = self.ignored(root, index, &files).await?;
        listing.paths.extend(files.into_iter().filter(|path| !ignored.contains(path)));
        Ok(())
    }

    /// Those of `paths` that the ignore files of `root` leave out.
    pub(crate) async fn ignored(
        &self,
        root: &Path,
        index: &Path,
        paths: &BTreeSet<PathBuf>,
    ) -> Result<BTreeSet<PathBuf>, GitError> {
        if paths.is_empty() {
            return Ok(BTreeSet::new());
        }
        let call = self.call("check-ignore").args(["-z", "--stdin", "--no-index"]).work_tree(root).index(index).long();
        // From here, so that none is taken for a pattern by its first letter.
        let here: Vec<PathBuf> = paths.iter().map(|path| Path::new(".").join(path)).collect();
        let call = call.stdin(joined(here.iter().map(PathBuf::as_path))).output_bytes_max(LIST_BYTES_MAX);
        let output = call.clone().run_any().await?;
        if output.cut {
            return Err(GitError::TooMuch { verb: "check-ignore", limit: LIST_BYTES_MAX });
        }
        match output.status.code() {
            Some(0 | 1) => {
                Ok(words(&output.stdout).map(|word| words::path(word.strip_prefix(b"./").unwrap_or(word))).collect())
            }
            _ => Err(call.failed(&output)),
        }
    }
}
