//! What the tests share: a control repository with a project in it, and plain git.
#![expect(dead_code, reason = "each test file uses a part of it")]

use std::path::{Path, PathBuf};
use std::process::Command;

use jiff::Timestamp;
use legion_git::{
    ClonePlace, ClonePlan, CollectPlan, Collected, Control, Git, Identity, ObjectFormat, Oid, PersonRepo, RefName,
    RescuePlan,
};
use legion_testkit::TestDir;

pub const TARGET: &str = "refs/heads/legion/s/leader";
pub const BRANCH: &str = "refs/heads/legion/s/t1-1";
pub const BUNDLE_BYTES_MAX: u64 = 1 << 30;

/// A project: the person's repository, and what was imported of it.
pub struct Project {
    pub home: TestDir,
    pub person: PathBuf,
    pub control: Control,
    pub base: Oid,
}

pub async fn git() -> Git {
    Git::find(&std::env::var_os("PATH").expect("a PATH")).await.expect("git is installed")
}

pub fn name(text: &str) -> RefName {
    text.parse().expect("a ref")
}

pub fn identity() -> Identity {
    Identity::new("Agent \"7\" of s", "agent@example.invalid").expect("an identity")
}

pub fn at() -> Timestamp {
    Timestamp::from_second(1_700_000_000).expect("a time")
}

/// Plain git, as a person or an agent runs it.
pub fn command(dir: &Path, args: &[&str]) -> Command {
    let mut command = Command::new("git");
    command
        .args(args)
        .current_dir(dir)
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_AUTHOR_NAME", "Person")
        .env("GIT_AUTHOR_EMAIL", "person@example.invalid")
        .env("GIT_COMMITTER_NAME", "Person")
        .env("GIT_COMMITTER_EMAIL", "person@example.invalid")
        .env("GIT_ALLOW_PROTOCOL", "file");
    command
}

/// Runs it; it must succeed.
pub fn plain(dir: &Path, args: &[&str]) -> String {
    let output = command(dir, args).output().expect("git runs");
    assert!(output.status.success(), "git {args:?} in {}: {}", dir.display(), String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text").trim_end().to_owned()
}

pub fn oid(dir: &Path, revision: &str) -> Oid {
    plain(dir, &["rev-parse", revision]).parse().expect("an object")
}

/// Writes a file with the directories above it.
pub fn write(path: impl AsRef<Path>, content: impl AsRef<[u8]>) {
    let path = path.as_ref();
    std::fs::create_dir_all(path.parent().expect("a parent")).expect("directories");
    std::fs::write(path, content).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
}

pub fn commit_all(dir: &Path, message: &str) -> Oid {
    plain(dir, &["add", "--all"]);
    plain(dir, &["commit", "--quiet", "--allow-empty", "-m", message]);
    oid(dir, "HEAD")
}

impl Project {
    /// With these files in the first commit.
    pub async fn with(files: &[(&str, &str)]) -> Self {
        let home = TestDir::new();
        for (path, content) in files {
            home.file(Path::new("person").join(path), content);
        }
        let person = home.repo("person");
        let control = open(&home).await;
        let repo = PersonRepo::discover(git().await, &person).await.expect("a repository");
        let base = repo.head().await.expect("a head").commit;
        let bundle = home.path().join("bundle");
        repo.bundle(&base, &[], &bundle).await.expect("a bundle");
        let imported = control.import(&bundle, &name(TARGET), BUNDLE_BYTES_MAX).await.expect("an import");
        assert_eq!(imported, base);
        Self { home, person, control, base }
    }

    pub async fn new() -> Self {
        Self::with(&[("README", "hello\n"), ("src/lib.rs", "one\ntwo\nthree\n"), (".gitignore", "target/\n*.o\n")])
            .await
    }

    pub fn plan(&self, dir: &str) -> ClonePlan {
        ClonePlan {
            dir: self.home.dir("work").join(dir),
            base: self.base.clone(),
            branch: name(BRANCH),
            target: name(TARGET),
            identity: identity(),
            hidden: Vec::new(),
        }
    }

    pub async fn clone(&self, dir: &str) -> ClonePlace {
        self.control.prepare_clone(&self.plan(dir)).await.expect("a clone")
    }

    pub fn collect_plan(&self, place: &ClonePlace) -> CollectPlan {
        CollectPlan {
            place: place.clone(),
            base: self.base.clone(),
            branch: name(BRANCH),
            message: "left by the agent\n".to_owned(),
            identity: identity(),
            at: at(),
            into: name("refs/legion/in/t1/1"),
        }
    }

    pub async fn collect(&self, place: &ClonePlace) -> Collected {
        self.control.collect(&self.collect_plan(place)).await.expect("evidence")
    }

    pub fn rescue_plan(&self, place: &ClonePlace) -> RescuePlan {
        RescuePlan {
            place: place.clone(),
            base: self.base.clone(),
            message: "rescued\n".to_owned(),
            identity: identity(),
            at: at(),
            into: name("refs/legion/rescue/t1/1"),
        }
    }

    pub async fn paths(&self, commit: &Oid) -> Vec<String> {
        let list = self.control.list_tree_paths(commit, 1_000_000).await.expect("a list");
        list.paths.iter().map(|path| path.display().to_string()).collect()
    }

    pub async fn content(&self, commit: &Oid, path: &str) -> Option<String> {
        let bytes = self.control.read_file(commit, Path::new(path), 1 << 20).await.expect("readable");
        bytes.map(|bytes| String::from_utf8(bytes).expect("text"))
    }

    /// Makes a commit on top of `parent` in which these files are so; `None` deletes.
    pub fn commit_with(&self, parent: &Oid, files: &[(&str, Option<&str>)]) -> Oid {
        let dir = self.home.path().join(format!("scratch-{}", uuid::Uuid::new_v4().simple()));
        let control = self.control.dir().to_str().expect("text");
        plain(
            self.home.path(),
            &["clone", "--quiet", "--no-checkout", "--shared", control, dir.to_str().expect("text")],
        );
        plain(&dir, &["checkout", "--quiet", "--detach", parent.as_str()]);
        for (path, content) in files {
            let path = dir.join(path);
            match content {
                Some(content) => write(&path, content),
                None => std::fs::remove_file(&path).expect("a file to delete"),
            }
        }
        let made = commit_all(&dir, "a change");
        plain(&dir, &["push", "--quiet", "origin", &format!("HEAD:refs/legion/in/made/{made}")]);
        made
    }
}

pub async fn open(home: &TestDir) -> Control {
    Control::open_or_create(git().await, &home.path().join("control.git"), ObjectFormat::Sha1).await.expect("control")
}

/// Commits in `dir` whose trees have a `.git` in them: a directory, and a link. Nothing refers to them.
pub fn commit_with_git_directory(dir: &Path) -> Vec<(&'static str, Oid)> {
    let parent = oid(dir, "HEAD");
    let text = dir.join(".git/evil-config");
    write(&text, "[core]\n\tfsmonitor = touch PWNED\n");
    let blob = plain(dir, &["hash-object", "-w", text.to_str().expect("text")]);
    let subtree = make_tree(dir, &format!("100644 blob {blob}\tconfig\n"));
    let trees = [
        (".git directory", make_tree(dir, &format!("040000 tree {subtree}\t.git\n"))),
        (".git link", make_tree(dir, &format!("120000 blob {blob}\t.git\n"))),
        (".GIT", make_tree(dir, &format!("040000 tree {subtree}\t.GIT\n"))),
    ];
    let commit = |tree: &str| {
        plain(dir, &["commit-tree", "-p", parent.as_str(), "-m", "evil", tree]).parse::<Oid>().expect("a commit")
    };
    trees.iter().map(|(name, tree)| (*name, commit(tree))).collect()
}

/// Writes a tree that git's porcelain would refuse.
pub fn make_tree(dir: &Path, entries: &str) -> String {
    use std::io::Write as _;
    let mut child = command(dir, &["mktree", "--missing"])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .expect("git runs");
    child.stdin.take().expect("piped").write_all(entries.as_bytes()).expect("written");
    let output = child.wait_with_output().expect("git ends");
    assert!(output.status.success(), "git mktree");
    String::from_utf8(output.stdout).expect("text").trim().to_owned()
}
