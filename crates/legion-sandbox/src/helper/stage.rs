//! Brings what is granted within reach of the agent's user, and shows it as that user's own: a root service's clones belong to
//! root, its tools may lie in a home that is closed to others, and a person's directory belongs to the person. What the agent
//! makes there belongs to whoever owned the directory. Only in the helper's own mount table: nobody else sees any of it.

use std::fs::{self, File};
use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use legion_process::mapped_mount::{DetachedMount, Mapping, Owner};
use legion_process::replace::own_mounts;
use rustix::mount::{MountFlags, mount};

use super::error::HelperError;
use super::identity;
use crate::confinement::{Account, Confinement};

/// Where they are brought for tier `full`: an empty directory of the machine, covered in the helper's own mount table only.
const STAGE: &str = "/run/legion-stage";

/// A granted path that is to be shown in another way.
struct Item {
    path: PathBuf,
    mount: DetachedMount,
    is_directory: bool,
}

/// Returns what was brought elsewhere: the path, and where it is. Needs root; to be called before the user is changed.
pub(super) fn stage(confinement: &Confinement) -> Result<Vec<(PathBuf, PathBuf)>, HelperError> {
    let Some(account) = other_account(confinement) else {
        return Ok(Vec::new());
    };
    let wanted = wanted(confinement, account)?;
    let Some(first) = wanted.first().cloned() else {
        return Ok(Vec::new());
    };
    let items = copy(confinement, account, wanted)?;
    let bring = || {
        own_mounts()?;
        cover(Path::new(STAGE))?;
        let mut staged = Vec::new();
        for (number, item) in items.into_iter().enumerate() {
            let place = Path::new(STAGE).join(number.to_string());
            make_place(&place, item.is_directory)?;
            item.mount.attach(&place)?;
            staged.push((item.path, place));
        }
        Ok(staged)
    };
    bring().map_err(|_: io::Error| HelperError::Unreachable { uid: account.uid, path: first })
}

/// As [`stage`], for the tiers that leave everything where it is: there it is shown in its own place. A directory above that
/// is closed to the agent's user is replaced by an empty one with what was granted in it.
pub(super) fn stage_in_place(confinement: &Confinement) -> Result<(), HelperError> {
    let Some(account) = other_account(confinement) else {
        return Ok(());
    };
    let mut wanted = wanted(confinement, account)?;
    // What lies above is put there before what lies below it.
    wanted.sort_by_key(|path| path.components().count());
    let Some(first) = wanted.first().cloned() else {
        return Ok(());
    };
    let refused = |_: io::Error| HelperError::Unreachable { uid: account.uid, path: first.clone() };
    let mut closed = Vec::new();
    for path in &wanted {
        closed.extend(outermost_closed(path, account).map_err(&refused)?);
    }
    closed.sort();
    closed.dedup();
    let items = copy(confinement, account, wanted)?;
    let bring = || {
        own_mounts()?;
        for directory in &closed {
            cover(directory)?;
        }
        for item in items {
            if closed.iter().any(|directory| item.path.starts_with(directory)) && !item.path.exists() {
                fs::create_dir_all(item.path.parent().unwrap_or(&item.path))?;
                make_place(&item.path, item.is_directory)?;
            }
            item.mount.attach(&item.path)?;
        }
        Ok(())
    };
    bring().map_err(refused)
}

/// The agent's user, when it is another one than ours and we may become it.
fn other_account(confinement: &Confinement) -> Option<Account> {
    confinement.account.filter(|account| rustix::process::geteuid().is_root() && account.uid != 0)
}

/// What the agent's user could not use as it is meant.
fn wanted(confinement: &Confinement, account: Account) -> Result<Vec<PathBuf>, HelperError> {
    let grant = &confinement.grant;
    let mut found: Vec<PathBuf> = Vec::new();
    let lists = [(&grant.read, false), (&grant.execute, false), (&grant.sockets, true), (&grant.write, true)];
    for (paths, is_changed) in lists {
        for path in paths {
            let usable = is_usable(path, account, is_changed)
                .map_err(HelperError::system(format!("look at `{}`", path.display())))?;
            if !usable && !found.contains(path) {
                found.push(path.clone());
            }
        }
    }
    Ok(found)
}

/// Whether this user reaches `path` and may read it, or is its owner where it is to be changed.
fn is_usable(path: &Path, account: Account, is_changed: bool) -> io::Result<bool> {
    let metadata = fs::metadata(path)?;
    let readable = if metadata.is_dir() { 0o005 } else { 0o004 };
    let usable = metadata.uid() == account.uid || (!is_changed && metadata.mode() & readable == readable);
    Ok(usable && outermost_closed(path, account)?.is_none())
}

/// The outermost directory above `path` that does not let this user through.
fn outermost_closed(path: &Path, account: Account) -> io::Result<Option<PathBuf>> {
    let mut found = None;
    for above in path.ancestors().skip(1) {
        let metadata = fs::metadata(above)?;
        let bit = match () {
            () if metadata.uid() == account.uid => 0o100,
            () if metadata.gid() == account.gid => 0o010,
            () => 0o001,
        };
        if metadata.mode() & bit == 0 {
            found = Some(above.to_owned());
        }
    }
    Ok(found)
}

/// Copies the mounts, before anything is covered.
fn copy(confinement: &Confinement, account: Account, paths: Vec<PathBuf>) -> Result<Vec<Item>, HelperError> {
    let mut mappings: Vec<(Owner, Mapping)> = Vec::new();
    let mut items = Vec::new();
    for path in paths {
        let failed =
            |error: io::Error| HelperError::system(format!("show `{}` to the agent's user", path.display()))(error);
        let source = identity::open(&path)?;
        let metadata = File::from(source.try_clone().map_err(failed)?).metadata().map_err(failed)?;
        let owner = Owner { uid: metadata.uid(), gid: metadata.gid() };
        if owner.uid != account.uid && !mappings.iter().any(|(known, _)| *known == owner) {
            let shown = Owner { uid: account.uid, gid: account.gid };
            mappings.push((owner, Mapping::new(owner, shown).map_err(failed)?));
        }
        let mapping = mappings.iter().find(|(known, _)| *known == owner).map(|(_, mapping)| mapping);
        let mount = shown(&source, mapping).map_err(failed)?;
        // What may only be read would be its user's own to change otherwise.
        if !confinement.may_write(&path) {
            mount.only_to_read().map_err(failed)?;
        }
        items.push(Item { path, mount, is_directory: metadata.is_dir() });
    }
    Ok(items)
}

/// A copy with the owners as they shall be; as they are where the file system cannot do it.
fn shown(source: &impl AsFd, mapping: Option<&Mapping>) -> io::Result<DetachedMount> {
    let Some(mapping) = mapping else {
        return DetachedMount::copy(source.as_fd(), true);
    };
    for with_below in [true, false] {
        let mount = DetachedMount::copy(source.as_fd(), with_below)?;
        if mount.show_as(mapping).is_ok() {
            return Ok(mount);
        }
    }
    DetachedMount::copy(source.as_fd(), true)
}

/// Covers a directory with an empty one that everybody may enter.
fn cover(directory: &Path) -> io::Result<()> {
    match fs::create_dir(directory) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    Ok(mount("tmpfs", directory, "tmpfs", MountFlags::NOSUID | MountFlags::NODEV, Some(c"mode=0755"))?)
}

fn make_place(place: &Path, is_directory: bool) -> io::Result<()> {
    if is_directory { fs::create_dir(place) } else { File::create(place).map(drop) }
}
