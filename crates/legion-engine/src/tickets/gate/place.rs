//! The directories of a project's gates.

use std::fs::Permissions;
use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use legion_git::{Control, GatePlace, Oid};
use legion_model::GateRunId;
use legion_model::tickets::Built;

use crate::tickets::failure::Failure;
use crate::tickets::ground::Ground;
use crate::tickets::site::{Site, oid};

impl Ground {
    /// Where one run of a gate has its transcript.
    pub(in crate::tickets) fn gate_run(&self, run: GateRunId) -> PathBuf {
        self.gate_runs().join(run.to_string())
    }

    pub(in crate::tickets) fn gate_runs(&self) -> PathBuf {
        self.gates.join("runs")
    }
}

/// Puts exactly the tree that was built into the one directory of the project's gates, and returns where that is.
pub(super) async fn check_out(site: &Site, control: &Control, built: &Built) -> Result<PathBuf, Failure> {
    let commit: Oid = oid(&built.commit)?;
    let dir = site.ground.gates.join("checkout");
    site.inner.data_dir.create(&site.ground.gates)?;
    let place = GatePlace::at(&dir);
    if let Err(failure) = fill(control, &commit, &place, &built.tree).await {
        if failure.full {
            return Err(failure);
        }
        // Something that a gate has left is in the way. Its caches go with it: a slow gate is better than none.
        tracing::warn!(project = %site.project, why = failure.why, "the directory of the gates is made again");
        remove_all(&dir).await?;
        fill(control, &commit, &place, &built.tree).await?;
    }
    remove_all(&site.ground.gate_temporary).await?;
    Ok(dir)
}

/// Makes the directory hold exactly `wanted`, and looks whether it does.
async fn fill(control: &Control, commit: &Oid, place: &GatePlace, wanted: &str) -> Result<(), Failure> {
    control.gate_checkout(commit, place).await?;
    let (tree, is_clean) = control.gate_tree(place).await?;
    if tree.as_str() == wanted && is_clean {
        return Ok(());
    }
    let with = if is_clean { "" } else { " with changes" };
    let dir = place.dir().display();
    Err(Failure::passing(format!("`{dir}` holds the tree {tree}{with} and not {wanted}, which is to be tested")))
}

/// Removes a directory, also one with directories in it that nobody may write to.
pub(in crate::tickets) async fn remove_all(directory: &Path) -> Result<(), Failure> {
    let owned = directory.to_owned();
    let removed = tokio::task::spawn_blocking(move || remove_now(&owned)).await.map_err(|error| Failure::of(&error))?;
    removed.map_err(|error| Failure::passing(format!("failed to remove `{}`: {error}", directory.display())))
}

/// The same, at once. What is no directory is removed as well. Blocks.
pub(super) fn remove_now(path: &Path) -> std::io::Result<()> {
    match remove_once(path) {
        Err(error) if error.kind() == ErrorKind::PermissionDenied => {
            make_writable(path)?;
            remove_once(path)
        }
        removed => removed,
    }
}

fn remove_once(path: &Path) -> std::io::Result<()> {
    let removed = match std::fs::symlink_metadata(path) {
        Ok(found) if found.is_dir() => std::fs::remove_dir_all(path),
        Ok(_) => std::fs::remove_file(path),
        Err(error) => Err(error),
    };
    match removed {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}

fn make_writable(directory: &Path) -> std::io::Result<()> {
    let mut waiting = vec![directory.to_owned()];
    while let Some(directory) = waiting.pop() {
        std::fs::set_permissions(&directory, Permissions::from_mode(0o700))?;
        for entry in std::fs::read_dir(&directory)? {
            let entry = entry?;
            // Links are no directories here.
            if entry.file_type()?.is_dir() {
                waiting.push(entry.path());
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_directory_that_nobody_may_write_to_is_removed() {
        let root = tempfile::tempdir().expect("a directory");
        let deep = root.path().join("gates/a/b");
        std::fs::create_dir_all(&deep).expect("made");
        std::fs::write(deep.join("file"), "x").expect("written");
        std::fs::set_permissions(deep.parent().expect("above"), Permissions::from_mode(0o500)).expect("set");
        make_writable(&root.path().join("gates")).expect("every directory can be written to");
        let mode = std::fs::metadata(deep.parent().expect("above")).expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
        remove_all(&root.path().join("gates")).await.expect("removed");
        assert!(!root.path().join("gates").exists());
        remove_all(&root.path().join("gates")).await.expect("gone is as good");
    }
}
