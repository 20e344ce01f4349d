//! What a killed git leaves in a repository: locks, and half-written objects. Only for a repository in which no git works.

use std::fs;
use std::io;
use std::path::Path;

/// Where verbs keep what lives as long as they do.
pub(crate) const TEMPORARY: &str = "legion/tmp";
/// Refs are nested less deep than this.
const DEPTH_MAX: usize = 64;

/// Removes it all; returns how many files and directories that were.
pub(crate) fn sweep_temporary(git_dir: &Path) -> io::Result<usize> {
    let mut swept = 0;
    swept += remove_matching(&git_dir.join(TEMPORARY), 0, &|_| true)?;
    swept += remove_matching(git_dir, 0, &is_lock)?;
    swept += remove_matching(&git_dir.join("refs"), DEPTH_MAX, &is_lock)?;
    swept += remove_matching(&git_dir.join("objects"), 0, &is_temporary)?;
    for directory in entries(&git_dir.join("objects"))? {
        swept += remove_matching(&directory.path(), 0, &is_temporary)?;
    }
    Ok(swept)
}

fn is_lock(name: &str) -> bool {
    name.ends_with(".lock")
}

/// `tmp_obj_*`, `tmp_pack_*`, `tmp_idx_*`, `tmp_objdir-*` of unpacking and of batched writes.
fn is_temporary(name: &str) -> bool {
    name.starts_with("tmp_") || name.starts_with("bulk-fsync") || name.starts_with("incoming-") || is_lock(name)
}

fn remove_matching(directory: &Path, depth: usize, matches: &dyn Fn(&str) -> bool) -> io::Result<usize> {
    let mut removed = 0;
    for entry in entries(directory)? {
        let (name, is_dir) = (entry.file_name(), entry.file_type()?.is_dir());
        if matches(&name.to_string_lossy()) {
            crate::file_system::remove(&entry.path())?;
            removed += 1;
        } else if is_dir && depth > 0 {
            removed += remove_matching(&entry.path(), depth - 1, matches)?;
        }
    }
    Ok(removed)
}

fn entries(directory: &Path) -> io::Result<Vec<fs::DirEntry>> {
    match fs::read_dir(directory) {
        Ok(entries) => entries.collect(),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}
