//! Removing a clone whose files are pinned.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use crate::clone::place::{ClonePlace, beside};
use crate::clone::rescue::Rescued;
use crate::control::Control;
use crate::file_system::{exists, remove};

/// Why a clone was not removed.
#[derive(Debug, thiserror::Error)]
pub enum RemoveError {
    #[error("`{dir}` was not removed: what was rescued is another clone")]
    OtherClone { dir: PathBuf },
    #[error("`{dir}` was not removed: `{path}` in it could not be rescued; make it readable or remove it")]
    LeftOut { dir: PathBuf, path: PathBuf },
    #[error("failed to remove `{path}`")]
    File {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
}

impl Control {
    /// Removes a clone, its index, and what an earlier, killed removal left. A clone that is gone is as good.
    ///
    /// # Errors
    /// When the proof is another's, or something in the clone could not be rescued; when the file system refuses.
    pub async fn remove_clone(&self, place: &ClonePlace, proof: Rescued) -> Result<(), RemoveError> {
        let dir = place.dir().to_owned();
        if proof.place() != place {
            return Err(RemoveError::OtherClone { dir });
        }
        let lost = proof.notes().iter().find(|note| note.is_loss());
        if let Some(crate::clone::note::Note::LeftOut { path, .. }) = lost {
            return Err(RemoveError::LeftOut { dir, path: path.clone() });
        }
        let place = place.clone();
        self.alone(move || remove_blocking(&place)).await
    }

    /// Removes what a killed making or removal of a clone has left beside its place: files that nobody has worked on, or that
    /// were pinned before. The clone itself stays, should it be there.
    ///
    /// # Errors
    /// When the file system refuses.
    pub async fn clear_beside(&self, place: &ClonePlace) -> Result<(), RemoveError> {
        let place = place.clone();
        self.alone(move || clear_beside_blocking(&place)).await
    }
}

fn clear_beside_blocking(place: &ClonePlace) -> Result<(), RemoveError> {
    remove_tree(&beside(place.dir(), "removing"))?;
    let partial = beside(place.dir(), "partial");
    remove_tree(&partial)?;
    let partial = ClonePlace::at(partial);
    let mut indexes = vec![partial.index().to_owned(), beside(partial.index(), "lock")];
    if !exists(place.dir()) {
        indexes.push(place.index().to_owned());
    }
    indexes.iter().try_for_each(|index| remove(index).map_err(failed(index)))
}

fn remove_blocking(place: &ClonePlace) -> Result<(), RemoveError> {
    // Moved first: a clone is there and whole, or it is gone.
    let removing = beside(place.dir(), "removing");
    remove_tree(&removing)?;
    if exists(place.dir()) {
        fs::rename(place.dir(), &removing).map_err(failed(place.dir()))?;
    }
    remove_tree(&removing)?;
    remove(place.index()).map_err(failed(place.index()))
}

/// Removes a directory that may have directories in it which nobody may write to.
fn remove_tree(path: &Path) -> Result<(), RemoveError> {
    match remove(path) {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {}
        other => return other.map_err(failed(path)),
    }
    make_writable(path).map_err(failed(path))?;
    remove(path).map_err(failed(path))
}

fn make_writable(directory: &Path) -> io::Result<()> {
    let mut waiting = vec![directory.to_owned()];
    while let Some(directory) = waiting.pop() {
        fs::set_permissions(&directory, fs::Permissions::from_mode(0o700))?;
        for entry in fs::read_dir(&directory)? {
            let entry = entry?;
            // Links are no directories here.
            if entry.file_type()?.is_dir() {
                waiting.push(entry.path());
            }
        }
    }
    Ok(())
}

fn failed(path: &Path) -> impl FnOnce(io::Error) -> RemoveError {
    let path = path.to_owned();
    move |source| RemoveError::File { path, source }
}
