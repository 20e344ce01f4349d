//! The warm directory of gates.

mod support;

use std::os::unix::fs::symlink;
use std::path::Path;
use std::time::SystemTime;

use legion_git::GatePlace;
use support::{Project, write};

fn modified(path: &Path) -> SystemTime {
    std::fs::metadata(path).unwrap().modified().unwrap()
}

#[tokio::test]
async fn a_gate_sees_the_files_of_its_commit_and_the_caches_of_others() {
    let project = Project::new().await;
    let next = project.commit_with(&project.base, &[("README", Some("changed\n")), ("new/file", Some("n\n"))]);
    let place = GatePlace::at(project.home.path().join("gates/g1"));
    let dir = place.dir().to_owned();
    project.control.gate_checkout(&project.base, &place).await.unwrap();
    assert_eq!(std::fs::read_to_string(dir.join("README")).unwrap(), "hello\n");
    let before = modified(&dir.join("src/lib.rs"));
    // What a gate and a branch's content can leave behind.
    write(dir.join("target/cache"), "built");
    write(dir.join("left/over"), "x");
    write(dir.join("left/repo/.git/HEAD"), "ref: refs/heads/x\n");
    write(dir.join(".git/config"), "[core]\n\tfsmonitor = false\n");
    write(dir.join(".gitignore"), "everything\n");
    std::fs::remove_file(dir.join("README")).unwrap();
    project.control.gate_checkout(&next, &place).await.unwrap();
    assert_eq!(std::fs::read_to_string(dir.join("README")).unwrap(), "changed\n");
    assert_eq!(std::fs::read_to_string(dir.join("new/file")).unwrap(), "n\n");
    assert_eq!(modified(&dir.join("src/lib.rs")), before);
    assert_eq!(std::fs::read_to_string(dir.join("target/cache")).unwrap(), "built");
    assert!(!dir.join("left").exists() && !dir.join(".git").exists());
    project.control.gate_checkout(&project.base, &place).await.unwrap();
    assert!(!dir.join("new").exists());
    assert_eq!(modified(&dir.join("src/lib.rs")), before);
}

#[tokio::test]
async fn nothing_is_written_through_links_that_a_gate_left() {
    let project = Project::new().await;
    let place = GatePlace::at(project.home.path().join("gates/g1"));
    project.control.gate_checkout(&project.base, &place).await.unwrap();
    let outside = project.home.dir("outside");
    write(outside.join("lib.rs"), "not ours\n");
    std::fs::remove_dir_all(place.dir().join("src")).unwrap();
    symlink(&outside, place.dir().join("src")).unwrap();
    std::fs::remove_file(place.dir().join("README")).unwrap();
    symlink(outside.join("lib.rs"), place.dir().join("README")).unwrap();
    let next = project.commit_with(&project.base, &[("src/lib.rs", Some("new\n")), ("src/more", Some("m\n"))]);
    project.control.gate_checkout(&next, &place).await.unwrap();
    assert_eq!(std::fs::read_to_string(place.dir().join("src/lib.rs")).unwrap(), "new\n");
    assert_eq!(std::fs::read_to_string(place.dir().join("README")).unwrap(), "hello\n");
    assert_eq!(std::fs::read_to_string(outside.join("lib.rs")).unwrap(), "not ours\n");
    assert_eq!(std::fs::read_dir(&outside).unwrap().count(), 1);
    // The place itself.
    std::fs::remove_dir_all(place.dir()).unwrap();
    symlink(&outside, place.dir()).unwrap();
    project.control.gate_checkout(&next, &place).await.unwrap();
    assert!(std::fs::symlink_metadata(place.dir()).unwrap().is_dir());
    assert_eq!(std::fs::read_dir(&outside).unwrap().count(), 1);
}

#[tokio::test]
async fn a_file_takes_the_place_of_an_ignored_directory() {
    let project = Project::new().await;
    let place = GatePlace::at(project.home.path().join("gates/g1"));
    project.control.gate_checkout(&project.base, &place).await.unwrap();
    write(place.dir().join("target/cache"), "built");
    let next = project.commit_with(&project.base, &[("target", Some("a file\n")), (".gitignore", Some("x\n"))]);
    project.control.gate_checkout(&next, &place).await.unwrap();
    assert_eq!(std::fs::read_to_string(place.dir().join("target")).unwrap(), "a file\n");
    assert!(project.control.gate_checkout(&"1".repeat(40).parse().unwrap(), &place).await.is_err());
}
