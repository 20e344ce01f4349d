//! A branch goes to the remote that it belongs to, and overwrites nothing there.

mod support;

use legion_git::{PersonRepo, PushError};
use legion_testkit::TestDir;
use support::{commit_all, git, name, oid, plain, write};

#[tokio::test]
async fn a_branch_is_sent_to_its_remote_and_never_over_what_is_there() {
    let home = TestDir::new();
    home.file("a/file", "1");
    let a = home.repo("a");
    let repo = PersonRepo::discover(git().await, &a).await.unwrap();
    let branch = name("refs/heads/legion/auth");
    assert_eq!(repo.remote_of(None).await.unwrap(), None);
    plain(home.path(), &["clone", "--quiet", "--bare", "a", "one.git"]);
    plain(home.path(), &["clone", "--quiet", "--bare", "a", "two.git"]);
    plain(&a, &["remote", "add", "one", "../one.git"]);
    assert_eq!(repo.remote_of(Some(&branch)).await.unwrap().as_deref(), Some("one"));
    plain(&a, &["remote", "add", "two", "../two.git"]);
    assert_eq!(repo.remote_of(Some(&branch)).await.unwrap(), None, "which of two is not guessed");
    plain(&a, &["config", "branch.main.remote", "two"]);
    assert_eq!(repo.remote_of(Some(&name("refs/heads/main"))).await.unwrap().as_deref(), Some("two"));
    plain(&a, &["config", "branch.main.remote", "gone"]);
    plain(&a, &["remote", "rename", "one", "origin"]);
    assert_eq!(repo.remote_of(Some(&name("refs/heads/main"))).await.unwrap().as_deref(), Some("origin"));

    plain(&a, &["branch", "legion/auth"]);
    repo.push("origin", &branch).await.unwrap();
    assert_eq!(oid(&home.path().join("one.git"), "legion/auth"), oid(&a, "HEAD"));
    repo.push("origin", &branch).await.unwrap();
    // Somebody else was faster: there is a commit that is not here.
    plain(home.path(), &["clone", "--quiet", "-b", "legion/auth", "one.git", "other"]);
    let other = home.path().join("other");
    write(other.join("theirs"), "t");
    commit_all(&other, "theirs");
    plain(&other, &["push", "--quiet", "origin", "legion/auth"]);
    write(a.join("ours"), "o");
    commit_all(&a, "ours");
    plain(&a, &["branch", "--force", "legion/auth"]);
    let refused = repo.push("origin", &branch).await.unwrap_err();
    assert!(matches!(&refused, PushError::Refused { remote, .. } if remote == "origin"), "{refused}");
    assert_eq!(oid(&home.path().join("one.git"), "legion/auth"), oid(&other, "HEAD"));
}
