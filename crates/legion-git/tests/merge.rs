//! Merging without a work tree, and every kind of conflict.

mod support;

use legion_git::{ConflictKind, Merge, Oid};
use support::Project;

const LINES: &str = "1\n2\n3\n4\n5\n6\n7\n8\n9\n";

async fn merged(project: &Project, ours: &[(&str, Option<&str>)], theirs: &[(&str, Option<&str>)]) -> Merge {
    let (ours, theirs) = (project.commit_with(&project.base, ours), project.commit_with(&project.base, theirs));
    project.control.merge_tree(&ours, &theirs).await.unwrap()
}

/// The one conflict of a merge: its path, kind and text.
async fn conflict(
    project: &Project,
    ours: &[(&str, Option<&str>)],
    theirs: &[(&str, Option<&str>)],
) -> (String, ConflictKind, String) {
    let Merge::Conflict { files, .. } = merged(project, ours, theirs).await else { panic!("it merged") };
    assert_eq!(files.len(), 1, "{files:?}");
    let file = files[0].clone();
    (file.path.display().to_string(), file.kind, file.hunks)
}

#[tokio::test]
async fn what_does_not_touch_merges() {
    let project = Project::with(&[("a", LINES)]).await;
    let top = LINES.replace("1\n", "one\n");
    let bottom = LINES.replace("9\n", "nine\n");
    let files = [("a", Some(bottom.as_str())), ("new", Some("n"))];
    let Merge::Clean { tree } = merged(&project, &[("a", Some(&top))], &files).await else { panic!("a conflict") };
    let content = project.content(&tree, "a").await.unwrap();
    assert!(content.starts_with("one\n") && content.ends_with("nine\n"), "{content}");
    assert_eq!(project.paths(&tree).await, ["a", "new"]);
}

#[tokio::test]
async fn each_kind_of_conflict_is_told() {
    let project = Project::with(&[("a", LINES), ("b", "b\n"), ("bin", "\0\u{1}base")]).await;
    let (one, two) = (LINES.replace('5', "five"), LINES.replace('5', "FIVE"));
    let (path, kind, hunks) = conflict(&project, &[("a", Some(&one))], &[("a", Some(&two))]).await;
    assert_eq!((path.as_str(), kind), ("a", ConflictKind::Content));
    for part in ["<<<<<<< ", "five\n", "||||||| ", "5\n", "FIVE\n", ">>>>>>> "] {
        assert!(hunks.contains(part), "{part} in {hunks}");
    }
    let (path, kind, hunks) = conflict(&project, &[("new", Some("x\n"))], &[("new", Some("y\n"))]).await;
    assert_eq!((path.as_str(), kind), ("new", ConflictKind::AddAdd));
    assert!(hunks.contains("x\n") && hunks.contains("y\n"), "{hunks}");
    let (path, kind, _) = conflict(&project, &[("a", None)], &[("a", Some(&two))]).await;
    assert_eq!((path.as_str(), kind), ("a", ConflictKind::ModifyDelete));
    let (path, kind, hunks) = conflict(&project, &[("bin", Some("\0\u{1}one"))], &[("bin", Some("\0\u{1}two"))]).await;
    assert_eq!((path.as_str(), kind, hunks.as_str()), ("bin", ConflictKind::Binary, ""));
    let (_, kind, _) = conflict(&project, &[("a", None), ("c", Some(LINES))], &[("a", None)]).await;
    assert_eq!(kind, ConflictKind::RenameDelete);
    let files = [("b", None), ("b/c", Some("x\n"))];
    let Merge::Conflict { files, .. } = merged_after(&project, &files).await else { panic!("it merged") };
    assert!(files.iter().any(|file| file.kind == ConflictKind::FileDirectory), "{files:?}");
    let ours = [("a", None), ("c", Some(LINES))];
    let theirs = [("a", None), ("d", Some(LINES))];
    let Merge::Conflict { files, .. } = merged(&project, &ours, &theirs).await else { panic!("it merged") };
    assert!(files.iter().all(|file| file.kind == ConflictKind::Rename) && !files.is_empty(), "{files:?}");
}

/// A file on one side that becomes a directory on the other.
async fn merged_after(project: &Project, files: &[(&str, Option<&str>)]) -> Merge {
    merged(project, files, &[("b", Some("changed\n"))]).await
}

#[tokio::test]
async fn histories_with_nothing_in_common_do_not_merge() {
    let project = Project::new().await;
    let tree: Oid = project.control.tree_of(&project.base).await.unwrap();
    let root = project.control.commit(&tree, &[], "root\n", &support::identity(), support::at()).await.unwrap();
    let error = project.control.merge_tree(&project.base, &root).await.unwrap_err();
    assert!(error.to_string().contains("unrelated histories"), "{error}");
}
