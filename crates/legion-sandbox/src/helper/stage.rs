//! Brings paths within reach of the agent's user: a root service's tools may lie in a home that is closed to others.

use std::fs::{self, File};
use std::io;
use std::os::fd::AsRawFd as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use legion_process::replace::own_mounts;
use rustix::mount::{MountFlags, mount, mount_bind_recursive};

use super::error::HelperError;
use super::identity;
use crate::confinement::{Account, Confinement};

/// Where they are brought: an empty directory of the machine, covered in the helper's own mount table only.
const STAGE: &str = "/run/legion-stage";

/// Returns what was brought elsewhere: the path, and where it is. Needs root; to be called before the user is changed.
pub(super) fn stage(confinement: &Confinement) -> Result<Vec<(PathBuf, PathBuf)>, HelperError> {
    let Some(account) = confinement.account.filter(|_| rustix::process::geteuid().is_root()) else {
        return Ok(Vec::new());
    };
    let hidden = unreachable(confinement, account)?;
    let Some(first) = hidden.first() else {
        return Ok(Vec::new());
    };
    let first = HelperError::Unreachable { uid: account.uid, path: first.clone() };
    bring(&hidden).map_err(|_| first)
}

/// Returns the first granted path that the agent's user cannot reach; for the tiers that cannot bring it anywhere.
pub(super) fn check_reach(confinement: &Confinement) -> Result<(), HelperError> {
    let Some(account) = confinement.account else {
        return Ok(());
    };
    match unreachable(confinement, account)?.into_iter().next() {
        Some(path) => Err(HelperError::Unreachable { uid: account.uid, path }),
        None => Ok(()),
    }
}

fn unreachable(confinement: &Confinement, account: Account) -> Result<Vec<PathBuf>, HelperError> {
    let grant = &confinement.grant;
    let mut found = Vec::new();
    for path in [&grant.read, &grant.write, &grant.execute, &grant.sockets].into_iter().flatten() {
        let reached =
            is_reachable(path, account).map_err(HelperError::system(format!("look at `{}`", path.display())))?;
        if !reached && !found.contains(path) {
            found.push(path.clone());
        }
    }
    Ok(found)
}

/// Whether every directory above `path` lets this user through.
fn is_reachable(path: &Path, account: Account) -> io::Result<bool> {
    let (user, group, others) = (0o100, 0o010, 0o001);
    for above in path.ancestors().skip(1) {
        let metadata = fs::metadata(above)?;
        let bit = match () {
            () if metadata.uid() == account.uid => user,
            () if metadata.gid() == account.gid => group,
            () => others,
        };
        if metadata.mode() & bit == 0 {
            return Ok(false);
        }
    }
    Ok(true)
}

fn bring(hidden: &[PathBuf]) -> io::Result<Vec<(PathBuf, PathBuf)>> {
    own_mounts()?;
    let stage = Path::new(STAGE);
    match fs::create_dir(stage) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    mount("tmpfs", stage, "tmpfs", MountFlags::NOSUID | MountFlags::NODEV, Some(c"mode=0755"))?;
    let mut staged = Vec::new();
    for (number, path) in hidden.iter().enumerate() {
        let source = File::from(identity::open(path).map_err(io::Error::other)?);
        let place = stage.join(number.to_string());
        if source.metadata()?.is_dir() {
            fs::create_dir(&place)?;
        } else {
            File::create(&place)?;
        }
        mount_bind_recursive(format!("/proc/self/fd/{}", source.as_raw_fd()), &place)?;
        staged.push((path.clone(), place));
    }
    Ok(staged)
}
