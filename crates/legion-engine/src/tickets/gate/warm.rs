//! What a gate finds of the gates before it: ignored files of the checkout, and caches in its home, by name. All of it was written by code
//! of branches, so only what was written for work that was merged stays: a branch that is turned down has no say about the next one.
//!
//! Who wrote last is noted beside the checkout, with the time from which on. What was written since is told by the time of a file's
//! last change (`ctime`), which the kernel sets at every write, new name and new attribute, and which nobody can set back. It does not
//! tell a directory that was moved as a whole: its files, older and from merged work, stay where they are then.

use std::fs;
use std::io::{self, ErrorKind};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use legion_git::{Control, Oid};
use legion_model::tickets::{Built, SessionName};
use serde::{Deserialize, Serialize};

use super::place::{remove_all, remove_now};
use crate::tickets::failure::Failure;
use crate::tickets::ground::Ground;
use crate::tickets::names;
use crate::tickets::order::Case;
use crate::tickets::site::Site;

/// What stays of a home: caches of build programs, with no file among them that a program takes for its configuration.
const CACHES: &[&str] = &[
    ".cache/ccache",
    ".cache/go-build",
    ".cache/pip",
    ".cache/sccache",
    ".cache/uv",
    ".cache/yarn",
    ".cargo/git",
    ".cargo/registry",
    ".gradle/caches",
    ".local/share/pnpm/store",
    ".m2/repository",
    ".npm/_cacache",
    "go/pkg/mod",
];

/// Whose gates have written since when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Writer {
    session: SessionName,
    /// The commit that was built, and that the target moves to when all gates pass.
    commit: String,
    /// Every run on it so far has passed.
    passed: bool,
    /// The file system's time at the first of its runs: seconds, nanoseconds.
    since: (i64, i64),
}

/// What the note says.
enum Noted {
    Writer(Writer),
    /// No gate has run here.
    Nobody,
    /// It was removed, or cannot be read: whoever wrote here may have.
    Unknown,
}

/// Makes the home anew, and removes what was written for work that was not merged. Nothing of the project's gates runs.
pub(super) async fn clear(site: &Site, control: &Control, case: &Case, built: &Built) -> Result<(), Failure> {
    let ground = &site.ground;
    let checkout = ground.gates.join("checkout");
    let stays = match read(ground) {
        Noted::Nobody => true,
        Noted::Writer(writer) => {
            let goes_on = writer.passed && writer.is(case, built);
            goes_on || is_merged(control, &writer).await? || remove_since(site, &checkout, &writer).await?
        }
        Noted::Unknown => false,
    };
    if !stays {
        tracing::warn!(project = %site.project, "nobody knows whose gates wrote last: what they left is removed");
        remove_all(&checkout).await?;
        remove_all(&ground.gate_home).await?;
    }
    let home = ground.gate_home.clone();
    let kept: Vec<&Path> = CACHES.iter().map(Path::new).collect();
    let clearing = tokio::task::spawn_blocking(move || keep_only(&home, &kept));
    if let Err(error) = clearing.await.map_err(|error| Failure::of(&error))? {
        tracing::warn!(project = %site.project, %error, "the home of the gates is removed with its caches");
        remove_all(&ground.gate_home).await?;
    }
    Ok(())
}

/// Notes that a gate is about to write for this landing. The checkout is made.
pub(super) fn begin(site: &Site, case: &Case, built: &Built) -> Result<(), Failure> {
    let ground = &site.ground;
    let stamp = ground.gates.join("stamp");
    site.inner.data_dir.replace(&stamp, b"")?;
    // By the clock that will be that of its files.
    let now = fs::symlink_metadata(&stamp).map_err(|error| Failure::of(&error))?;
    let mut writer = Writer {
        session: case.session.clone(),
        commit: built.commit.clone(),
        passed: false,
        since: (now.ctime(), now.ctime_nsec()),
    };
    if let Noted::Writer(before) = read(ground)
        && before.passed
        && before.is(case, built)
    {
        // Should a later gate of it fail, what the earlier ones wrote goes as well.
        writer.since = before.since;
    }
    write(site, &writer)
}

/// Notes that the run which began last has passed. Not to know it costs a warm cache.
pub(super) fn passed(site: &Site) {
    let Noted::Writer(writer) = read(&site.ground) else { return };
    if let Err(failure) = write(site, &Writer { passed: true, ..writer }) {
        tracing::warn!(project = %site.project, why = failure.why, "what a gate left is not kept for the next one");
    }
}

impl Writer {
    fn is(&self, case: &Case, built: &Built) -> bool {
        self.session == case.session && self.commit == built.commit
    }
}

fn note(ground: &Ground) -> PathBuf {
    ground.gates.join("writer.json")
}

fn read(ground: &Ground) -> Noted {
    match fs::read(note(ground)) {
        Ok(bytes) => serde_json::from_slice(&bytes).map_or(Noted::Unknown, Noted::Writer),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let has = |path: &Path| fs::symlink_metadata(path).is_ok();
            if has(&ground.gates.join("checkout")) || has(&ground.gate_home) { Noted::Unknown } else { Noted::Nobody }
        }
        Err(_) => Noted::Unknown,
    }
}

fn write(site: &Site, writer: &Writer) -> Result<(), Failure> {
    let text = serde_json::to_vec(writer).map_err(|error| Failure::of(&error))?;
    site.inner.data_dir.replace(&note(&site.ground), &text).map_err(Failure::from)
}

/// Whether the target has the commit: then what it wrote is as good as what will be built of the target.
async fn is_merged(control: &Control, writer: &Writer) -> Result<bool, Failure> {
    let Ok(commit) = writer.commit.parse::<Oid>() else { return Ok(false) };
    let Some(tip) = control.resolve(&names::target(&writer.session)).await? else { return Ok(false) };
    Ok(control.has_commit(&commit).await? && control.is_ancestor(&commit, &tip).await?)
}

/// Removes what was written since; whether that could be done.
async fn remove_since(site: &Site, checkout: &Path, writer: &Writer) -> Result<bool, Failure> {
    let roots = [checkout.to_owned(), site.ground.gate_home.clone()];
    let since = writer.since;
    let removing = tokio::task::spawn_blocking(move || {
        roots.iter().try_fold(0, |removed, root| Ok::<u64, io::Error>(removed + remove_newer(root, since)?))
    });
    match removing.await.map_err(|error| Failure::of(&error))? {
        Ok(removed) => {
            tracing::info!(project = %site.project, removed, "what gates wrote for work that was not merged is removed");
            Ok(true)
        }
        Err(error) => {
            tracing::warn!(project = %site.project, %error, "what gates wrote cannot be told apart");
            Ok(false)
        }
    }
}

/// Removes every file below `root` that was changed since, and the directories that are empty then. No link is followed. Returns how
/// many files there were.
fn remove_newer(root: &Path, since: (i64, i64)) -> io::Result<u64> {
    let is_newer = |found: &fs::Metadata| (found.ctime(), found.ctime_nsec()) >= since;
    match fs::symlink_metadata(root) {
        Ok(found) if found.is_dir() => {}
        Ok(_) => return fs::remove_file(root).map(|()| 1),
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(0),
        Err(error) => return Err(error),
    }
    let mut removed = 0;
    let mut waiting = vec![root.to_owned()];
    let mut changed = Vec::new();
    while let Some(directory) = waiting.pop() {
        for entry in fs::read_dir(&directory)? {
            let path = entry?.path();
            let found = fs::symlink_metadata(&path)?;
            if found.is_dir() {
                if is_newer(&found) {
                    changed.push(path.clone());
                }
                waiting.push(path);
            } else if is_newer(&found) {
                fs::remove_file(&path)?;
                removed += 1;
            }
        }
    }
    // Those below come after those above. One that is not empty stays.
    for directory in changed.iter().rev() {
        let _ = fs::remove_dir(directory);
    }
    Ok(removed)
}

/// Removes all of a directory but what lies at these paths in it, which are directories and no links.
fn keep_only(directory: &Path, kept: &[&Path]) -> io::Result<()> {
    match fs::symlink_metadata(directory) {
        Ok(found) if found.is_dir() => {}
        Ok(_) => return fs::remove_file(directory),
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    }
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let name = PathBuf::from(entry.file_name());
        let below: Vec<&Path> = kept.iter().filter_map(|path| path.strip_prefix(&name).ok()).collect();
        if below.is_empty() || !entry.file_type()?.is_dir() {
            remove_now(&entry.path())?;
        } else if !below.contains(&Path::new("")) {
            keep_only(&entry.path(), &below)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn write(root: &Path, path: &str) {
        let path = root.join(path);
        fs::create_dir_all(path.parent().expect("below the root")).expect("made");
        fs::write(path, "x").expect("written");
    }

    #[test]
    fn a_home_keeps_its_caches_and_nothing_that_configures() {
        let root = tempfile::tempdir().expect("a directory");
        let home = root.path().join("home");
        let kept = [".cache/go-build/a/b", ".cargo/registry/index/x", ".npm/_cacache/y"];
        let gone = [
            ".npmrc",
            ".gitconfig",
            ".cargo/config.toml",
            ".cargo/bin/cargo",
            ".cache/other/x",
            ".npm/x",
            ".gradle/init.d/x.gradle",
            ".local/lib/python3.12/site-packages/usercustomize.py",
            "bin/git",
        ];
        kept.iter().chain(&gone).for_each(|path| write(&home, path));
        write(root.path(), "outside/registry/x");
        symlink(root.path().join("outside"), home.join("go")).expect("linked");
        let caches: Vec<&Path> = CACHES.iter().map(Path::new).collect();
        keep_only(&home, &caches).expect("cleared");
        assert!(kept.iter().all(|path| home.join(path).exists()));
        for path in gone.iter().chain(&["go"]) {
            assert!(fs::symlink_metadata(home.join(path)).is_err(), "{path} is there");
        }
        assert!(root.path().join("outside/registry/x").exists(), "a link was followed");
        keep_only(&root.path().join("none"), &caches).expect("nothing to do");
    }

    #[test]
    fn what_was_written_moved_or_touched_since_goes() {
        let root = tempfile::tempdir().expect("a directory");
        let dir = root.path().join("checkout");
        let before = ["old", "target/kept", "target/written", "target/moved", "target/set-back", "target/linked"];
        before.iter().for_each(|path| write(&dir, path));
        let ctime = |path: &Path| {
            let found = fs::symlink_metadata(path).expect("there");
            (found.ctime(), found.ctime_nsec())
        };
        // The clock of files is coarse: until it has gone on.
        let last = ctime(&dir.join("target/linked"));
        let stamp = root.path().join("stamp");
        let deadline = std::time::Instant::now() + std::time::Duration::from_secs(10);
        let since = loop {
            fs::write(&stamp, "x").expect("written");
            if ctime(&stamp) > last {
                break ctime(&stamp);
            }
            assert!(std::time::Instant::now() < deadline, "the clock of files stands");
        };
        fs::write(dir.join("target/written"), "other").expect("written");
        fs::rename(dir.join("target/moved"), dir.join("target/elsewhere")).expect("moved");
        fs::write(dir.join("target/set-back"), "other").expect("written");
        let file = fs::File::options().write(true).open(dir.join("target/set-back")).expect("opened");
        file.set_modified(std::time::UNIX_EPOCH).expect("set back");
        fs::hard_link(dir.join("target/linked"), dir.join("target/link")).expect("linked");
        write(&dir, "target/new/deep/file");
        fs::create_dir_all(dir.join("target/empty/deep")).expect("made");
        symlink("/", dir.join("target/root")).expect("linked");
        assert!(remove_newer(&dir, since).expect("removed") >= 6);
        let mut left: Vec<_> =
            fs::read_dir(dir.join("target")).expect("there").map(|e| e.expect("one").file_name()).collect();
        left.sort();
        assert_eq!(left, ["kept"]);
        assert!(dir.join("old").exists());
        assert_eq!(remove_newer(&dir.join("none"), since).expect("nothing to do"), 0);
    }
}
