//! Making a clone: as quick as a linked work tree, and no part of any other repository.

use std::fs;
use std::io;
use std::path::PathBuf;

use crate::clone::place::{ClonePlace, beside};
use crate::control::Control;
use crate::error::GitError;
use crate::file_system::{copy_with_times, exists, remove};
use crate::identity::Identity;
use crate::oid::Oid;
use crate::ref_name::RefName;
use crate::skeleton;
use crate::words::joined;

/// What clone to make.
#[derive(Clone, Debug)]
pub struct ClonePlan {
    /// Where: an absolute path whose parent is ours.
    pub dir: PathBuf,
    /// The commit at which it begins.
    pub base: Oid,
    /// The branch that it is on: `refs/heads/…`.
    pub branch: RefName,
    /// The branch that its work is for: `refs/heads/…`. In the clone it is a remote-tracking branch of `origin`, at `base`.
    pub target: RefName,
    /// Who the agent's commits are by, unless it says otherwise.
    pub identity: Identity,
    /// Names whose tracked files git in the clone takes for unchanged whatever they look like: who works there may see them empty.
    pub hidden: Vec<PathBuf>,
}

impl Control {
    /// Makes a whole repository at `plan.dir` that borrows our objects, with the files of `plan.base`.
    ///
    /// A clone that is there already is left as it is. Killed in the middle, the next call makes it whole: a clone is
    /// built beside its place and moved there at the end.
    ///
    /// # Errors
    /// When the base is not here, the disk is full, or the file system refuses.
    pub async fn prepare_clone(&self, plan: &ClonePlan) -> Result<ClonePlace, GitError> {
        let place = ClonePlace::at(&plan.dir);
        if exists(place.dir()) {
            return Ok(place);
        }
        let partial = ClonePlace::at(beside(place.dir(), "partial"));
        let (control, target, built) = (self.clone(), plan.clone(), partial.clone());
        self.alone(move || control.lay_out(&target, &built)).await?;
        let call = self.call("read-tree").args(["--reset", "-u"]).arg(&plan.base);
        call.work_tree(partial.dir()).index(partial.index()).long().run().await?;
        copy_index(&partial)?;
        self.hide(&partial, &plan.hidden).await?;
        let finished = place.clone();
        self.alone(move || put_in_place(&partial, &finished)).await?;
        Ok(place)
    }

    /// Marks tracked files in the clone's own index.
    async fn hide(&self, partial: &ClonePlace, hidden: &[PathBuf]) -> Result<(), GitError> {
        if hidden.is_empty() {
            return Ok(());
        }
        let index = their_index(partial);
        let tracked = self.indexed(&index).await;
        let marked: Vec<_> = tracked
            .iter()
            .filter(|path| hidden.iter().any(|name| path.starts_with(name)))
            .map(PathBuf::as_path)
            .collect();
        if marked.is_empty() {
            return Ok(());
        }
        let call = self.call("update-index").args(["--skip-worktree", "-z", "--stdin"]).stdin(joined(marked));
        call.work_tree(partial.dir()).index(&index).long().run().await.map(drop)
    }

    /// Everything but the files.
    fn lay_out(&self, plan: &ClonePlan, partial: &ClonePlace) -> Result<(), GitError> {
        for leftover in [partial.dir(), partial.index(), &beside(partial.index(), "lock")] {
            remove(leftover).map_err(GitError::file("remove", leftover))?;
        }
        let git_dir = partial.dir().join(".git");
        self.write_git_dir(plan, &git_dir).map_err(GitError::file("write", &git_dir))
    }

    fn write_git_dir(&self, plan: &ClonePlan, git_dir: &std::path::Path) -> io::Result<()> {
        skeleton::write(git_dir, plan.branch.as_str(), &skeleton::clone_config(self.format(), &plan.identity))?;
        let mut objects = self.dir().join("objects").into_os_string();
        objects.push("\n");
        fs::write(git_dir.join("objects/info/alternates"), objects.as_encoded_bytes())?;
        let mut refs = vec![plan.branch.as_str().to_owned()];
        refs.extend(tracking_ref(&plan.target));
        for name in refs {
            let path = git_dir.join(name);
            fs::create_dir_all(path.parent().expect("a ref has at least three parts"))?;
            fs::write(path, format!("{}\n", plan.base))?;
        }
        Ok(())
    }
}

/// By what name a clone knows a branch of ours.
pub(crate) fn tracking_ref(target: &RefName) -> Option<String> {
    target.branch_name().map(|name| format!("refs/remotes/origin/{name}"))
}

/// The clone gets a copy of the index, so that the agent's first `git status` is quick.
fn copy_index(partial: &ClonePlace) -> Result<(), GitError> {
    let theirs = their_index(partial);
    copy_with_times(partial.index(), &theirs).map_err(GitError::file("write", &theirs))
}

fn their_index(place: &ClonePlace) -> PathBuf {
    place.dir().join(".git/index")
}

/// The directory comes last: where it is, all is.
fn put_in_place(partial: &ClonePlace, place: &ClonePlace) -> Result<(), GitError> {
    fs::rename(partial.index(), place.index()).map_err(GitError::file("write", place.index()))?;
    fs::rename(partial.dir(), place.dir()).map_err(GitError::file("create", place.dir()))
}
