//! Finding the person's repository, and whether Legion can work with it.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use crate::error::GitError;
use crate::git::Git;
use crate::oid::{ObjectFormat, Oid};
use crate::person::call::PersonCall;
use crate::ref_name::RefName;
use crate::words::{self, words};

/// Pairs of paths told of at most.
const CASE_CLASHES_MAX: usize = 20;
/// Filters without which the files of a repository are not what they should be.
const NEEDED_FILTERS: &[&str] = &["lfs", "git-crypt"];

/// The person's repository. Everything here runs in the person's process, with the person's rights and configuration.
#[derive(Clone, Debug)]
pub struct PersonRepo {
    pub(crate) git: Git,
    root: PathBuf,
    git_dir: PathBuf,
    common_dir: PathBuf,
    format: ObjectFormat,
    case_clashes: Vec<(PathBuf, PathBuf)>,
}

/// What is checked out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    pub commit: Oid,
    /// `None` when HEAD is detached.
    pub branch: Option<RefName>,
}

/// Why Legion cannot work with a repository.
#[derive(Debug, thiserror::Error)]
pub enum NotUsable {
    #[error("`{dir}` is in no git repository; run `git init` there and commit something, or go to one")]
    NotARepository { dir: PathBuf },
    #[error("`{dir}` is in a bare repository, which has no files; go to a clone of it")]
    Bare { dir: PathBuf },
    #[error("`{dir}` is inside of a repository's own files; go to its working directory")]
    InsideGitDir { dir: PathBuf },
    #[error("`{root}` has no commit yet; make one with `git commit`")]
    NoCommits { root: PathBuf },
    #[error("`{root}` is shallow: a part of its history is missing; get it with `git fetch --unshallow`")]
    Shallow { root: PathBuf },
    #[error("`{root}` has a submodule at `{path}`; submodules are not supported yet")]
    Submodules { root: PathBuf, path: PathBuf },
    #[error("`{root}` keeps files behind the filter `{filter}` (see `{attributes}`); that is not supported yet")]
    Filter { root: PathBuf, filter: String, attributes: PathBuf },
    #[error("`{dir}` is in a repository of another user, which git refuses; see `safe.directory` in `git help config`")]
    Ownership { dir: PathBuf },
    #[error(transparent)]
    Git(#[from] GitError),
}

impl PersonRepo {
    /// Finds the repository in which `dir` is, as git does, and looks whether Legion can work with it.
    ///
    /// A dirty work tree, a detached HEAD, a sparse checkout and a linked work tree are fine.
    ///
    /// # Errors
    /// With a sentence that says what to do.
    pub async fn discover(git: Git, dir: &Path) -> Result<Self, NotUsable> {
        let asked = PersonCall::new(&git, dir, "rev-parse").args([
            "--is-bare-repository",
            "--is-inside-work-tree",
            "--is-shallow-repository",
            "--show-object-format",
            "--path-format=absolute",
            "--git-dir",
            "--git-common-dir",
        ]);
        let answer = asked.run().await.map_err(|error| not_found(dir, error))?;
        let text = String::from_utf8_lossy(&answer).into_owned();
        let lines: Vec<&str> = text.lines().collect();
        let [bare, inside, shallow, format, git_dir, common_dir] = lines[..] else {
            return Err(GitError::unexpected("rev-parse", &answer).into());
        };
        if bare == "true" {
            return Err(NotUsable::Bare { dir: dir.to_owned() });
        }
        if inside != "true" {
            return Err(NotUsable::InsideGitDir { dir: dir.to_owned() });
        }
        let answer = PersonCall::new(&git, dir, "rev-parse").arg("--show-toplevel").run().await?;
        let root = words::path(answer.strip_suffix(b"\n").unwrap_or(&answer));
        let format = if format == "sha256" { ObjectFormat::Sha256 } else { ObjectFormat::Sha1 };
        let (git_dir, common_dir) = (git_dir.into(), common_dir.into());
        let mut repo = Self { git, root, git_dir, common_dir, format, case_clashes: Vec::new() };
        let root = repo.root.clone();
        if repo.resolve("HEAD").await?.is_none() {
            return Err(NotUsable::NoCommits { root });
        }
        if shallow == "true" {
            return Err(NotUsable::Shallow { root });
        }
        repo.look_at_files().await?;
        Ok(repo)
    }

    /// The working directory.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The repository that all of its work trees share.
    pub fn common_dir(&self) -> &Path {
        &self.common_dir
    }

    pub fn object_format(&self) -> ObjectFormat {
        self.format
    }

    /// Pairs of files that are one on a file system which ignores case.
    pub fn case_clashes(&self) -> &[(PathBuf, PathBuf)] {
        &self.case_clashes
    }

    /// What is checked out.
    ///
    /// # Errors
    /// When git fails.
    pub async fn head(&self) -> Result<Head, GitError> {
        let commit = self.call("rev-parse").args(["--verify", "--quiet", "HEAD^{commit}"]).run_oid().await?;
        let named = self.call("symbolic-ref").args(["--quiet", "HEAD"]).run_any().await?;
        let name = String::from_utf8_lossy(&named.stdout).trim().to_owned();
        Ok(Head { commit, branch: name.parse().ok().filter(|_| named.status.success()) })
    }

    /// The commit that the person calls `revision`; `None` when there is none.
    ///
    /// # Errors
    /// When git fails.
    pub async fn resolve(&self, revision: &str) -> Result<Option<Oid>, GitError> {
        let call = self.call("rev-parse").args(["--verify", "--quiet", "--end-of-options"]);
        let output = call.arg(format!("{revision}^{{commit}}")).run_any().await?;
        Ok(Oid::from_output(&output.stdout).filter(|_| output.status.success()))
    }

    pub(crate) fn call(&self, verb: &'static str) -> PersonCall {
        PersonCall::new(&self.git, &self.root, verb)
    }

    pub(crate) fn git_dir(&self) -> &Path {
        &self.git_dir
    }

    /// Looks for what is not supported among the files of HEAD.
    async fn look_at_files(&mut self) -> Result<(), NotUsable> {
        let listed = self.call("ls-tree").args(["-r", "-z", "--full-tree", "HEAD"]).run().await?;
        let mut attributes = Vec::new();
        let mut folded: HashMap<String, PathBuf> = HashMap::new();
        for entry in words(&listed) {
            let Some(tab) = entry.iter().position(|byte| *byte == b'\t') else { continue };
            let (head, path) = (&entry[..tab], words::path(&entry[tab + 1..]));
            if head.starts_with(b"160000") {
                return Err(NotUsable::Submodules { root: self.root.clone(), path });
            }
            if path.file_name().is_some_and(|name| name == ".gitattributes") && !head.starts_with(b"120000") {
                attributes.extend(
                    head.rsplit(|byte| *byte == b' ').next().and_then(Oid::from_output).zip(Some(path.clone())),
                );
            }
            let clash = folded.insert(path.to_string_lossy().to_lowercase(), path.clone());
            if self.case_clashes.len() < CASE_CLASHES_MAX {
                self.case_clashes.extend(clash.zip(Some(path)));
            }
        }
        for (oid, path) in attributes {
            let text = self.call("cat-file").arg("blob").arg(oid).run().await?;
            if let Some(filter) = needed_filter(&String::from_utf8_lossy(&text)) {
                let root = self.root.clone();
                return Err(NotUsable::Filter { root, filter: filter.to_owned(), attributes: path });
            }
        }
        Ok(())
    }
}

fn needed_filter(attributes: &str) -> Option<&'static str> {
    let lines = attributes.lines().filter(|line| !line.trim_start().starts_with('#'));
    let mut named = lines.flat_map(str::split_whitespace).filter_map(|word| word.strip_prefix("filter="));
    named.find_map(|name| NEEDED_FILTERS.iter().copied().find(|needed| name.starts_with(needed)))
}

fn not_found(dir: &Path, error: GitError) -> NotUsable {
    let dir = dir.to_owned();
    match &error {
        GitError::Failed { message, .. } if message.contains("dubious ownership") => NotUsable::Ownership { dir },
        GitError::Failed { message, .. } if message.contains("not a git repository") => {
            NotUsable::NotARepository { dir }
        }
        _ => NotUsable::Git(error),
    }
}
