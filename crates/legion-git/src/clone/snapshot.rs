//! A work tree as a tree of git: every tracked file, and every other one that is not ignored.

use std::collections::{BTreeSet, HashSet};
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::clone::copy_out::copy_out;
use crate::clone::note::{LeftOut, Note};
use crate::clone::place::ClonePlace;
use crate::command::{LIST_BYTES_MAX, failed};
use crate::control::Control;
use crate::error::GitError;
use crate::file_system::{
    blocking, copy_with_times, is_gone, open_directory, open_directory_beneath, open_file_beneath,
};
use crate::oid::Oid;
use crate::words::{self, joined, words};

/// An agent's index that is larger is not looked into.
const INDEX_BYTES_MAX: u64 = 256 * 1024 * 1024;
/// Files that git may refuse one by one before the whole is given up.
const REFUSALS_MAX: usize = 200;
/// What git says of a directory that it may not read.
const CLOSED_DIRECTORY: &str = "warning: could not open directory '";
/// What git says of a path that it never takes.
const IGNORED_PATH: &str = "Ignoring path ";
/// The mode of another repository's commit.
const GITLINK: &[u8] = b"160000";

/// The files of a clone, as they were.
pub(crate) struct Snapshot {
    pub tree: Oid,
    pub notes: Vec<Note>,
}

/// What was seen while looking for files.
#[derive(Default)]
pub(crate) struct Listing {
    pub paths: BTreeSet<PathBuf>,
    pub notes: Vec<Note>,
}

/// What is to be done about paths.
#[derive(Default)]
struct Sorted {
    add: Vec<PathBuf>,
    remove: Vec<PathBuf>,
    notes: Vec<Note>,
}

impl Control {
    /// Takes the files of a clone whose commits end at `head`, which is here.
    pub(crate) async fn snapshot(&self, place: &ClonePlace, head: &Oid) -> Result<Snapshot, GitError> {
        let root = place.dir();
        open_directory(root).map_err(GitError::file("open", root))?;
        let temporary = Arc::new(self.temporary()?);
        let index = temporary.join("index");
        self.read_into_index(place, head, &index).await?;
        let gitlinks = self.drop_gitlinks(&index).await?;
        let mut listing = Listing::default();
        let options = ["-m", "-d", "-o", "--exclude-standard"];
        let mut nested: Vec<PathBuf> = gitlinks.into_iter().filter(|path| root.join(path).is_dir()).collect();
        for (_, path) in self.list_files(root, &index, &options, &mut listing).await? {
            if path.as_os_str().as_encoded_bytes().ends_with(b"/") {
                nested.push(path.components().collect());
            } else {
                listing.paths.insert(path);
            }
        }
        let theirs = temporary.join("theirs");
        if copied_index(root, &theirs).await {
            // Staged, and perhaps ignored.
            let tracked: HashSet<PathBuf> = self.indexed(&index).await.into_iter().collect();
            listing.paths.extend(self.indexed(&theirs).await.into_iter().filter(|path| !tracked.contains(path)));
        }
        let mut repositories = BTreeSet::new();
        self.nested_files(root, &index, nested, &mut repositories, &mut listing).await?;
        let Listing { paths, mut notes } = listing;
        notes.extend(repositories.into_iter().map(|path| Note::NestedRepository { path }));
        let at = root.to_owned();
        let sorted = blocking(move || sort(&at, paths)).await.map_err(GitError::file("open", root))?;
        notes.extend(sorted.notes);
        self.unstage(&index, &sorted.remove).await?;
        let (at, private) = (root.to_owned(), temporary.join("files"));
        let (to, add, kept) = (private.clone(), sorted.add, temporary.clone());
        let copy = move || {
            let copied = copy_out(&at, &to, add);
            // It goes on when nobody waits any more: until then its directory stays.
            drop(kept);
            copied
        };
        let copied = blocking(copy).await.map_err(|source| match GitError::file("copy", root)(source) {
            error if error.is_disk_full() => {
                GitError::DiskFull { verb: "update-index", repository: self.dir().to_owned() }
            }
            error => error,
        })?;
        notes.extend(copied.notes);
        notes.extend(self.stage(&private, &index, copied.paths).await?);
        let answer = self.call("write-tree").index(&index).long().run().await?;
        let tree = Oid::from_output(&answer).ok_or_else(|| GitError::unexpected("write-tree", &answer))?;
        // The next one is quicker by what this one has seen. Not having it costs time only.
        let _ = fs::rename(&index, place.index());
        Ok(Snapshot { tree, notes })
    }

    /// Our private index, moved to `head`: what it knows of files that are the same stays.
    async fn read_into_index(&self, place: &ClonePlace, head: &Oid, index: &Path) -> Result<(), GitError> {
        let (from, to) = (place.index().to_owned(), index.to_owned());
        let warm = blocking(move || copy_with_times(&from, &to)).await.is_ok();
        if warm && self.call("read-tree").arg("-m").arg(head).index(index).long().run().await.is_ok() {
            return Ok(());
        }
        crate::file_system::remove(index).map_err(GitError::file("remove", index))?;
        self.call("read-tree").arg(head).index(index).long().run().await.map(drop)
    }

    /// Takes the commits of other repositories out of the index; returns their paths.
    async fn drop_gitlinks(&self, index: &Path) -> Result<Vec<PathBuf>, GitError> {
        let listed = self.call("ls-files").args(["-s", "-z"]).index(index).long().output_bytes_max(LIST_BYTES_MAX * 2);
        let listed = listed.run().await?;
        let links = words(&listed).filter(|entry| entry.starts_with(GITLINK));
        let path = |entry: &[u8]| entry.splitn(2, |byte| *byte == b'\t').nth(1).map(words::path);
        let links: Vec<PathBuf> = links.filter_map(path).collect();
        self.unstage(index, &links).await?;
        Ok(links)
    }

    /// Runs `ls-files`; each path comes with its tag. A directory that cannot be read becomes a note.
    pub(crate) async fn list_files(
        &self,
        root: &Path,
        index: &Path,
        options: &[impl AsRef<std::ffi::OsStr>],
        listing: &mut Listing,
    ) -> Result<Vec<(u8, PathBuf)>, GitError> {
        let call = self.call("ls-files").args(["-z", "-t"]).args(options).work_tree(root).index(index);
        let output = call.long().output_bytes_max(LIST_BYTES_MAX).run_cut().await?;
        if output.cut {
            return Err(GitError::TooMuch { verb: "ls-files", limit: LIST_BYTES_MAX });
        }
        for line in String::from_utf8_lossy(&output.stderr).lines() {
            let Some(rest) = line.strip_prefix(CLOSED_DIRECTORY) else { continue };
            let path = rest.rsplit_once("':").map_or(rest, |(path, _)| path);
            listing.notes.push(Note::LeftOut { path: path.into(), why: LeftOut::Unreadable });
        }
        let entry = |word: &[u8]| Some((*word.first()?, words::path(word.get(2..)?)));
        Ok(words(&output.stdout).filter_map(entry).collect())
    }

    /// The paths of an index; none when git cannot read it.
    pub(crate) async fn indexed(&self, index: &Path) -> Vec<PathBuf> {
        let call = self.call("ls-files").args(["-z", "-c"]).index(index).long().output_bytes_max(LIST_BYTES_MAX);
        call.run().await.map(|listed| words(&listed).map(words::path).collect()).unwrap_or_default()
    }

    async fn unstage(&self, index: &Path, paths: &[PathBuf]) -> Result<(), GitError> {
        if paths.is_empty() {
            return Ok(());
        }
        let zero = self.format().zero();
        let mut input = Vec::new();
        for path in paths {
            input.extend_from_slice(format!("0 {zero}\t").as_bytes());
            input.extend_from_slice(path.as_os_str().as_encoded_bytes());
            input.push(0);
        }
        let call = self.call("update-index").args(["-z", "--index-info"]).index(index).long().stdin(input);
        call.run().await.map(drop)
    }

    /// Puts files below `root` into the index. Git stops at the first that it cannot take, so what it stops at is halved until it is
    /// a single file, which is noted.
    async fn stage(&self, root: &Path, index: &Path, paths: Vec<PathBuf>) -> Result<Vec<Note>, GitError> {
        let mut notes = Vec::new();
        let mut waiting = vec![paths];
        while let Some(mut paths) = waiting.pop() {
            if paths.is_empty() {
                continue;
            }
            let call = self.call("update-index").args(["--add", "--replace", "-z", "--stdin"]);
            let call = call.work_tree(root).index(index).long().stdin(joined(paths.iter().map(PathBuf::as_path)));
            let output = call.run_any().await?;
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            if output.status.success() {
                let ignored = said.lines().filter_map(|line| line.strip_prefix(IGNORED_PATH));
                notes.extend(ignored.map(|path| Note::LeftOut { path: path.into(), why: LeftOut::Path }));
                continue;
            }
            let error = failed("update-index", self.dir(), &output);
            if error.is_disk_full() || notes.len() >= REFUSALS_MAX {
                return Err(error);
            }
            if paths.len() > 1 {
                let rest = paths.split_off(paths.len() / 2);
                waiting.extend([paths, rest]);
                continue;
            }
            let path = paths.remove(0);
            if self.stage_as_is(root, index, &path).await.is_ok() {
                continue;
            }
            let why = LeftOut::Refused(words::text(&output.stderr, 300));
            // Gone since it was listed: nothing to lose.
            if crate::file_system::exists(&root.join(&path)) {
                notes.push(Note::LeftOut { path, why });
            }
        }
        Ok(notes)
    }
}

impl Control {
    /// Puts one file into the index byte for byte: its attributes ask for a conversion that its content does not allow.
    async fn stage_as_is(&self, root: &Path, index: &Path, path: &Path) -> Result<(), GitError> {
        let temporary = self.temporary()?;
        let copy = temporary.join("content");
        let (from, to, below) = (root.to_owned(), copy.clone(), path.to_owned());
        let copied = blocking(move || {
            let mut file = open_file_beneath(open_directory(&from)?, &below)?;
            let executable = file.metadata()?.permissions().mode() & 0o100 != 0;
            io::copy(&mut file, &mut File::create(&to)?)?;
            Ok(executable)
        });
        let executable = copied.await.map_err(GitError::file("copy", path))?;
        let answer = self.call("hash-object").args(["-w", "--no-filters", "--stdin"]).input(&copy).long().run().await?;
        let oid = Oid::from_output(&answer).ok_or_else(|| GitError::unexpected("hash-object", &answer))?;
        let mode = if executable { "100755" } else { "100644" };
        let mut entry = format!("{mode} {oid}\t").into_bytes();
        entry.extend_from_slice(path.as_os_str().as_encoded_bytes());
        entry.push(0);
        let call = self.call("update-index").args(["--add", "--replace", "-z", "--index-info"]).index(index);
        call.stdin(entry).run().await.map(drop)
    }
}

/// Copies the index of the repository at `directory`, if there is one that can be read.
pub(crate) async fn copied_index(directory: &Path, to: &Path) -> bool {
    let (directory, to) = (directory.to_owned(), to.to_owned());
    let copy = move || -> io::Result<()> {
        let directory = open_directory(&directory)?;
        let file = open_file_beneath(&directory, Path::new(".git/index"))?;
        if file.metadata()?.len() > INDEX_BYTES_MAX {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        io::copy(&mut io::Read::take(file, INDEX_BYTES_MAX), &mut File::create(to)?).map(drop)
    };
    blocking(copy).await.is_ok()
}

/// Looks at each path without following a link.
fn sort(root: &Path, paths: BTreeSet<PathBuf>) -> io::Result<Sorted> {
    let directory = open_directory(root)?;
    let mut sorted = Sorted::default();
    // Paths come in order: those of a directory one after the other.
    let mut parent: Option<(PathBuf, Option<std::os::fd::OwnedFd>)> = None;
    // Only what is certain to be gone is: that nothing can be opened just now says nothing of it.
    let is_no_more = |error: io::Error| match error.kind() {
        io::ErrorKind::PermissionDenied => Ok(()),
        _ if is_gone(&error) => Ok(()),
        _ => Err(error),
    };
    for path in paths {
        let (above, name) = (path.parent().unwrap_or(Path::new("")), path.file_name());
        if parent.as_ref().is_none_or(|(known, _)| known != above) {
            let opened = match open_directory_beneath(&directory, above) {
                Ok(opened) => Some(opened),
                Err(error) => is_no_more(error).map(|()| None)?,
            };
            parent = Some((above.to_owned(), opened));
        }
        let opened = parent.as_ref().and_then(|(_, opened)| opened.as_ref());
        let (Some(opened), Some(name)) = (opened, name) else {
            // Beyond a link, or where no directory is any more.
            sorted.remove.push(path);
            continue;
        };
        let flags = rustix::fs::AtFlags::SYMLINK_NOFOLLOW;
        let found = match rustix::fs::statat(opened, name, flags) {
            Ok(found) => found,
            Err(errno) => {
                is_no_more(errno.into())?;
                sorted.remove.push(path);
                continue;
            }
        };
        match rustix::fs::FileType::from_raw_mode(found.st_mode) {
            rustix::fs::FileType::RegularFile | rustix::fs::FileType::Symlink => sorted.add.push(path),
            // What is in it is listed by itself.
            rustix::fs::FileType::Directory => sorted.remove.push(path),
            _ => {
                sorted.remove.push(path.clone());
                sorted.notes.push(Note::LeftOut { path, why: LeftOut::Special });
            }
        }
    }
    Ok(sorted)
}
