//! The person's repository: found in any state, and landed on without harm.

mod support;

use std::path::{Path, PathBuf};

use legion_git::{LandError, LandInto, LandMode, LandPlan, NotUsable, Oid, PersonRepo};
use legion_testkit::TestDir;
use support::{Project, command, commit_all, git, name, oid, plain, write};

async fn discover(dir: &Path) -> Result<PersonRepo, NotUsable> {
    PersonRepo::discover(git().await, dir).await
}

fn sentence(result: Result<PersonRepo, NotUsable>) -> String {
    result.expect_err("it must be refused").to_string()
}

#[tokio::test]
async fn what_is_no_usable_repository_is_said_in_a_sentence() {
    let home = TestDir::new();
    assert!(sentence(discover(&home.dir("plain")).await).contains("git init"));
    plain(home.path(), &["init", "--quiet", "new"]);
    assert!(sentence(discover(&home.path().join("new")).await).contains("git commit"));
    home.file("a/file", "1");
    let a = home.repo("a");
    assert!(sentence(discover(&a.join(".git")).await).contains("working directory"));
    plain(home.path(), &["clone", "--quiet", "--bare", "a", "bare.git"]);
    assert!(sentence(discover(&home.path().join("bare.git")).await).contains("bare"));
    commit_all(&a, "second");
    let url = format!("file://{}", a.display());
    plain(home.path(), &["clone", "--quiet", "--depth=1", &url, "shallow"]);
    assert!(sentence(discover(&home.path().join("shallow")).await).contains("git fetch --unshallow"));
    plain(&home.path().join("shallow"), &["fetch", "--quiet", "--unshallow"]);
    discover(&home.path().join("shallow")).await.unwrap();
    plain(&a, &["-c", "protocol.file.allow=always", "submodule", "--quiet", "add", &url, "sub"]);
    commit_all(&a, "a submodule");
    assert!(sentence(discover(&a).await).contains("`sub`"));
    home.file("lfs/deep/.gitattributes", "# filter=none\n*.bin filter=lfs diff=lfs merge=lfs -text\n");
    let said = sentence(discover(&home.repo("lfs")).await);
    assert!(said.contains("`lfs`") && said.contains("deep/.gitattributes"), "{said}");
    if rustix::process::geteuid().is_root() {
        let foreign = home.repo("foreign");
        std::os::unix::fs::chown(&foreign, Some(12_345), None).unwrap();
        std::os::unix::fs::chown(foreign.join(".git"), Some(12_345), None).unwrap();
        assert!(sentence(discover(&foreign).await).contains("safe.directory"));
    }
}

#[tokio::test]
async fn a_repository_in_any_honest_state_is_found() {
    let home = TestDir::new();
    for path in ["a/Readme", "a/README", "a/dir/x"] {
        home.file(path, path);
    }
    let a = home.repo("a");
    let repo = discover(&a.join("dir")).await.unwrap();
    assert_eq!((repo.root(), repo.common_dir()), (a.as_path(), a.join(".git").as_path()));
    assert_eq!(repo.case_clashes(), [(PathBuf::from("README"), PathBuf::from("Readme"))]);
    assert_eq!(repo.head().await.unwrap().branch, Some(name("refs/heads/main")));
    assert_eq!(repo.resolve("main").await.unwrap(), Some(oid(&a, "HEAD")));
    for nothing in ["none", "--help", "", "-x"] {
        assert_eq!(repo.resolve(nothing).await.unwrap(), None, "{nothing}");
    }
    plain(&a, &["checkout", "--quiet", "--detach"]);
    write(a.join("dirty"), "d");
    write(a.join("dir/x"), "changed");
    plain(&a, &["sparse-checkout", "set", "--no-cone", "/dir"]);
    assert_eq!(discover(&a).await.unwrap().head().await.unwrap().branch, None);
    plain(&a, &["worktree", "add", "--quiet", "-b", "other", "../linked"]);
    let linked = discover(&home.path().join("linked")).await.unwrap();
    assert_eq!((linked.root(), linked.common_dir()), (home.path().join("linked").as_path(), a.join(".git").as_path()));
    let bundle = home.path().join("bundle");
    let tip = linked.head().await.unwrap().commit;
    linked.bundle(&tip, &[], &bundle).await.unwrap();
    assert!(linked.bundle(&tip, &[], &bundle).await.is_err(), "never over a file");
    let unknown: Oid = "1".repeat(40).parse().unwrap();
    assert!(linked.bundle(&unknown, &[], &home.path().join("no")).await.is_err());
}

struct Landing {
    project: Project,
    repo: PersonRepo,
    commit: Oid,
}

impl Landing {
    /// A commit of `control.git` with these changes, that the person has not.
    async fn of(files: &[(&str, Option<&str>)]) -> Self {
        let project = Project::new().await;
        let commit = project.commit_with(&project.base, files);
        let repo = discover(&project.person).await.unwrap();
        Self { project, repo, commit }
    }

    fn plan(&self, into: LandInto, mode: LandMode) -> LandPlan {
        let control_dir = self.project.control.dir().to_owned();
        LandPlan { control_dir, commit: self.commit.clone(), into, mode, message: "Land\n".to_owned() }
    }

    /// Everything that landing elsewhere, or in vain, must leave as it is.
    fn state(&self) -> Vec<Vec<u8>> {
        let dir = &self.project.person;
        let mut state: Vec<Vec<u8>> =
            [".git/HEAD", ".git/index"].iter().map(|file| std::fs::read(dir.join(file)).unwrap()).collect();
        state.push(plain(dir, &["for-each-ref"]).into());
        state.push(plain(dir, &["-c", "core.quotePath=false", "diff", "HEAD"]).into());
        state.push(format!("{:?}", walk(dir)).into());
        state
    }

    async fn refused(&self, into: LandInto, mode: LandMode) -> LandError {
        let before = self.state();
        let error = self.repo.land(&self.plan(into, mode)).await.unwrap_err();
        assert!(self.state() == before, "something was touched: {error}");
        error
    }
}

fn walk(dir: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.ends_with(".git") {
            found.extend(walk(&path));
        } else if path.is_file() {
            found.push((path.clone(), std::fs::read(&path).unwrap()));
        }
    }
    found.sort();
    found
}

#[tokio::test]
async fn a_clean_checkout_moves_forward() {
    let landing = Landing::of(&[("new", Some("n\n")), ("README", None)]).await;
    let dir = &landing.project.person;
    write(dir.join("unrelated"), "untracked");
    let plan = landing.plan(LandInto::Current, LandMode::FastForward);
    let landed = landing.repo.land(&plan).await.unwrap();
    assert_eq!((landed.old, &landed.new), (Some(landing.project.base.clone()), &landing.commit));
    assert_eq!(landed.branch, Some(name("refs/heads/main")));
    assert_eq!(oid(dir, "main"), landing.commit);
    assert_eq!(plain(dir, &["status", "--porcelain"]), "?? unrelated");
    assert!(dir.join("new").exists() && !dir.join("README").exists());
    assert!(!dir.join(".git/FETCH_HEAD").exists());
    let again = landing.repo.land(&plan).await.unwrap();
    assert_eq!(again.old, Some(again.new));
}

#[tokio::test]
async fn a_checkout_that_is_not_clean_is_left_alone() {
    let landing = Landing::of(&[("new/file", Some("n\n")), ("README", Some("changed\n")), ("x.dat", Some("o"))]).await;
    let dir = &landing.project.person;
    write(dir.join("src/lib.rs"), "edited\n");
    let error = landing.refused(LandInto::Current, LandMode::FastForward).await;
    assert!(
        matches!(&error, LandError::Uncommitted { paths, .. } if paths[..] == [PathBuf::from("src/lib.rs")]),
        "{error}"
    );
    plain(dir, &["add", "src/lib.rs"]);
    let branch = LandInto::Branch(name("refs/heads/main"));
    let error = landing.refused(branch, LandMode::Merge).await;
    assert!(matches!(error, LandError::Uncommitted { .. }), "staged, and by name: {error}");
    plain(dir, &["reset", "--quiet", "--hard"]);
    write(dir.join(".git/info/exclude"), "x.dat\n");
    // Untracked and ignored files where something lands.
    write(dir.join("new"), "mine");
    write(dir.join("x.dat"), "ignored, and mine");
    let error = landing.refused(LandInto::Current, LandMode::FastForward).await;
    let expected = [PathBuf::from("new"), PathBuf::from("x.dat")];
    assert!(matches!(&error, LandError::InTheWay { paths, .. } if paths[..] == expected), "{error}");
    std::fs::remove_file(dir.join("new")).unwrap();
    std::fs::remove_file(dir.join("x.dat")).unwrap();
    write(dir.join(".git/MERGE_HEAD"), format!("{}\n", landing.project.base));
    let error = landing.refused(LandInto::Current, LandMode::FastForward).await;
    assert!(error.to_string().contains("merge is going on"), "{error}");
}

#[tokio::test]
async fn another_branch_moves_without_a_file_being_touched() {
    let landing = Landing::of(&[("new", Some("n\n"))]).await;
    let dir = &landing.project.person;
    write(dir.join("src/lib.rs"), "edited\n");
    write(dir.join("new"), "mine");
    let walked = walk(dir);
    let index = std::fs::read(dir.join(".git/index")).unwrap();
    let into = LandInto::Branch(name("refs/heads/feature"));
    let landed = landing.repo.land(&landing.plan(into.clone(), LandMode::FastForward)).await.unwrap();
    assert_eq!((landed.old, landed.new), (None, landing.commit.clone()));
    assert_eq!(oid(dir, "feature"), landing.commit);
    assert!(walk(dir) == walked && std::fs::read(dir.join(".git/index")).unwrap() == index);
    assert_eq!(plain(dir, &["symbolic-ref", "HEAD"]), "refs/heads/main");
    // Checked out in another work tree of the person.
    plain(dir, &["worktree", "add", "--quiet", "../linked", "feature"]);
    plain(dir, &["update-ref", "refs/heads/feature", landing.project.base.as_str()]);
    let error = landing.refused(into, LandMode::FastForward).await;
    assert!(matches!(&error, LandError::CheckedOutElsewhere { path, .. } if path.ends_with("linked")), "{error}");
    assert!(legion_git::RefName::branch("--force").is_err());
}

#[tokio::test]
async fn a_branch_with_commits_of_its_own_is_merged_only_when_asked() {
    let landing = Landing::of(&[("new", Some("n\n")), ("README", Some("theirs\n"))]).await;
    let dir = &landing.project.person;
    write(dir.join("own"), "o\n");
    let own = commit_all(dir, "of the person");
    let error = landing.refused(LandInto::Current, LandMode::FastForward).await;
    assert!(matches!(error, LandError::NotFastForward { .. }), "{error}");
    plain(dir, &["config", "user.name", "Person"]);
    plain(dir, &["config", "user.email", "person@example.invalid"]);
    let landed = landing.repo.land(&landing.plan(LandInto::Current, LandMode::Merge)).await.unwrap();
    assert_eq!(plain(dir, &["rev-parse", "HEAD^1", "HEAD^2"]), format!("{own}\n{}", landing.commit));
    assert_eq!(oid(dir, "HEAD"), landed.new);
    assert_eq!(plain(dir, &["status", "--porcelain"]), "");
    plain(dir, &["reset", "--quiet", "--hard", own.as_str()]);
    write(dir.join("README"), "mine\n");
    commit_all(dir, "a conflict");
    let error = landing.refused(LandInto::Current, LandMode::Merge).await;
    assert!(matches!(&error, LandError::Conflict { paths, .. } if paths[..] == [PathBuf::from("README")]), "{error}");
    // A detached HEAD is what is checked out, too.
    plain(dir, &["checkout", "--quiet", "--detach", landing.project.base.as_str()]);
    let landed = landing.repo.land(&landing.plan(LandInto::Current, LandMode::FastForward)).await.unwrap();
    assert_eq!((landed.branch, oid(dir, "HEAD")), (None, landing.commit.clone()));
    assert!(command(dir, &["symbolic-ref", "-q", "HEAD"]).output().unwrap().stdout.is_empty());
}

#[tokio::test]
async fn a_directory_that_becomes_a_file_goes_only_with_its_tracked_files() {
    let landing = Landing::of(&[("src/lib.rs", None), ("moved", Some("m\n"))]).await;
    let control = &landing.project.control;
    let commit = landing.project.commit_with(&landing.commit, &[("src", Some("now a file\n"))]);
    let plan = LandPlan { commit: commit.clone(), ..landing.plan(LandInto::Current, LandMode::FastForward) };
    let dir = &landing.project.person;
    write(dir.join("src/mine.o"), "ignored");
    let error = landing.repo.land(&plan).await.unwrap_err();
    assert!(
        matches!(&error, LandError::InTheWay { paths, .. } if paths[..] == [PathBuf::from("src/mine.o")]),
        "{error}"
    );
    assert!(dir.join("src/mine.o").exists() && oid(dir, "HEAD") == landing.project.base);
    std::fs::remove_file(dir.join("src/mine.o")).unwrap();
    landing.repo.land(&plan).await.unwrap();
    assert_eq!(std::fs::read_to_string(dir.join("src")).unwrap(), "now a file\n");
    assert!(control.has_commit(&commit).await.unwrap());
}
