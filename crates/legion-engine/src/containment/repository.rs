//! The person's own repository, where an agent works in it: what the person's git would execute is not the agent's to change.

use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use legion_git::gitlinks;
use legion_sandbox::{Grant, Placeholder, is_there, open_regular};

/// Bytes of a repository's configuration that are looked at.
const CONFIGURATION_BYTES_MAX: u64 = 1024 * 1024;

/// Submodules that are named one by one.
const SUBMODULES_NAMED: usize = 5;

const SHA1_BYTES: usize = 20;
const SHA256_BYTES: usize = 32;

/// With this extension git reads the configuration of a work tree too.
const SPLIT: &str = "worktreeconfig";

/// What is held of the repositories that an agent may write to.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Protected {
    /// They can be read and not changed. Directories as a whole: what is missing in them cannot be made either.
    pub fixed: Vec<PathBuf>,
    /// What has to be there for it, or must not come to be.
    pub placeholders: Vec<(PathBuf, Placeholder)>,
    /// A sentence for each thing that cannot be held.
    pub open: Vec<String>,
}

/// Looks at the working directory, what lies above it as far as that may be written, and what was granted by name.
pub(super) fn protected(grant: &Grant, cwd: &Path) -> Protected {
    let mut protected = Protected::default();
    for directory in writable(grant, cwd) {
        protected.add(&directory.join(".git"));
    }
    protected
}

/// A sentence for each of these repositories that has submodules: an agent can make a repository where one belongs, and the person's git
/// executes what that says.
pub(super) fn submodules(grant: &Grant, cwd: &Path) -> Vec<String> {
    writable(grant, cwd).into_iter().filter_map(said_of_submodules).collect()
}

fn writable<'a>(grant: &'a Grant, cwd: &'a Path) -> Vec<&'a Path> {
    let may_write = |path: &Path| grant.write.iter().any(|granted| path.starts_with(granted));
    let above = cwd.ancestors().filter(|path| may_write(path));
    let mut directories: Vec<&Path> = above.chain(grant.write.iter().map(PathBuf::as_path)).collect();
    directories.sort();
    directories.dedup();
    directories
}

fn said_of_submodules(directory: &Path) -> Option<String> {
    let git = git_directory(directory)?;
    let index = open_regular(&git.join("index")).ok()?;
    let object_bytes = if Configuration::of(&git).is_sha256 { SHA256_BYTES } else { SHA1_BYTES };
    // Git does not go by an index that it cannot read either.
    let found = gitlinks(index, object_bytes, SUBMODULES_NAMED).ok().filter(|found| found.count > 0)?;
    let named: Vec<String> = found.named.iter().map(|path| format!("`{}`", path.display())).collect();
    let more = found.count.checked_sub(found.named.len()).filter(|more| *more > 0);
    let more = more.map(|more| format!(" and {more} more")).unwrap_or_default();
    Some(format!(
        "the submodules of `{}` ({}{more}): `git status` there executes what the agent's repositories in their place say; \
         `git status --ignore-submodules=all` does not, and agents of tickets work in clones",
        directory.display(),
        named.join(", ")
    ))
}

/// Where the repository of a work tree lies: beside it, or where a file says.
fn git_directory(directory: &Path) -> Option<PathBuf> {
    let git = directory.join(".git");
    let found = fs::symlink_metadata(&git).ok()?;
    if !found.is_file() {
        return Some(git);
    }
    let mut text = String::new();
    open_regular(&git).ok()?.take(CONFIGURATION_BYTES_MAX).read_to_string(&mut text).ok()?;
    let named = text.strip_prefix("gitdir:")?.trim_end_matches(['\r', '\n']).trim_start();
    Some(directory.join(named))
}

/// What a part of a repository needs so that it can be held.
#[derive(Clone, Copy)]
enum Part {
    /// It is made when it is missing.
    Made(Placeholder),
    /// An agent may make it: nothing reads it that did not before.
    IfThere,
}

impl Protected {
    fn add(&mut self, git: &Path) {
        let Ok(found) = fs::symlink_metadata(git) else { return };
        if found.is_file() {
            // It says where the repository lies.
            self.fixed.push(git.to_owned());
            return;
        }
        if found.is_symlink() {
            self.link(git);
            return;
        }
        let configuration = Configuration::of(git);
        let of_worktree = if configuration.is_split { Part::Made(Placeholder::File) } else { Part::IfThere };
        // Attributes lie in `info`; submodules and linked work trees have hooks and configuration of their own.
        let parts = [
            ("hooks", Part::Made(Placeholder::Directory)),
            ("info", Part::Made(Placeholder::Directory)),
            ("modules", Part::IfThere),
            ("worktrees", Part::IfThere),
            ("config", Part::Made(Placeholder::File)),
            ("config.worktree", of_worktree),
            // It would lead git to hooks and configuration elsewhere.
            ("commondir", Part::Made(configuration.common())),
        ];
        for (name, part) in parts {
            self.part(git.join(name), part);
        }
        if configuration.says_worktree {
            let what = "`.git/commondir` can be made while the agent works, which leads your git elsewhere: the repository says where its work tree is";
            self.open.push(what.to_owned());
        }
        if configuration.leads_elsewhere {
            let what = "your git executes or reads what `core.hooksPath` or an `include` of the repository names, which the agent can change where it lies in its directory";
            self.open.push(what.to_owned());
        }
    }

    fn part(&mut self, path: PathBuf, part: Part) {
        if fs::symlink_metadata(&path).is_ok_and(|found| found.is_symlink()) {
            self.link(&path);
            return;
        }
        match part {
            // Also when it is there: it may be another agent's that ends before.
            Part::Made(kind) => self.placeholders.push((path.clone(), kind)),
            Part::IfThere if !is_there(&path) => return,
            Part::IfThere => {}
        }
        self.fixed.push(path);
    }

    fn link(&mut self, path: &Path) {
        let what = "is a link: the agent can lead it elsewhere, and your git with it";
        self.open.push(format!("`{}` {what}", path.display()));
    }
}

/// What matters of a repository's configuration, found by its words: more rather than less.
struct Configuration {
    /// Git reads the configuration of the work tree too.
    is_split: bool,
    /// It says where the work tree lies, or that there is none. Git passes over that where `commondir` is.
    says_worktree: bool,
    leads_elsewhere: bool,
    /// Its objects are named so, not by SHA-1.
    is_sha256: bool,
}

impl Configuration {
    fn of(git: &Path) -> Self {
        let mut text = Vec::new();
        for name in ["config", "config.worktree"] {
            if let Ok(file) = open_regular(&git.join(name)) {
                // What cannot be read says nothing to git either.
                let _ = file.take(CONFIGURATION_BYTES_MAX).read_to_end(&mut text);
            }
        }
        let text = String::from_utf8_lossy(&text).to_ascii_lowercase();
        let rest = text.replace(SPLIT, "");
        let is_bare = |line: &str| line.contains("bare") && !line.contains("false");
        Self {
            is_split: text.contains(SPLIT),
            says_worktree: rest.contains("worktree") || rest.lines().any(is_bare),
            leads_elsewhere: text.contains("hookspath") || text.contains("[include"),
            is_sha256: text.lines().any(|line| line.contains("objectformat") && line.contains("sha256")),
        }
    }

    fn common(&self) -> Placeholder {
        if self.says_worktree { Placeholder::Nothing } else { Placeholder::Itself }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An index of one entry.
    fn index(mode: u32, path: &str) -> Vec<u8> {
        let mut bytes = [&b"DIRC\0\0\0\x02\0\0\0\x01"[..], &[0; 40 + SHA1_BYTES]].concat();
        bytes[36..40].copy_from_slice(&mode.to_be_bytes());
        bytes.extend(u16::try_from(path.len()).unwrap().to_be_bytes());
        bytes.extend(path.as_bytes());
        bytes.extend([0; 8]);
        bytes
    }

    #[test]
    fn submodules_are_said_wherever_the_repository_lies() {
        let dir = tempfile::tempdir().unwrap();
        let base = dir.path().canonicalize().unwrap();
        for name in ["main/.git/worktrees/linked", "main/below", "linked", "plain/.git"] {
            fs::create_dir_all(base.join(name)).unwrap();
        }
        fs::write(base.join("main/.git/index"), index(0o160_000, "vendor/x")).unwrap();
        fs::write(base.join("linked/.git"), "gitdir: ../main/.git/worktrees/linked\n").unwrap();
        fs::write(base.join("main/.git/worktrees/linked/index"), index(0o160_000, "y")).unwrap();
        fs::write(base.join("plain/.git/index"), index(0o100_644, "file")).unwrap();
        let said = |write: &str, cwd: &str| {
            submodules(&Grant { write: vec![base.join(write)], ..Grant::default() }, &base.join(cwd))
        };
        for (write, cwd, named) in [("main", "main/below", "`vendor/x`"), ("linked", "linked", "`y`")] {
            let told = said(write, cwd);
            assert!(told.len() == 1 && told[0].contains(named), "{told:?}");
        }
        assert_eq!(said("plain", "plain"), [""; 0]);
        assert_eq!(said("main/below", "main/below"), [""; 0], "it cannot change what lies above");
        fs::remove_file(base.join("main/.git/index")).unwrap();
        std::os::unix::fs::symlink(base.join("linked/.git"), base.join("main/.git/index")).unwrap();
        assert_eq!(said("main", "main"), [""; 0]);
    }

    #[test]
    fn every_repository_that_may_be_written_is_looked_at_and_no_other() {
        let dir = tempfile::tempdir().unwrap();
        let base = dir.path().canonicalize().unwrap();
        for name in ["a/.git/worktrees", "a/b", "c", "d/.git", "e", "f/.git"] {
            fs::create_dir_all(base.join(name)).unwrap();
        }
        fs::write(base.join("c/.git"), "gitdir: /elsewhere").unwrap();
        fs::write(base.join("a/.git/config"), "[extensions]\n\tworktreeConfig = true\n").unwrap();
        std::os::unix::fs::symlink("../d/.git", base.join("e/.git")).unwrap();
        std::os::unix::fs::symlink("../../e", base.join("f/.git/hooks")).unwrap();
        fs::write(base.join("f/.git/config"), "[core]\n\tbare = false\n\thooksPath = .husky\n\tworktree = ..\n")
            .unwrap();
        let mut grant = Grant { write: vec![base.join("a"), base.join("c"), base.join("e")], ..Grant::default() };
        let relative = |path: &Path| path.strip_prefix(&base).unwrap().display().to_string();
        let names = |paths: &[PathBuf]| -> Vec<String> { paths.iter().map(|path| relative(path)).collect() };
        let placeholders = |found: &Protected| -> Vec<String> {
            found.placeholders.iter().map(|(path, kind)| format!("{} {kind:?}", relative(path))).collect()
        };
        let found = protected(&grant, &base.join("a/b"));
        let all = ["hooks", "info", "worktrees", "config", "config.worktree", "commondir"];
        let fixed: Vec<String> = all.iter().map(|name| format!("a/.git/{name}")).chain(["c/.git".to_owned()]).collect();
        assert_eq!(names(&found.fixed), fixed);
        let expected = ["hooks Directory", "info Directory", "config File", "config.worktree File", "commondir Itself"];
        assert_eq!(placeholders(&found), expected.map(|name| format!("a/.git/{name}")));
        assert!(found.open.len() == 1 && found.open[0].contains("e/.git` is a link"), "{:?}", found.open);
        // Another agent's are needed by this one too.
        for (path, kind) in &found.placeholders {
            kind.make(path).unwrap();
        }
        assert_eq!(protected(&grant, &base.join("a/b")), found);

        grant.write = vec![base.join("f")];
        let found = protected(&grant, &base.join("f"));
        assert_eq!(names(&found.fixed), ["f/.git/info", "f/.git/config", "f/.git/commondir"]);
        assert_eq!(placeholders(&found), ["f/.git/info Directory", "f/.git/config File", "f/.git/commondir Nothing"]);
        assert!(found.open.len() == 3 && found.open[0].contains("f/.git/hooks` is a link"), "{:?}", found.open);
        assert!(found.open[2].contains("core.hooksPath"), "{:?}", found.open);
        grant.write = vec![base.join("a/b")];
        assert_eq!(protected(&grant, &base.join("a/b")), Protected::default());
    }
}
