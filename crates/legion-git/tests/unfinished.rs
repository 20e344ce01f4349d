//! Clones whose agent ended in the middle of something: refused, and taken once it is finished or taken back.

mod support;

use std::path::Path;

use legion_git::{ClonePlace, CollectError, Note, Unfinished};
use support::{BRANCH, Project, command, commit_all, oid, plain, write};

/// A clone with two commits of its own on the ticket's branch, and another branch that conflicts with both.
async fn with_a_conflict(project: &Project) -> ClonePlace {
    let place = project.clone("t1").await;
    let dir = place.dir();
    plain(dir, &["checkout", "--quiet", "-b", "other"]);
    write(dir.join("src/lib.rs"), "theirs\ntwo\nthree\n");
    commit_all(dir, "theirs");
    plain(dir, &["checkout", "--quiet", BRANCH.strip_prefix("refs/heads/").unwrap()]);
    write(dir.join("src/lib.rs"), "ours\ntwo\nthree\n");
    commit_all(dir, "ours");
    write(dir.join("second"), "second\n");
    commit_all(dir, "second");
    place
}

/// Git ends as it does at a conflict.
fn conflicts(dir: &Path, args: &[&str]) {
    let output = command(dir, args).env("GIT_EDITOR", "true").output().unwrap();
    assert!(!output.status.success(), "git {args:?} found no conflict");
    assert!(std::fs::read_to_string(dir.join("src/lib.rs")).unwrap().contains("<<<<<<<"), "git {args:?}");
}

async fn refused(project: &Project, place: &ClonePlace) -> Unfinished {
    match project.control.collect(&project.collect_plan(place)).await {
        Err(CollectError::Unfinished(unfinished)) => unfinished,
        other => panic!("not refused: {other:?}"),
    }
}

#[tokio::test]
async fn what_is_going_on_is_refused_and_taken_when_it_is_ended() {
    let project = Project::new().await;
    let cases: [(&[&str], &[&str], &str); 5] = [
        (&["rebase", "other"], &["rebase", "--abort"], "a rebase"),
        (&["rebase", "--apply", "other"], &["rebase", "--abort"], "a rebase, or of applying patches"),
        (&["merge", "other"], &["merge", "--abort"], "a merge"),
        (&["cherry-pick", "other"], &["cherry-pick", "--abort"], "a cherry-pick"),
        (&["revert", "HEAD~1"], &["revert", "--abort"], "a revert"),
    ];
    for (number, (begin, end, what)) in cases.into_iter().enumerate() {
        let place = with_a_conflict(&project).await;
        let (dir, head) = (place.dir(), oid(place.dir(), "HEAD"));
        if begin[0] == "revert" {
            write(dir.join("src/lib.rs"), "later\ntwo\nthree\n");
            commit_all(dir, "later");
            conflicts(dir, &["revert", "--no-edit", "HEAD~2"]);
        } else {
            conflicts(dir, begin);
        }
        let unfinished = refused(&project, &place).await;
        assert!(matches!(unfinished, Unfinished::GoingOn { what: found, .. } if found == what), "{unfinished:?}");
        assert!(unfinished.to_string().contains("finishes it"), "{unfinished}");
        // All conflicts resolved and staged is not finished either: the other commits are still to come.
        write(dir.join("src/lib.rs"), "both\ntwo\nthree\n");
        plain(dir, &["add", "--all"]);
        assert_eq!(refused(&project, &place).await, unfinished, "case {number}");
        plain(dir, end);
        let collected = project.collect(&place).await;
        assert!(!collected.auto_committed && collected.changed, "{collected:?}");
        assert!(begin[0] == "revert" || collected.head == head, "{collected:?}");
        std::fs::remove_dir_all(dir).unwrap();
    }
}

#[tokio::test]
async fn a_rebase_that_was_finished_is_taken_with_every_commit() {
    let project = Project::new().await;
    let place = with_a_conflict(&project).await;
    let dir = place.dir();
    conflicts(dir, &["rebase", "other"]);
    refused(&project, &place).await;
    write(dir.join("src/lib.rs"), "both\ntwo\nthree\n");
    plain(dir, &["add", "--all"]);
    let output = command(dir, &["rebase", "--continue"]).env("GIT_EDITOR", "true").output().unwrap();
    assert!(output.status.success());
    let collected = project.collect(&place).await;
    assert_eq!((collected.commits, collected.notes.len()), (3, 0), "{collected:?}");
    assert_eq!(project.content(&collected.head, "src/lib.rs").await.unwrap(), "both\ntwo\nthree\n");
    assert_eq!(project.content(&collected.head, "second").await.unwrap(), "second\n");
}

#[tokio::test]
async fn conflicts_of_a_stash_are_refused_by_name() {
    let project = Project::new().await;
    let place = project.clone("t1").await;
    let dir = place.dir();
    write(dir.join("src/lib.rs"), "stashed\ntwo\nthree\n");
    plain(dir, &["stash", "push", "--quiet"]);
    write(dir.join("src/lib.rs"), "ours\ntwo\nthree\n");
    commit_all(dir, "ours");
    conflicts(dir, &["stash", "pop"]);
    let unfinished = refused(&project, &place).await;
    assert_eq!(unfinished, Unfinished::Unmerged { paths: "`src/lib.rs`".to_owned() });
    write(dir.join("src/lib.rs"), "both\ntwo\nthree\n");
    plain(dir, &["add", "src/lib.rs"]);
    let collected = project.collect(&place).await;
    assert_eq!(project.content(&collected.head, "src/lib.rs").await.unwrap(), "both\ntwo\nthree\n");
}

#[tokio::test]
async fn a_detached_head_is_taken_and_what_the_branch_has_besides_is_told() {
    let project = Project::new().await;
    let place = with_a_conflict(&project).await;
    let dir = place.dir();
    let left_behind = Note::LeftBehind { branch: BRANCH.to_owned() };
    // At the branch itself nothing is missing, be it packed or not.
    plain(dir, &["checkout", "--quiet", "--detach"]);
    assert_eq!(project.collect(&place).await.notes, []);
    plain(dir, &["checkout", "--quiet", "HEAD~1"]);
    assert_eq!(project.collect(&place).await.notes, std::slice::from_ref(&left_behind));
    plain(dir, &["pack-refs", "--all"]);
    assert_eq!(project.collect(&place).await.notes, std::slice::from_ref(&left_behind));
    plain(dir, &["checkout", "--quiet", "other"]);
    let elsewhere = Note::OtherBranch { branch: "refs/heads/other".to_owned() };
    assert_eq!(project.collect(&place).await.notes, [elsewhere, left_behind]);
    // In the middle of a search for a commit, HEAD is anywhere.
    plain(dir, &["checkout", "--quiet", BRANCH.strip_prefix("refs/heads/").unwrap()]);
    plain(dir, &["bisect", "start", "--", "."]);
    assert!(refused(&project, &place).await.to_string().contains("git bisect reset"));
}

#[tokio::test]
async fn links_and_pipes_in_place_of_what_is_read_are_no_way_out() {
    let project = Project::new().await;
    let place = with_a_conflict(&project).await;
    let dir = place.dir();
    conflicts(dir, &["merge", "other"]);
    // A link that leads nowhere says the same, and nothing is waited for at a pipe.
    std::fs::remove_file(dir.join(".git/MERGE_HEAD")).unwrap();
    assert!(matches!(refused(&project, &place).await, Unfinished::Unmerged { .. }));
    std::os::unix::fs::symlink("/nowhere", dir.join(".git/MERGE_HEAD")).unwrap();
    assert!(matches!(refused(&project, &place).await, Unfinished::GoingOn { what: "a merge", .. }));
    std::fs::remove_file(dir.join(".git/MERGE_HEAD")).unwrap();
    std::fs::remove_file(dir.join(".git/index")).unwrap();
    let pipe = dir.join(".git/index");
    rustix::fs::mknodat(rustix::fs::CWD, pipe, rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
    assert!(project.collect(&place).await.auto_committed, "without an index its files are all there is");
}
