//! What a clone's HEAD names, read from its files. Nothing in there is believed.

use std::os::fd::OwnedFd;
use std::path::Path;

use crate::clone::place::ClonePlace;
use crate::file_system::{open_directory, open_directory_beneath, read_beneath};
use crate::oid::{ObjectFormat, Oid};
use crate::ref_name::RefName;

pub(crate) const REF_BYTES_MAX: u64 = 4 * 1024;
pub(crate) const PACKED_REFS_BYTES_MAX: u64 = 16 * 1024 * 1024;
/// How often a ref may name another ref.
const SYMBOLIC_DEPTH_MAX: usize = 5;

/// What a clone is at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CloneHead {
    pub oid: Oid,
    /// The branch it is on, if on any.
    pub branch: Option<RefName>,
}

/// Opens the clone's `.git`, which must be a directory.
pub(crate) fn open_git_dir(place: &ClonePlace) -> Result<OwnedFd, String> {
    let directory = open_directory(place.dir()).map_err(|error| format!("no directory: {error}"))?;
    open_directory_beneath(&directory, Path::new(".git")).map_err(|error| format!("no `.git` directory: {error}"))
}

/// Reads HEAD; the error says what is wrong with it.
pub(crate) fn read_head(place: &ClonePlace, format: ObjectFormat) -> Result<CloneHead, String> {
    follow(place, "HEAD", format)
}

/// Reads the object that a ref names; the error says what is wrong with it.
pub(crate) fn read_ref(place: &ClonePlace, name: &RefName, format: ObjectFormat) -> Result<Oid, String> {
    follow(place, name.as_str(), format).map(|found| found.oid)
}

fn follow(place: &ClonePlace, name: &str, format: ObjectFormat) -> Result<CloneHead, String> {
    let git_dir = open_git_dir(place)?;
    let mut name = name.to_owned();
    let mut branch = None;
    for _ in 0..SYMBOLIC_DEPTH_MAX {
        let text = match read_beneath(&git_dir, Path::new(&name), REF_BYTES_MAX) {
            Ok(bytes) => String::from_utf8(bytes).map_err(|_| format!("`{name}` is no text"))?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && name != "HEAD" => packed(&git_dir, &name)?,
            Err(error) => return Err(format!("`{name}`: {error}")),
        };
        let text = text.trim_end();
        if let Some(next) = text.strip_prefix("ref:") {
            let next: RefName = next.trim().parse().map_err(|error| format!("`{name}`: {error}"))?;
            name = next.as_str().to_owned();
            branch = Some(next);
            continue;
        }
        let oid: Oid = text.parse().map_err(|error| format!("`{name}`: {error}"))?;
        if oid.format() != format {
            return Err(format!("`{name}` names an object by another hash"));
        }
        return Ok(CloneHead { oid, branch });
    }
    Err("its refs name each other".to_owned())
}

fn packed(git_dir: &OwnedFd, name: &str) -> Result<String, String> {
    let missing = || format!("branch `{name}` is not there");
    let bytes = match read_beneath(git_dir, Path::new("packed-refs"), PACKED_REFS_BYTES_MAX) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Err(missing()),
        Err(error) => return Err(format!("`packed-refs`: {error}")),
    };
    let text = String::from_utf8_lossy(&bytes);
    let found = text.lines().filter_map(|line| line.split_once(' ')).find(|(_, listed)| *listed == name);
    found.map(|(oid, _)| oid.to_owned()).ok_or_else(missing)
}
