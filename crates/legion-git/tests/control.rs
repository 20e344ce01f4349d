//! The verbs of `control.git`.

mod support;

use std::path::{Path, PathBuf};

use legion_git::{Cas, ChangeKind, Control, GitError, ObjectFormat, OpenError};
use support::{Project, at, git, identity, name, open, plain};

#[tokio::test]
async fn a_ref_moves_by_compare_and_swap_only() {
    let project = Project::new().await;
    let (control, base) = (&project.control, &project.base);
    let next = project.commit_with(base, &[("a", Some("1"))]);
    let branch = name("refs/heads/legion/s/x");
    assert_eq!(control.resolve(&branch).await.unwrap(), None);
    assert_eq!(control.update_ref(&branch, &next, Some(base)).await.unwrap(), Cas::IsAt(None));
    assert_eq!(control.update_ref(&branch, base, None).await.unwrap(), Cas::Moved);
    assert_eq!(control.update_ref(&branch, &next, None).await.unwrap(), Cas::IsAt(Some(base.clone())));
    assert_eq!(control.update_ref(&branch, &next, Some(base)).await.unwrap(), Cas::Moved);
    assert_eq!(control.update_ref(&branch, &next, Some(base)).await.unwrap(), Cas::IsAt(Some(next.clone())));
    assert_eq!(control.resolve(&branch).await.unwrap(), Some(next.clone()));
    assert_eq!(control.delete_ref(&branch, base).await.unwrap(), Cas::IsAt(Some(next.clone())));
    assert_eq!(control.delete_ref(&branch, &next).await.unwrap(), Cas::Moved);
    assert_eq!(control.resolve(&branch).await.unwrap(), None);
    // One name cannot be a part of another: an error that names both, and nothing moves.
    let below = name("refs/heads/legion/s/leader/x");
    let error = control.update_ref(&below, &next, None).await.unwrap_err();
    assert!(error.to_string().contains("leader"), "{error}");
}

#[tokio::test]
async fn a_lock_of_a_dead_git_blocks_nobody() {
    let project = Project::new().await;
    let (control, base) = (&project.control, &project.base);
    let branch = name("refs/heads/legion/s/x");
    for lock in ["refs/heads/legion/s/x.lock", "packed-refs.lock", "HEAD.lock"] {
        support::write(control.dir().join(lock), "");
    }
    assert_eq!(control.update_ref(&branch, base, None).await.unwrap(), Cas::Moved);
    for lock in ["refs/heads/legion/s/x.lock", "objects/pack/tmp_pack_1", "objects/ab/tmp_obj_2", "legion/tmp/x/y"] {
        support::write(control.dir().join(lock), "");
    }
    let dir = control.dir().to_owned();
    let home = project.home;
    drop(project.control);
    let control = open(&home).await;
    for gone in ["refs/heads/legion/s/x.lock", "objects/pack/tmp_pack_1", "objects/ab/tmp_obj_2", "legion/tmp/x"] {
        assert!(!dir.join(gone).exists(), "{gone}");
    }
    assert_eq!(control.resolve(&branch).await.unwrap(), Some(project.base));
}

#[tokio::test]
async fn a_repository_has_one_service() {
    let project = Project::new().await;
    let dir = project.control.dir().to_owned();
    let again = Control::open_or_create(git().await, &dir, ObjectFormat::Sha1).await;
    assert!(matches!(again, Err(OpenError::InUse { .. })), "{again:?}");
    drop(project.control);
    let other = Control::open_or_create(git().await, &dir, ObjectFormat::Sha256).await;
    assert!(matches!(other, Err(OpenError::OtherFormat { .. })), "{other:?}");
    // A configuration that somebody changed is ours again.
    plain(&dir, &["config", "core.fsmonitor", "/bin/false"]);
    Control::open_or_create(git().await, &dir, ObjectFormat::Sha1).await.unwrap();
    assert!(!std::fs::read_to_string(dir.join("config")).unwrap().contains("fsmonitor"));
}

#[tokio::test]
async fn a_commit_is_made_of_its_arguments_only() {
    let project = Project::new().await;
    let (control, base) = (&project.control, &project.base);
    let tree = control.tree_of(base).await.unwrap();
    let author = identity();
    let make = || control.commit(&tree, std::slice::from_ref(base), "text\n", &author, at());
    let one = make().await.unwrap();
    assert_eq!(one, make().await.unwrap());
    assert_eq!(control.tree_of(&one).await.unwrap(), tree);
    assert_eq!(control.parents_of(&one).await.unwrap(), std::slice::from_ref(base));
    let log = control.log_first_parent(Some(base), &one, 10).await.unwrap();
    assert_eq!(log.len(), 1);
    assert_eq!((log[0].subject.as_str(), log[0].at, log[0].author.as_str()), ("text", at(), identity().name()));
    assert_eq!(log[0].parents, std::slice::from_ref(base));
    assert_eq!(control.log_first_parent(None, &one, 10).await.unwrap().len(), 2);
    assert_eq!(control.log_first_parent(None, &one, 1).await.unwrap().len(), 1);
    assert!(control.is_ancestor(base, &one).await.unwrap() && !control.is_ancestor(&one, base).await.unwrap());
    assert_eq!(control.merge_base(base, &one).await.unwrap(), Some(base.clone()));
    assert_eq!(control.count(base, &one).await.unwrap(), 1);
    let root = control.commit(&tree, &[], "root\n", &identity(), at()).await.unwrap();
    assert_eq!(control.merge_base(&root, &one).await.unwrap(), None);
    assert!(control.has_commit(&root).await.unwrap());
    assert!(!control.has_commit(&"1".repeat(40).parse().unwrap()).await.unwrap());
}

#[tokio::test]
async fn changes_are_told_by_file_and_bounded() {
    let project =
        Project::with(&[("a", "1\n2\n3\n4\n5\n6\n7\n"), ("gone", "x\n"), ("kept", "k\n"), ("odd \"\n name", "y\n")])
            .await;
    let files = [("a", None), ("b", Some("1\n2\n3\n4\n5\n6\n7\n")), ("gone", None), ("odd \"\n name", Some("z\n"))];
    let new = project.commit_with(&project.base, &files);
    let control = &project.control;
    let changes = control.changes(&project.base, &new, 100).await.unwrap();
    let told: Vec<_> = changes.list.iter().map(|change| (change.path.to_str().unwrap(), change.kind.clone())).collect();
    let expected = [
        ("b", ChangeKind::Renamed { from: PathBuf::from("a") }),
        ("gone", ChangeKind::Deleted),
        ("odd \"\n name", ChangeKind::Modified),
    ];
    assert_eq!(told, expected);
    assert!(!changes.cut);
    assert_eq!((changes.list[1].old_mode, changes.list[1].new_mode), (0o100_644, 0));
    let cut = control.changes(&project.base, &new, 2).await.unwrap();
    assert!(cut.cut && cut.list.len() == 2);
    let diff = control.diff(&project.base, &new, 1 << 20).await.unwrap();
    let text = String::from_utf8(diff.bytes.clone()).unwrap();
    assert!(!diff.cut && text.contains("rename to b") && text.contains("+z"), "{text}");
    let cut = control.diff(&project.base, &new, 20).await.unwrap();
    assert!(cut.cut && cut.bytes == diff.bytes[..20]);
    let stat = control.diff_stat(&project.base, &new).await.unwrap();
    let gone = stat.iter().find(|file| file.path == Path::new("gone")).unwrap();
    assert_eq!(gone.lines, Some((0, 1)));
    let list = control.list_tree_paths(&new, 2).await.unwrap();
    assert!(list.cut && list.paths.len() == 2);
}

#[tokio::test]
async fn one_file_is_read_with_a_bound() {
    let project = Project::new().await;
    let control = &project.control;
    let read = |path: &'static str, max| control.read_file(&project.base, Path::new(path), max);
    assert_eq!(read("src/lib.rs", 100).await.unwrap().unwrap(), b"one\ntwo\nthree\n");
    assert_eq!(read("none", 100).await.unwrap(), None);
    assert_eq!(read("src", 100).await.unwrap(), None, "a directory is no file");
    assert_eq!(read("--help", 100).await.unwrap(), None);
    assert!(matches!(read("src/lib.rs", 3).await, Err(GitError::TooMuch { .. })));
}

#[tokio::test]
async fn packing_takes_nothing_away() {
    let project = Project::new().await;
    let control = &project.control;
    let tree = control.tree_of(&project.base).await.unwrap();
    // Named by nobody yet, as between a merge and its landing.
    let unnamed = control.commit(&tree, &[], "unnamed\n", &identity(), at()).await.unwrap();
    let place = project.clone("t1").await;
    control.repack().await.unwrap();
    let packs = std::fs::read_dir(control.dir().join("objects/pack")).unwrap();
    assert!(packs.map(|entry| entry.unwrap().path()).any(|path| path.extension().is_some_and(|end| end == "pack")));
    assert!(control.has_commit(&unnamed).await.unwrap());
    assert_eq!(plain(place.dir(), &["fsck", "--no-dangling"]), "");
}
