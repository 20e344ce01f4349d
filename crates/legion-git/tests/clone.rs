//! Clones: made, looked at, rescued, removed.

mod support;

use std::os::unix::fs::{PermissionsExt as _, symlink};

use legion_git::Note;
use support::{BRANCH, Project, TARGET, commit_all, identity, name, oid, plain, write};

#[tokio::test]
async fn a_clone_is_a_repository_of_its_own_and_clean() {
    let project = Project::new().await;
    let place = project.clone("t1").await;
    let dir = place.dir();
    assert_eq!(plain(dir, &["status", "--porcelain", "--ignored"]), "");
    assert_eq!(plain(dir, &["symbolic-ref", "HEAD"]), BRANCH);
    assert_eq!(plain(dir, &["rev-parse", "HEAD", "origin/legion/s/leader"]), format!("{0}\n{0}", project.base));
    assert_eq!(plain(dir, &["config", "user.name"]), identity().name());
    assert_eq!(plain(dir, &["ls-files", "-m"]), "");
    assert_eq!(plain(dir, &["fsck", "--no-dangling"]), "");
    assert!(!dir.join(".git/hooks").exists());
    // Again: as it is.
    write(dir.join("mine"), "1");
    assert_eq!(project.clone("t1").await, place);
    assert!(dir.join("mine").exists());
}

#[tokio::test]
async fn commits_and_what_was_left_are_collected() {
    let project = Project::new().await;
    let place = project.clone("t1").await;
    let dir = place.dir();
    let untouched = project.collect(&place).await;
    assert!(!untouched.changed && !untouched.auto_committed && untouched.commits == 0, "{untouched:?}");
    assert_eq!(untouched.head, project.base);
    write(dir.join("src/lib.rs"), "one\n2\nthree\n");
    let head = commit_all(dir, "work");
    let committed = project.collect(&place).await;
    assert!(committed.changed && !committed.auto_committed && committed.commits == 1, "{committed:?}");
    assert_eq!(committed.head, head);
    assert_eq!(committed.notes, []);
    // Modified, deleted, made, made executable, ignored, tracked though ignored, staged though ignored.
    write(dir.join("src/lib.rs"), "one\n2\n3\n");
    std::fs::remove_file(dir.join("README")).unwrap();
    write(dir.join("new/deep/file"), "n");
    write(dir.join("target/out"), "ignored");
    write(dir.join("forced.o"), "forced");
    plain(dir, &["add", "--force", "forced.o"]);
    symlink("new/deep/file", dir.join("link")).unwrap();
    write(dir.join("run.sh"), "#!/bin/sh\n");
    std::fs::set_permissions(dir.join("run.sh"), std::fs::Permissions::from_mode(0o755)).unwrap();
    let collected = project.collect(&place).await;
    assert!(collected.changed && collected.auto_committed && collected.commits == 2, "{collected:?}");
    let paths = project.paths(&collected.head).await;
    assert_eq!(paths, [".gitignore", "forced.o", "link", "new/deep/file", "run.sh", "src/lib.rs"]);
    assert_eq!(project.content(&collected.head, "src/lib.rs").await.unwrap(), "one\n2\n3\n");
    let changes = project.control.changes(&head, &collected.head, 100).await.unwrap();
    let mode = |path: &str| changes.list.iter().find(|change| change.path.to_str() == Some(path)).unwrap().new_mode;
    assert_eq!((mode("run.sh"), mode("link")), (0o100_755, 0o120_000));
    assert_eq!(project.collect(&place).await, collected, "the same clone, the same commit");
    assert_eq!(project.control.resolve(&name("refs/legion/in/t1/1")).await.unwrap(), Some(collected.head.clone()));
    // Nothing in the clone was changed by it.
    assert_eq!(oid(dir, "HEAD"), head);
    assert!(plain(dir, &["status", "--porcelain"]).contains("?? new/"));
}

#[tokio::test]
async fn a_clone_whose_git_directory_is_gone_gives_its_files() {
    let project = Project::new().await;
    let place = project.clone("t1").await;
    write(place.dir().join("new"), "n");
    commit_all(place.dir(), "work");
    std::fs::remove_dir_all(place.dir().join(".git")).unwrap();
    let collected = project.collect(&place).await;
    assert!(matches!(&collected.notes[..], [Note::HeadUnreadable { .. }]), "{:?}", collected.notes);
    assert!(collected.auto_committed && collected.commits == 1);
    assert_eq!(project.content(&collected.head, "new").await.unwrap(), "n");
    let _ = TARGET;
}
