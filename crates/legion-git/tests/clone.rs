//! Clones: made, looked at, rescued, removed.

mod support;

use std::os::unix::fs::{PermissionsExt as _, symlink};

use legion_git::{Note, RemoveError};
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
}

#[tokio::test]
async fn links_and_special_files_are_taken_for_what_they_are() {
    let project = Project::with(&[("dir/a", "a\n"), ("dir/b", "b\n"), ("file", "f\n"), ("pipe", "p\n")]).await;
    let place = project.clone("t1").await;
    let dir = place.dir();
    let outside = project.home.dir("outside");
    write(outside.join("a"), "a\n");
    write(outside.join("secret"), "s\n");
    // A directory that became a link out of here, a file that became a directory, one that became a pipe.
    std::fs::remove_dir_all(dir.join("dir")).unwrap();
    symlink(&outside, dir.join("dir")).unwrap();
    std::fs::remove_file(dir.join("file")).unwrap();
    write(dir.join("file/inside"), "i\n");
    std::fs::remove_file(dir.join("pipe")).unwrap();
    rustix::fs::mknodat(rustix::fs::CWD, dir.join("pipe"), rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
    // Names that git refuses, and odd ones that it takes.
    write(dir.join(".GIT/x"), "x");
    write(dir.join("line\nbreak \"quoted\" \u{1}"), "odd");
    write(dir.join("-flag"), "flag");
    let collected = project.collect(&place).await;
    let paths = project.paths(&collected.head).await;
    assert_eq!(paths, ["-flag", "dir", "file/inside", "line\nbreak \"quoted\" \u{1}"]);
    assert_eq!(project.content(&collected.head, "dir").await, None, "a link");
    let left_out: Vec<_> = collected.notes.iter().map(ToString::to_string).collect();
    assert_eq!(left_out.len(), 2, "{left_out:?}");
    assert!(left_out.iter().any(|note| note.contains("`pipe`") && note.contains("no content")), "{left_out:?}");
    assert!(left_out.iter().any(|note| note.contains("`.GIT/x`")), "{left_out:?}");
    assert!(collected.notes.iter().any(Note::is_loss));
}

#[tokio::test]
async fn nested_repositories_give_their_files() {
    let project = Project::new().await;
    let place = project.clone("t1").await;
    let dir = place.dir();
    // One with a commit that is committed as a link, one without any, one in one; with ignored files of both kinds.
    for (path, content) in
        [("lib/a", "a"), ("lib/.gitignore", "own\nkept\n"), ("lib/own", "ignored"), ("lib/kept", "k"), ("lib/x.o", "o")]
    {
        write(dir.join(path), content);
    }
    for (path, content) in [("lib/in/b", "b"), ("empty/c", "c"), ("empty/:(glob)x", "x"), ("empty/:(glob)x.o", "o")] {
        write(dir.join(path), content);
    }
    plain(&dir.join("lib/in"), &["init", "--quiet"]);
    plain(&dir.join("lib"), &["init", "--quiet"]);
    plain(&dir.join("empty"), &["init", "--quiet"]);
    plain(&dir.join("lib"), &["add", "--force", "a", "kept"]);
    plain(&dir.join("lib"), &["commit", "--quiet", "-m", "inner"]);
    plain(dir, &["-c", "advice.addEmbeddedRepo=false", "add", "lib"]);
    plain(dir, &["commit", "--quiet", "-m", "a link"]);
    let head = oid(dir, "HEAD");
    let collected = project.collect(&place).await;
    assert!(collected.auto_committed && collected.head != head);
    let paths = project.paths(&collected.head).await;
    let expected = [
        ".gitignore",
        "README",
        "empty/:(glob)x",
        "empty/c",
        "lib/.gitignore",
        "lib/a",
        "lib/in/b",
        "lib/kept",
        "src/lib.rs",
    ];
    assert_eq!(paths, expected);
    let nested = collected.notes.iter().filter(|note| matches!(note, Note::NestedRepository { .. })).count();
    assert_eq!(nested, 3, "{:?}", collected.notes);
}

#[tokio::test]
async fn a_branch_that_was_deleted_under_an_agent_costs_no_file() {
    let project = Project::new().await;
    let place = project.clone("t1").await;
    let dir = place.dir();
    write(dir.join("work"), "w\n");
    plain(dir, &["update-ref", "-d", "HEAD"]);
    let unborn = project.collect(&place).await;
    assert!(matches!(&unborn.notes[..], [Note::HeadUnreadable { .. }]), "{:?}", unborn.notes);
    let root = commit_all(dir, "a root without meaning to");
    let collected = project.collect(&place).await;
    assert_eq!(collected.notes, [Note::NoCommonHistory { head: root }]);
    assert!(collected.changed && collected.commits == 1);
    assert!(project.control.is_ancestor(&project.base, &collected.head).await.unwrap());
    assert_eq!(project.content(&collected.head, "work").await.unwrap(), "w\n");
    assert_eq!(project.content(&collected.head, "README").await.unwrap(), "hello\n");
}

#[tokio::test]
async fn another_branch_packed_refs_and_many_commits_are_taken() {
    let project = Project::new().await;
    let place = project.clone("t1").await;
    let dir = place.dir();
    plain(dir, &["checkout", "--quiet", "-b", "elsewhere"]);
    for number in 0..3 {
        for file in 0..100 {
            write(dir.join(format!("f{file}")), format!("{number} {file}\n"));
        }
        commit_all(dir, "work");
    }
    plain(dir, &["pack-refs", "--all"]);
    plain(dir, &["repack", "-a", "-d", "-l", "-q"]);
    let collected = project.collect(&place).await;
    assert_eq!(collected.notes, [Note::OtherBranch { branch: "refs/heads/elsewhere".to_owned() }]);
    assert_eq!((collected.head.clone(), collected.commits), (oid(dir, "HEAD"), 3));
    plain(dir, &["checkout", "--quiet", "--detach"]);
    assert_eq!(project.collect(&place).await.notes, []);
    plain(project.control.dir(), &["fsck", "--strict", "--no-dangling"]);
}

#[tokio::test]
async fn a_clone_is_told_of_the_newest_target() {
    let project = Project::new().await;
    let place = project.clone("t1").await;
    let next = project.commit_with(&project.base, &[("next", Some("n"))]);
    project.control.fetch_updates(&place, &name(TARGET), &next).await.unwrap();
    assert_eq!(oid(place.dir(), "origin/legion/s/leader"), next);
    plain(place.dir(), &["merge", "--quiet", "--ff-only", "origin/legion/s/leader"]);
    let collected = project.collect(&place).await;
    assert_eq!((collected.head, collected.notes), (next.clone(), vec![]));
    // Packed, it is written over; through a link, it is not written at all.
    plain(place.dir(), &["pack-refs", "--all"]);
    project.control.fetch_updates(&place, &name(TARGET), &project.base).await.unwrap();
    assert_eq!(oid(place.dir(), "origin/legion/s/leader"), project.base);
    let outside = project.home.dir("outside");
    std::fs::remove_dir_all(place.dir().join(".git/refs/remotes")).unwrap();
    symlink(&outside, place.dir().join(".git/refs/remotes")).unwrap();
    assert!(project.control.fetch_updates(&place, &name(TARGET), &next).await.is_err());
    assert_eq!(std::fs::read_dir(&outside).unwrap().count(), 0);
    let unknown = "1".repeat(40).parse().unwrap();
    assert!(project.control.fetch_updates(&place, &name(TARGET), &unknown).await.is_err());
}

#[tokio::test]
async fn ignored_files_are_copied_by_rule() {
    let project = Project::with(&[(".gitignore", ".env\ncache/\n*.key\nlinks/\ntarget/\n"), ("tracked", "t\n")]).await;
    let from = &project.person;
    let files =
        [(".env", "secret"), ("cache/a/b", "b"), ("sub/x.key", "k"), ("target/big", "no"), ("plain", "untracked")];
    for (path, content) in files {
        write(from.join(path), content);
    }
    write(project.home.path().join("outside/file"), "o");
    std::fs::create_dir_all(from.join("links")).unwrap();
    symlink(project.home.path().join("outside"), from.join("links/out")).unwrap();
    write(from.join("tracked"), "changed by the person\n");
    let place = project.clone("t1").await;
    let rules: Vec<String> =
        ["# needed", "/.env", "cache/", "*.key", "links/", "plain", "tracked"].map(str::to_owned).into();
    let copied = project.control.copy_ignored(from, &place, &rules).await.unwrap();
    assert_eq!((copied.files, copied.bytes, copied.skipped), (4, 8, 0), "{copied:?}");
    let read = |path: &str| std::fs::read_to_string(place.dir().join(path)).ok();
    assert_eq!(
        (read(".env").as_deref(), read("cache/a/b").as_deref(), read("sub/x.key").as_deref()),
        (Some("secret"), Some("b"), Some("k"))
    );
    assert_eq!((read("target/big"), read("plain"), read("tracked").as_deref()), (None, None, Some("t\n")));
    assert!(std::fs::symlink_metadata(place.dir().join("links/out")).unwrap().is_symlink());
    assert_eq!(plain(place.dir(), &["status", "--porcelain"]), "");
    // Again: what the agent has made of them stays.
    write(place.dir().join(".env"), "mine");
    let again = project.control.copy_ignored(from, &place, &rules).await.unwrap();
    assert_eq!((again.files, again.skipped), (0, 4));
    assert_eq!(read(".env").as_deref(), Some("mine"));
    assert_eq!(project.control.copy_ignored(from, &place, &[]).await.unwrap().files, 0);
}

#[tokio::test]
async fn a_clone_goes_only_when_its_files_are_pinned() {
    let project = Project::new().await;
    let place = project.clone("t1").await;
    let plan = project.rescue_plan(&place);
    let nothing = project.control.rescue(&plan).await.unwrap();
    assert!(!nothing.is_new() && *nothing.commit() == project.base);
    assert_eq!(project.control.resolve(&plan.into).await.unwrap(), None);
    commit_all(place.dir(), "empty, and still a commit");
    assert!(project.control.rescue(&plan).await.unwrap().is_new());
    write(place.dir().join("new"), "n");
    std::fs::remove_file(place.dir().join("README")).unwrap();
    write(place.dir().join("go/pkg/file"), "read-only");
    std::fs::set_permissions(place.dir().join("go/pkg"), std::fs::Permissions::from_mode(0o555)).unwrap();
    let rescued = project.control.rescue(&plan).await.unwrap();
    assert!(rescued.is_new());
    assert_eq!(project.control.resolve(&plan.into).await.unwrap().as_ref(), Some(rescued.commit()));
    let again = project.control.rescue(&plan).await.unwrap();
    assert!(!again.is_new() && again.commit() == rescued.commit());
    // What was collected is pinned as well.
    write(place.dir().join("newer"), "n");
    let collected = project.collect(&place).await;
    let rescued = project.control.rescue(&plan).await.unwrap();
    assert!(!rescued.is_new() && *rescued.commit() == collected.head);
    // The proof is for one clone.
    let other = project.clone("t2").await;
    assert!(matches!(project.control.remove_clone(&other, again).await, Err(RemoveError::OtherClone { .. })));
    let commit = rescued.commit().clone();
    project.control.remove_clone(&place, rescued).await.unwrap();
    assert!(!place.dir().exists() && !place.index().exists() && other.dir().exists());
    // And back, never over something.
    let back = project.home.path().join("back");
    project.control.restore(&commit, &back).await.unwrap();
    assert_eq!(std::fs::read_to_string(back.join("new")).unwrap(), "n");
    assert_eq!(std::fs::read_to_string(back.join("go/pkg/file")).unwrap(), "read-only");
    assert!(!back.join("README").exists() && !back.join(".git").exists());
    assert!(project.control.restore(&commit, &back).await.is_err());
    assert!(project.control.restore(&"1".repeat(40).parse().unwrap(), &project.home.path().join("no")).await.is_err());
    let left: Vec<_> =
        std::fs::read_dir(project.home.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(!left.iter().any(|name| name.to_string_lossy().contains("partial")), "{left:?}");
}

#[tokio::test]
async fn what_cannot_be_rescued_keeps_its_clone() {
    let project = Project::new().await;
    let place = project.clone("t1").await;
    write(place.dir().join(".GIT/x"), "git takes no such path");
    let rescued = project.control.rescue(&project.rescue_plan(&place)).await.unwrap();
    let error = project.control.remove_clone(&place, rescued).await.unwrap_err();
    assert!(error.to_string().contains(".GIT/x"), "{error}");
    assert!(place.dir().join(".GIT/x").exists());
}

#[tokio::test]
async fn content_that_its_attributes_refuse_is_rescued_as_it_is() {
    let project =
        Project::with(&[(".gitattributes", "*.u16 working-tree-encoding=UTF-16LE\n*.txt text eol=crlf\n")]).await;
    let place = project.clone("t1").await;
    std::fs::write(place.dir().join("odd.u16"), b"\x00\xd8x").unwrap();
    write(place.dir().join("fine.u16"), "a\0b\0");
    let rescued = project.control.rescue(&project.rescue_plan(&place)).await.unwrap();
    assert_eq!(rescued.notes(), []);
    let odd = project.control.read_file(rescued.commit(), std::path::Path::new("odd.u16"), 100).await.unwrap();
    assert_eq!(odd.unwrap(), b"\x00\xd8x");
    assert_eq!(project.content(rescued.commit(), "fine.u16").await.unwrap(), "ab");
}

/// Git runs as nobody where root would read everything.
async fn without_rights(project: Project) -> Project {
    if !rustix::process::geteuid().is_root() {
        return project;
    }
    let real = support::git().await.path().display().to_string();
    let script = format!(
        "#!/bin/sh\nfor word; do [ \"$word\" = ls-files ] && exec setpriv --reuid=65534 --clear-groups {real} \"$@\"; done\n\
         exec {real} \"$@\"\n"
    );
    let program = project.home.file("git-without-rights", script);
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    std::fs::set_permissions(project.home.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    let dir = project.control.dir().to_owned();
    let Project { home, person, control, base } = project;
    drop(control);
    let git = legion_git::Git::new(program).await.unwrap();
    let control = legion_git::Control::open_or_create(git, &dir, legion_git::ObjectFormat::Sha1).await.unwrap();
    Project { home, person, control, base }
}

#[tokio::test]
async fn a_directory_that_cannot_be_read_keeps_its_clone() {
    let project = without_rights(Project::new().await).await;
    let place = project.clone("t1").await;
    write(place.dir().join("open"), "o");
    write(place.dir().join("closed/file"), "c");
    std::fs::set_permissions(place.dir().join("closed"), std::fs::Permissions::from_mode(0o000)).unwrap();
    let rescued = project.control.rescue(&project.rescue_plan(&place)).await.unwrap();
    let closed = |note: &Note| note.is_loss() && note.to_string().contains("closed");
    assert!(rescued.notes().iter().any(closed), "{:?}", rescued.notes());
    assert!(project.paths(rescued.commit()).await.contains(&"open".to_owned()));
    let error = project.control.remove_clone(&place, rescued).await.unwrap_err();
    assert!(error.to_string().contains("closed"), "{error}");
    std::fs::set_permissions(place.dir().join("closed"), std::fs::Permissions::from_mode(0o755)).unwrap();
    let rescued = project.control.rescue(&project.rescue_plan(&place)).await.unwrap();
    project.control.remove_clone(&place, rescued).await.unwrap();
}

#[tokio::test]
async fn other_branches_stashes_and_what_a_rebase_began_with_are_rescued_by_name() {
    let project = Project::new().await;
    let place = project.clone("t1").await;
    let dir = place.dir();
    let own = BRANCH.strip_prefix("refs/heads/").unwrap();
    // A branch with a file, one that is packed, and one that has nothing of its own.
    for name in ["side/one", "packed"] {
        plain(dir, &["checkout", "--quiet", "-b", name, project.base.as_str()]);
        write(dir.join("README"), format!("{name}\n"));
        commit_all(dir, name);
        plain(dir, &["pack-refs", "--all"]);
    }
    plain(dir, &["update-ref", "refs/heads/side/one", &plain(dir, &["rev-parse", "side/one"])]);
    plain(dir, &["branch", "idle", project.base.as_str()]);
    plain(dir, &["checkout", "--quiet", own]);
    // Two stashes, the second with a file that is not tracked.
    write(dir.join("README"), "first stash\n");
    plain(dir, &["stash", "push", "--quiet"]);
    write(dir.join("README"), "second stash\n");
    write(dir.join("untracked"), "untracked\n");
    plain(dir, &["stash", "push", "--quiet", "--include-untracked"]);
    // A rebase in the middle: the second commit is still to come.
    write(dir.join("README"), "mine\n");
    commit_all(dir, "mine");
    write(dir.join("later"), "later\n");
    let mine = commit_all(dir, "later");
    assert!(!support::command(dir, &["rebase", "packed"]).output().unwrap().status.success());
    write(dir.join("README"), "both\n");
    let plan = project.rescue_plan(&place);
    let rescued = project.control.rescue(&plan).await.unwrap();
    assert_eq!(rescued.notes(), []);
    assert_eq!(project.content(rescued.commit(), "README").await.unwrap(), "both\n");
    let listed = || async {
        let refs = project.control.refs_below(&name("refs/legion/rescue")).await.unwrap();
        refs.into_iter()
            .map(|(name, oid)| (name.as_str().trim_start_matches("refs/legion/rescue/t1/").to_owned(), oid))
            .collect::<std::collections::BTreeMap<_, _>>()
    };
    let found = listed().await;
    let names: Vec<&str> = found.keys().map(String::as_str).collect();
    // HEAD stands on `packed`, so that is rescued with it; the ticket's branch is what the rebase began with.
    let expected = [
        "1",
        "1-besides/branch/legion/s/t1-1",
        "1-besides/branch/side/one",
        "1-besides/stash-0",
        "1-besides/stash-0-untracked",
        "1-besides/stash-1",
    ];
    assert_eq!(names, expected);
    assert_eq!(found["1-besides/branch/legion/s/t1-1"], mine);
    for (name, path, content) in [
        ("1-besides/branch/legion/s/t1-1", "later", "later\n"),
        ("1-besides/branch/side/one", "README", "side/one\n"),
        ("1-besides/stash-0", "README", "second stash\n"),
        ("1-besides/stash-0-untracked", "untracked", "untracked\n"),
        ("1-besides/stash-1", "README", "first stash\n"),
    ] {
        assert_eq!(project.content(&found[name], path).await.as_deref(), Some(content), "{name}");
        assert!(
            project
                .control
                .resolve(&support::name(&format!("refs/legion/keep/{}", found[name])))
                .await
                .unwrap()
                .is_some()
                || name.ends_with("untracked"),
            "{name}"
        );
    }
    // Again, nothing is pinned twice.
    let again = legion_git::RescuePlan { into: name("refs/legion/rescue/t1/2"), ..plan };
    assert!(!project.control.rescue(&again).await.unwrap().is_new());
    assert_eq!(listed().await, found);
}

#[tokio::test]
async fn refs_that_lead_nowhere_are_told_and_keep_nothing_up() {
    let project = Project::new().await;
    let place = project.clone("t1").await;
    let dir = place.dir();
    write(dir.join("README"), "mine\n");
    let nowhere = "12".repeat(20);
    for path in ["refs/heads/gone", "refs/stash", "refs/heads/deep/er", "rebase-merge/orig-head"] {
        write(dir.join(".git").join(path), format!("{nowhere}\n"));
    }
    write(dir.join(".git/refs/heads/nonsense"), "x\0y");
    write(dir.join(".git/refs/heads/bad name"), format!("{}\n", project.base));
    write(dir.join(".git/logs/refs/stash"), "a\nb c\n\n");
    symlink("/etc/passwd", dir.join(".git/refs/heads/link")).unwrap();
    symlink(dir.join(".git/refs"), dir.join(".git/refs/heads/loop")).unwrap();
    rustix::fs::mknodat(rustix::fs::CWD, dir.join(".git/refs/heads/pipe"), rustix::fs::FileType::Fifo, 0o600.into(), 0)
        .unwrap();
    let rescued = project.control.rescue(&project.rescue_plan(&place)).await.unwrap();
    assert!(rescued.is_new());
    assert!(
        matches!(rescued.notes(), [Note::BesideRefused { name, .. }] if name == "branch/deep/er"),
        "{:?}",
        rescued.notes()
    );
    assert!(!rescued.notes().iter().any(Note::is_loss));
}
