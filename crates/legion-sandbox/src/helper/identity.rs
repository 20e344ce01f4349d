//! That what is granted is what was meant: an agent that may write above a granted path could put a link in its place, and
//! have the next agent be given what the link leads to.

use std::fs;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, Mode, OFlags, ResolveFlags, fstat, openat2};
use rustix::io::Errno;
use serde::{Deserialize, Serialize};

use super::error::HelperError;
use crate::confinement::Confinement;

/// Which file a path led to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Identity {
    path: PathBuf,
    device: u64,
    inode: u64,
}

/// Opens `path` for its name alone; no part of it may be a link.
pub(super) fn open(path: &Path) -> Result<OwnedFd, HelperError> {
    let exact = ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
    openat2(CWD, path, OFlags::PATH | OFlags::CLOEXEC, Mode::empty(), exact).map_err(|error| match error {
        Errno::LOOP => HelperError::Link(path.to_owned()),
        Errno::NOENT | Errno::NOTDIR => HelperError::Missing(path.to_owned()),
        error => HelperError::system(format!("look at `{}`", path.display()))(error.into()),
    })
}

/// Finds out which file every granted path leads to.
pub(super) fn find(confinement: &Confinement) -> Result<Vec<Identity>, HelperError> {
    let grant = &confinement.grant;
    let paths = [&grant.read, &grant.write, &grant.execute, &grant.sockets].into_iter().flatten();
    let find = |path: &PathBuf| {
        let found = fstat(open(path)?);
        let found =
            found.map_err(|error| HelperError::system(format!("look at `{}`", path.display()))(error.into()))?;
        Ok(Identity { path: path.clone(), device: found.st_dev, inode: found.st_ino })
    };
    paths.map(find).collect()
}

/// Looks, inside, whether every path still leads there: bubblewrap follows links.
pub(super) fn verify(identities: &[Identity]) -> Result<(), HelperError> {
    for identity in identities {
        let path = &identity.path;
        let found = fs::metadata(path)
            .map_err(|error: io::Error| HelperError::system(format!("look at `{}`", path.display()))(error))?;
        if (found.dev(), found.ino()) != (identity.device, identity.inode) {
            return Err(HelperError::Link(path.clone()));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_that_was_exchanged_is_found_out() {
        let directory = tempfile::tempdir().unwrap();
        let base = directory.path().canonicalize().unwrap();
        let (granted, other) = (base.join("granted"), base.join("other"));
        fs::create_dir(&granted).unwrap();
        fs::create_dir(&other).unwrap();
        let mut confinement = Confinement::new(&granted);
        confinement.grant.read = vec![granted.clone()];
        let identities = find(&confinement).unwrap();
        verify(&identities).unwrap();
        fs::rename(&granted, base.join("away")).unwrap();
        std::os::unix::fs::symlink(&other, &granted).unwrap();
        assert!(matches!(verify(&identities), Err(HelperError::Link(path)) if path == granted));
        assert!(matches!(find(&confinement), Err(HelperError::Link(_))));
    }
}
