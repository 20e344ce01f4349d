//! `kill -9` of git in the middle of a verb, and of the service above it: what is done next goes on.

mod support;

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use legion_git::{Cas, Control, GatePlace, Git, Merge, ObjectFormat, Oid};
use legion_process::PROCESS_VARIABLE;
use legion_testkit::until;
use support::{Project, at, git, identity, name, oid, plain, write};

const LIMIT: Duration = Duration::from_secs(30);
/// Moments at which a verb is killed.
const MOMENTS: u64 = 14;

/// A git that stops in the middle of `update-ref`, its lock taken, as long as the file `stall` is there.
async fn stalling(project: &Project) -> (Git, PathBuf) {
    let stall = project.home.path().join("stall");
    let real = git().await.path().display().to_string();
    let script = format!(
        "#!/bin/sh\n[ -e '{stall}' ] || exec {real} \"$@\"\nfor word; do [ \"$word\" = update-ref ] && stop=1; done\n\
         [ \"$stop\" ] || exec {real} \"$@\"\nrepository=$1\nwhile [ \"$1\" != --no-deref ]; do shift; done\n\
         {{ printf 'start\\nupdate %s %s %s\\nprepare\\n' \"$2\" \"$3\" \"$4\"; exec sleep 1000; }} \
         | {real} \"$repository\" update-ref --stdin\n",
        stall = stall.display()
    );
    let program = project.home.path().join("stalling-git");
    write(&program, script);
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    (Git::new(program).await.unwrap(), stall)
}

async fn until_locked(lock: &Path) {
    until(LIMIT, "a lock that is taken", || async {
        if lock.exists() { Ok(()) } else { Err(format!("no {}", lock.display())) }
    })
    .await;
}

#[tokio::test]
async fn a_git_that_is_killed_with_its_lock_taken_blocks_nobody() {
    let project = Project::new().await;
    let next = project.commit_with(&project.base, &[("a", Some("1"))]);
    let (git, stall) = stalling(&project).await;
    let dir = project.control.dir().to_owned();
    drop(project.control);
    let control = Control::open_or_create(git, &dir, ObjectFormat::Sha1).await.unwrap();
    let target = name(support::TARGET);
    let lock = dir.join(format!("{target}.lock"));
    write(&stall, "");
    tokio::select! {
        moved = control.update_ref(&target, &next, Some(&project.base)) => panic!("it did not stall: {moved:?}"),
        () = until_locked(&lock) => {}
    }
    assert!(lock.exists(), "the future was dropped, its git was killed, the lock is still there");
    std::fs::remove_file(&stall).unwrap();
    assert_eq!(control.resolve(&target).await.unwrap(), Some(project.base.clone()));
    assert_eq!(control.update_ref(&target, &next, Some(&project.base)).await.unwrap(), Cas::Moved);
    assert!(!lock.exists());
}

#[tokio::test]
async fn a_git_that_outlives_its_service_is_ended_before_anything_is_done() {
    let project = Project::new().await;
    let next = project.commit_with(&project.base, &[("a", Some("1"))]);
    let (stalling, stall) = stalling(&project).await;
    let dir = project.control.dir().to_owned();
    let target = name(support::TARGET);
    write(&stall, "");
    // As the service started it, before the service was killed.
    let mut orphan = Command::new(stalling.path())
        .arg(format!("--git-dir={}", dir.display()))
        .args(["update-ref", "--no-deref", target.as_str(), next.as_str(), project.base.as_str()])
        .env(PROCESS_VARIABLE, project.control.marker().to_string())
        .spawn()
        .unwrap();
    until_locked(&dir.join(format!("{target}.lock"))).await;
    drop(project.control);
    let control = Control::open_or_create(git().await, &dir, ObjectFormat::Sha1).await.unwrap();
    assert!(!orphan.wait().unwrap().success());
    assert_eq!(control.update_ref(&target, &next, Some(&project.base)).await.unwrap(), Cas::Moved);
}

/// Many enough for a checkout to take some time.
fn many_files() -> Vec<(String, String)> {
    (0..600).map(|number| (format!("d{}/f{number}", number % 20), format!("{number}\n").repeat(50))).collect()
}

async fn large_project() -> Project {
    let files = many_files();
    let files: Vec<(&str, &str)> = files.iter().map(|(path, content)| (path.as_str(), content.as_str())).collect();
    Project::with(&files).await
}

#[tokio::test]
async fn a_clone_that_was_killed_half_way_is_made_whole() {
    let project = large_project().await;
    let mut killed = 0;
    for moment in 0..MOMENTS {
        let plan = project.plan(&format!("t{moment}"));
        let attempt =
            tokio::time::timeout(Duration::from_millis(moment * 4), project.control.prepare_clone(&plan)).await;
        killed += u64::from(attempt.is_err());
        // What is in place is whole.
        if plan.dir.exists() {
            assert_eq!(plain(&plan.dir, &["status", "--porcelain"]), "");
        }
        let place = project.control.prepare_clone(&plan).await.unwrap();
        assert_eq!(plain(place.dir(), &["status", "--porcelain"]), "");
        assert_eq!(oid(place.dir(), "HEAD"), project.base);
        assert!(!project.collect(&place).await.changed);
        std::fs::remove_dir_all(place.dir()).unwrap();
    }
    assert!(killed > 1, "only {killed} were killed: the moments are too late");
}

#[tokio::test]
async fn a_gate_checkout_that_was_killed_is_mended() {
    let project = large_project().await;
    let changed: Vec<(String, String)> =
        many_files().into_iter().map(|(path, content)| (path, content + "more\n")).collect();
    let changed: Vec<(&str, Option<&str>)> =
        changed.iter().map(|(path, content)| (path.as_str(), Some(content.as_str()))).collect();
    let next = project.commit_with(&project.base, &changed);
    let place = GatePlace::at(project.home.path().join("gate"));
    let commits = [&project.base, &next];
    let mut killed = 0;
    for moment in 0..MOMENTS {
        let (one, other) = (commits[(moment % 2) as usize], commits[((moment + 1) % 2) as usize]);
        project.control.gate_checkout(one, &place).await.unwrap();
        let attempt = project.control.gate_checkout(other, &place);
        killed += u64::from(tokio::time::timeout(Duration::from_millis(moment * 3), attempt).await.is_err());
        let wanted = if moment % 3 == 0 { one } else { other };
        project.control.gate_checkout(wanted, &place).await.unwrap();
        let length = if wanted == &next { 5 } else { 0 };
        for (path, content) in many_files().iter().step_by(7) {
            let file = std::fs::read(place.dir().join(path)).unwrap();
            assert_eq!(file.len(), content.len() + length, "{path} after {moment}");
        }
    }
    assert!(killed > 1, "only {killed} were killed: the moments are too late");
}

#[tokio::test]
async fn landings_that_are_killed_leave_the_target_old_or_new() {
    let project = Project::new().await;
    let control = &project.control;
    let target = name("refs/heads/legion/k/leader");
    control.update_ref(&target, &project.base, None).await.unwrap();
    let work = project.commit_with(&project.base, &[("work", Some("w\n"))]);
    let mut killed = 0;
    for moment in 0..MOMENTS {
        let old = control.resolve(&target).await.unwrap().unwrap();
        let attempt = land(control, &target, &old, &work, moment);
        killed += u64::from(tokio::time::timeout(Duration::from_millis(moment), attempt).await.is_err());
        let now = control.resolve(&target).await.unwrap().unwrap();
        if now != old {
            assert_eq!(control.parents_of(&now).await.unwrap(), [old, work.clone()]);
        }
    }
    assert!(killed > 1, "only {killed} were killed: the moments are too late");
    let old = control.resolve(&target).await.unwrap().unwrap();
    assert_eq!(land(control, &target, &old, &work, MOMENTS).await, Cas::Moved);
    plain(control.dir(), &["fsck", "--strict", "--no-dangling"]);
}

async fn land(control: &Control, target: &legion_git::RefName, old: &Oid, work: &Oid, number: u64) -> Cas {
    let Merge::Clean { tree } = control.merge_tree(old, work).await.unwrap() else { panic!("a conflict") };
    let parents = [old.clone(), work.clone()];
    let commit = control.commit(&tree, &parents, &format!("land {number}\n"), &identity(), at()).await.unwrap();
    control.update_ref(target, &commit, Some(old)).await.unwrap()
}

#[tokio::test]
async fn evidence_that_was_cut_short_is_taken_again() {
    let project = Project::new().await;
    let place = project.clone("t1").await;
    write(place.dir().join("a"), "a\n");
    support::commit_all(place.dir(), "work");
    write(place.dir().join("b"), "b\n");
    let whole = project.collect(&place).await;
    let mut killed = 0;
    for moment in 0..MOMENTS {
        write(place.dir().join("b"), format!("b {moment}\n"));
        let plan = project.collect_plan(&place);
        let attempt = tokio::time::timeout(Duration::from_millis(moment * 4), project.control.collect(&plan)).await;
        killed += u64::from(attempt.is_err());
        let collected = project.collect(&place).await;
        assert_eq!(project.content(&collected.head, "b").await.unwrap(), format!("b {moment}\n"));
        assert_eq!((collected.commits, collected.notes.len()), (2, 0));
    }
    assert!(killed > 1, "only {killed} were killed: the moments are too late");
    write(place.dir().join("b"), "b\n");
    assert_eq!(project.collect(&place).await, whole);
    // A removal that was cut short is finished by the next.
    let mut removing = place.dir().as_os_str().to_owned();
    removing.push(".removing");
    write(Path::new(&removing).join("half"), "x");
    let proof = project.control.rescue(&project.rescue_plan(&place)).await.unwrap();
    project.control.remove_clone(&place, proof).await.unwrap();
    assert!(!Path::new(&removing).exists() && !place.dir().exists());
    plain(project.control.dir(), &["fsck", "--strict", "--no-dangling"]);
    // What a dropped verb may have left is gone when the repository is opened next.
    let Project { home, control, .. } = project;
    let tmp = control.dir().join("legion/tmp");
    drop(control);
    let _open = support::open(&home).await;
    assert!(std::fs::read_dir(tmp).is_ok_and(|mut entries| entries.next().is_none()));
}
