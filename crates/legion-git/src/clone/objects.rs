//! An agent's objects: copied to a place of ours, packed again from there, hashed again and checked on the way in.
//!
//! Git never looks into the clone: neither its alternates nor its caches (commit graph, bitmaps, multi-pack index) are
//! followed or believed.

use std::fs::File;
use std::io::{self, Read as _};
use std::os::fd::OwnedFd;
use std::path::Path;

use rustix::fs::Dir;

use crate::clone::head::open_git_dir;
use crate::clone::place::ClonePlace;
use crate::control::Control;
use crate::error::GitError;
use crate::file_system::{blocking, open_directory_beneath, open_file_beneath};
use crate::oid::Oid;

/// More new objects than this are no honest attempt.
const FILES_MAX: usize = 500_000;
const BYTES_MAX: u64 = 4 * 1024 * 1024 * 1024;

/// Why objects could not be taken.
pub(crate) enum TakeError {
    /// There is something wrong with them.
    Refused(String),
    /// There is something wrong here.
    Git(GitError),
}

/// How much may still be copied.
struct Budget {
    files: usize,
    bytes: u64,
}

impl Control {
    /// Takes `head` with all of its history that is not in that of `base`.
    pub(crate) async fn take_objects(&self, place: &ClonePlace, head: &Oid, base: &Oid) -> Result<(), TakeError> {
        if self.has_commit(head).await.map_err(TakeError::Git)? {
            return Ok(());
        }
        let temporary = self.temporary().map_err(TakeError::Git)?;
        let objects = temporary.join("objects");
        let (from, to) = (place.clone(), objects.clone());
        blocking(move || copy_objects(&from, &to)).await?;
        // What a branch of ours has need not be taken; the agent may have merged it.
        let heads = "refs/heads/legion".parse().expect("a name in a constant");
        let known = self.refs_below(&heads).await.map_err(TakeError::Git)?;
        let mut wanted = format!("{head}\n^{base}\n");
        for (_, oid) in known {
            wanted.push_str(&format!("^{oid}\n"));
        }
        let pack = temporary.join("out.pack");
        let call = self.call("pack-objects").args(["--revs", "--stdout", "--thin", "--delta-base-offset", "-q"]);
        let call = call.env("GIT_ALTERNATE_OBJECT_DIRECTORIES", quoted(&objects)).stdin(wanted);
        self.taken(call.output(&pack).long().run().await.map(drop))?;
        self.taken(self.take_pack(&pack).await)?;
        if self.has_commit(head).await.map_err(TakeError::Git)? {
            return Ok(());
        }
        Err(TakeError::Refused("it is no commit".to_owned()))
    }

    /// What git refuses is the agent's fault, unless the disk is full.
    fn taken(&self, done: Result<(), GitError>) -> Result<(), TakeError> {
        match done {
            Err(GitError::Failed { message, .. }) => Err(TakeError::Refused(message)),
            other => other.map_err(TakeError::Git),
        }
    }
}

/// As a list of one directory, whatever is in its name.
fn quoted(path: &Path) -> std::ffi::OsString {
    use std::os::unix::ffi::OsStringExt as _;
    let mut list = vec![b'"'];
    for byte in path.as_os_str().as_encoded_bytes() {
        if matches!(byte, b'"' | b'\\') {
            list.push(b'\\');
        }
        list.push(*byte);
    }
    list.push(b'"');
    std::ffi::OsString::from_vec(list)
}

fn copy_objects(place: &ClonePlace, to: &Path) -> Result<(), TakeError> {
    let ours = |source| TakeError::Git(GitError::file("write", to)(source));
    std::fs::create_dir_all(to.join("pack")).map_err(ours)?;
    let git_dir = open_git_dir(place).map_err(TakeError::Refused)?;
    let objects = open_directory_beneath(&git_dir, Path::new("objects"))
        .map_err(|error| TakeError::Refused(format!("`objects`: {error}")))?;
    let mut budget = Budget { files: FILES_MAX, bytes: BYTES_MAX };
    for name in names(&objects).map_err(|error| TakeError::Refused(format!("`objects`: {error}")))? {
        let wanted: fn(&str) -> bool = match name.as_str() {
            "pack" => is_pack,
            name if name.len() == 2 && is_hex(name) => is_loose,
            _ => continue,
        };
        let Ok(directory) = open_directory_beneath(&objects, Path::new(&name)) else { continue };
        let target = to.join(&name);
        std::fs::create_dir_all(&target).map_err(ours)?;
        let listed = names(&directory).map_err(|error| TakeError::Refused(format!("`objects/{name}`: {error}")))?;
        for file in listed.iter().filter(|file| wanted(file)) {
            copy_file(&directory, file, &target.join(file), &mut budget)?;
        }
    }
    Ok(())
}

fn copy_file(directory: &OwnedFd, name: &str, to: &Path, budget: &mut Budget) -> Result<(), TakeError> {
    // What is no regular file is no object; git will say if it is missed.
    let Ok(file) = open_file_beneath(directory, Path::new(name)) else { return Ok(()) };
    let ours = |source| TakeError::Git(GitError::file("write", to)(source));
    let mut target = File::create_new(to).map_err(ours)?;
    let copied = io::copy(&mut file.take(budget.bytes + 1), &mut target).map_err(ours)?;
    if copied > budget.bytes || budget.files == 0 {
        return Err(TakeError::Refused("it has more objects than are taken from one attempt".to_owned()));
    }
    budget.bytes -= copied;
    budget.files -= 1;
    Ok(())
}

fn names(directory: &OwnedFd) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in Dir::read_from(directory)? {
        // Names of objects are ASCII; whatever else is there is not looked for.
        names.extend(entry?.file_name().to_str().ok().map(str::to_owned));
    }
    Ok(names)
}

fn is_hex(name: &str) -> bool {
    name.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

fn is_loose(name: &str) -> bool {
    matches!(name.len(), 38 | 62) && is_hex(name)
}

fn is_pack(name: &str) -> bool {
    let hash = |end| name.strip_prefix("pack-").and_then(|name| name.strip_suffix(end));
    hash(".pack").or(hash(".idx")).is_some_and(is_hex)
}
