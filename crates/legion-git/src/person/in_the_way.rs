//! What in a person's working directory a landing would overwrite.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::error::GitError;
use crate::file_system::blocking;
use crate::oid::Oid;
use crate::person::PersonRepo;
use crate::words::{self, words};

/// Paths told of, and looked at in a directory that becomes a file.
const PATHS_MAX: usize = 1_000;

impl PersonRepo {
    /// Tracked files that differ from HEAD, staged or not.
    pub(crate) async fn uncommitted(&self) -> Result<Vec<PathBuf>, GitError> {
        let call = self.call("status").args(["--porcelain=v1", "-z", "--untracked-files=no", "--no-renames"]);
        let listed = call.run().await?;
        Ok(words(&listed).filter_map(|word| word.get(3..)).map(words::path).take(PATHS_MAX).collect())
    }

    /// Files that git does not track and that lie where `new` has something else. Ignored ones count: git itself would
    /// overwrite those without a word.
    pub(crate) async fn untracked_in_the_way(&self, new: &Oid) -> Result<Vec<PathBuf>, GitError> {
        let call = self.call("diff-tree").args(["-r", "-z", "--name-status", "--no-renames", "--no-ext-diff"]);
        let listed = call.args(["HEAD", new.as_str()]).run().await?;
        let all: Vec<&[u8]> = words(&listed).collect();
        let (mut added, mut deleted) = (Vec::new(), HashSet::new());
        for pair in all.chunks_exact(2) {
            match pair[0] {
                b"A" => added.push(words::path(pair[1])),
                b"D" => drop(deleted.insert(words::path(pair[1]))),
                _ => {}
            }
        }
        let root = self.root().to_owned();
        Ok(blocking(move || look(&root, &added, &deleted)).await)
    }
}

fn look(root: &Path, added: &[PathBuf], deleted: &HashSet<PathBuf>) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for path in added {
        // A file where a directory has to be.
        for above in path.ancestors().skip(1).filter(|above| !above.as_os_str().is_empty()) {
            let is_file = fs::symlink_metadata(root.join(above)).is_ok_and(|found| !found.is_dir());
            if is_file && !deleted.contains(above) {
                found.push(above.to_owned());
            }
        }
        match fs::symlink_metadata(root.join(path)) {
            Ok(there) if there.is_dir() => files_below(root, path, deleted, &mut found),
            Ok(_) => found.push(path.clone()),
            Err(_) => {}
        }
        if found.len() >= PATHS_MAX {
            break;
        }
    }
    found.sort();
    found.dedup();
    found
}

/// What is in a directory that becomes a file, and does not go with it.
fn files_below(root: &Path, directory: &Path, deleted: &HashSet<PathBuf>, found: &mut Vec<PathBuf>) {
    let mut waiting = vec![directory.to_owned()];
    while let Some(directory) = waiting.pop() {
        for entry in fs::read_dir(root.join(&directory)).into_iter().flatten().flatten() {
            let path = directory.join(entry.file_name());
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                waiting.push(path);
            } else if !deleted.contains(&path) {
                found.push(path);
            }
            if found.len() >= PATHS_MAX {
                return;
            }
        }
    }
}
