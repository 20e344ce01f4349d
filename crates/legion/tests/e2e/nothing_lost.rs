//! Whatever becomes of a ticket, the files of its clone come back: tracked or not, with their kinds and odd names.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::full_disk::SmallDisk;
use crate::support::{Legion, processes_with};
use crate::{kit, small};

/// What stands at a path: a link's target, or whether it can be executed and the content.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Entry {
    Link(PathBuf),
    File { executable: bool, content: Vec<u8> },
}

/// Every file of a directory, without what git keeps for itself and what `.gitignore` names.
fn files(root: &Path) -> BTreeMap<PathBuf, Entry> {
    let mut found = BTreeMap::new();
    let mut open = vec![root.to_owned()];
    while let Some(dir) = open.pop() {
        for entry in std::fs::read_dir(&dir).expect("a directory").map(|entry| entry.expect("an entry")) {
            let (path, kind) = (entry.path(), entry.file_type().expect("a kind"));
            let name = entry.file_name();
            if name == ".git" || name.as_bytes().ends_with(b".ignored") {
                continue;
            }
            let inside = path.strip_prefix(root).expect("inside").to_owned();
            if kind.is_symlink() {
                found.insert(inside, Entry::Link(std::fs::read_link(&path).expect("a link")));
            } else if kind.is_dir() {
                open.push(path);
            } else {
                let executable = path.metadata().expect("metadata").permissions().mode() & 0o100 != 0;
                found.insert(inside, Entry::File { executable, content: std::fs::read(&path).expect("a file") });
            }
        }
    }
    found
}

const TRACKED: &[(&str, &str)] = &[
    (".gitignore", "*.ignored\n"),
    ("README", "hello\n"),
    ("gone", "it will be deleted\n"),
    ("moved", "it will be renamed\n"),
    ("src/main.c", "int main(void) { return 0; }\n"),
];

/// Everything that a clone can have in it.
fn make_a_mess(dir: &Path) {
    let write = |path: &Path, content: &[u8]| {
        let path = dir.join(path);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
        std::fs::write(path, content).expect("a file");
    };
    let odd = |name: &[u8]| PathBuf::from(OsStr::from_bytes(name));
    // On another branch, and in a stash.
    kit::git(dir, &["checkout", "--quiet", "-b", "side"]);
    write(Path::new("side"), b"on another branch\n");
    kit::git(dir, &["add", "side"]);
    kit::git(dir, &["commit", "--quiet", "--message", "Side"]);
    kit::git(dir, &["checkout", "--quiet", "-"]);
    write(Path::new("README"), b"stashed\n");
    kit::git(dir, &["stash", "push", "--quiet"]);
    write(Path::new("README"), b"changed, not staged\n");
    std::fs::remove_file(dir.join("gone")).expect("removed");
    std::fs::rename(dir.join("moved"), dir.join("elsewhere")).expect("renamed");
    write(Path::new("src/committed.c"), b"committed\n");
    kit::git(dir, &["add", "src/committed.c"]);
    kit::git(dir, &["commit", "--quiet", "--message", "Mine"]);
    write(Path::new("src/staged.c"), b"staged\n");
    kit::git(dir, &["add", "src/staged.c"]);
    write(Path::new("tool"), b"#!/bin/sh\n");
    std::fs::set_permissions(dir.join("tool"), std::fs::Permissions::from_mode(0o755)).expect("a mode");
    symlink("README", dir.join("link")).expect("a link");
    symlink("/nowhere/at/all", dir.join("dangling")).expect("a link");
    symlink("src", dir.join("to a directory")).expect("a link");
    for name in [
        &b"a b  c"[..],
        b"-rf",
        b"line\nbreak",
        b"quo\"te's",
        b"back\\slash",
        "ünï ☃".as_bytes(),
        b"raw\xff\xfe",
        b"*",
        b"nul.txt ",
    ] {
        write(&odd(name), b"odd\n");
    }
    write(Path::new("empty"), b"");
    write(Path::new("binary"), &[0, 255, 13, 10, 26]);
    write(Path::new("deep/er/and/deeper/still"), b"deep\n");
    write(Path::new("crlf.txt"), b"a\r\nb\n");
    write(Path::new("cache.ignored"), b"not ours to keep\n");
    // Another repository inside: with a commit, with files of no commit, and a bare beginning.
    let nested = dir.join("vendor/other");
    std::fs::create_dir_all(&nested).expect("a directory");
    kit::git(&nested, &["init", "--quiet"]);
    write(Path::new("vendor/other/in a commit"), b"nested\n");
    kit::git(&nested, &["add", "--all"]);
    kit::git(&nested, &["commit", "--quiet", "--message", "Other"]);
    write(Path::new("vendor/other/not in a commit"), b"nested\n");
    let empty = dir.join("vendor/new");
    std::fs::create_dir_all(&empty).expect("a directory");
    kit::git(&empty, &["init", "--quiet"]);
    write(Path::new("vendor/new/only"), b"nested\n");
}

/// A session whose tickets each wait in their clone until the test says so.
struct Stage {
    legion: Legion,
}

impl Stage {
    fn on(legion: Legion) -> Self {
        small::make(&legion.work(), TRACKED);
        legion.start();
        legion.ok(&["init"]);
        legion.ok(&["sessions", "new", "one", "--workers", "16"]);
        Self { legion }
    }

    /// Dispatches a ticket that goes on when its file is there, and waits until its clone is.
    fn waiting(&self, more: &[&str]) -> (String, PathBuf) {
        let go = self.legion.dir.path().join("go");
        let script = format!(
            "cat > /dev/null; touch .ignored; until [ -e {0}-$(basename $(dirname $PWD)) ]; do sleep 0.05; done; rm {0}-$(basename $(dirname $PWD))",
            go.display()
        );
        let script = small::program(&self.legion, "wait", &script);
        let args = [&["dispatch", "-k", "it is there", "--command", &script, "wait for it"][..], more].concat();
        let number = self.legion.ok(&args).trim().to_owned();
        let dir = self.legion.until("its agent works", || {
            small::clones(&self.legion).into_iter().find(|dir| {
                dir.parent().is_some_and(|parent| parent.ends_with(format!("t{number}")))
                    && dir.join(".ignored").exists()
            })
        });
        std::fs::remove_file(dir.join(".ignored")).expect("removed");
        (number, dir)
    }

    fn go(&self, ticket: &str) {
        self.legion.dir.file(format!("go-t{ticket}"), "");
    }

    fn removed(&self, dir: &Path) {
        self.legion.until("the clone is removed", || (!dir.exists()).then_some(()));
    }

    fn ticket(&self, number: &str) -> Value {
        let tickets = small::tickets(&self.legion.json(&["check"]));
        let wanted: u64 = number.parse().expect("a number");
        let found = tickets.into_values().find(|ticket| ticket["id"] == wanted);
        found.unwrap_or_else(|| panic!("there is no ticket {number}"))
    }

    fn status(&self, number: &str) -> String {
        self.ticket(number)["status"].as_str().expect("a status").to_owned()
    }

    /// Waits until there is something to bring back.
    fn secured(&self, ticket: &str) {
        self.legion.until("it can be brought back", || {
            let list = self.legion.json(&["undelete", "--list", ticket]);
            list.to_string().contains("\"commit\"").then_some(())
        });
    }

    /// Brings the files back, and compares.
    fn comes_back(&self, what: &str, ticket: &str, wanted: &BTreeMap<PathBuf, Entry>) {
        let into = self.legion.dir.path().join(format!("back-{ticket}"));
        self.secured(ticket);
        self.legion.ok(&["undelete", ticket, "--into", into.to_str().expect("UTF-8")]);
        assert_eq!(&files(&into), wanted, "{what}");
        // What is there is never written over.
        let error = self.legion.fails(2, &["undelete", ticket, "--into", into.to_str().expect("UTF-8")]);
        assert!(error.contains("is there already: move it away, or name a new directory with `--into`"), "{error}");
        assert_eq!(&files(&into), wanted, "{what}");
        std::fs::remove_dir_all(&into).expect("removed");
    }
}

#[test]
fn what_was_in_a_clone_comes_back_whatever_ended_its_ticket() {
    let stage = Stage::on(Legion::not_held());
    let legion = &stage.legion;
    let mut held = 0;
    let mut lost_nothing = |what: &str, spoil: fn(&Path), end: &dyn Fn(&str, &Path)| {
        let (ticket, dir) = stage.waiting(&[]);
        make_a_mess(&dir);
        let wanted = files(&dir);
        assert!(wanted.len() > 25, "{wanted:?}");
        spoil(&dir);
        end(&ticket, &dir);
        stage.removed(&dir);
        stage.comes_back(what, &ticket, &wanted);
        held += wanted.len();
    };
    let stop_and_delete = |ticket: &str, _: &Path| {
        legion.ok(&["stop", ticket]);
        legion.ok(&["delete", ticket]);
    };
    lost_nothing("stopped", |_| {}, &|ticket, _| drop(legion.ok(&["stop", ticket])));
    lost_nothing("deleted while it works", |_| {}, &|ticket, _| drop(legion.ok(&["delete", ticket])));
    lost_nothing("its agent is fired", |_| {}, &|ticket, _| {
        let found = stage.ticket(ticket);
        let agent = agent_of(&found).unwrap_or_else(|| panic!("no agent in {found}"));
        legion.ok(&["fire", &agent]);
    });
    lost_nothing(
        "its branch is deleted under it",
        |dir| {
            std::fs::remove_dir_all(dir.join(".git/refs/heads")).expect("removed");
            // Not there as long as nothing is packed.
            let _ = std::fs::remove_file(dir.join(".git/packed-refs"));
        },
        &stop_and_delete,
    );
    lost_nothing(
        "its branch has no history any more",
        |dir| {
            kit::git(dir, &["checkout", "--quiet", "--orphan", "other"]);
            kit::git(dir, &["commit", "--quiet", "--message", "anew"]);
        },
        &stop_and_delete,
    );
    lost_nothing(
        "its `.git` is emptied",
        |dir| {
            std::fs::remove_dir_all(dir.join(".git")).expect("removed");
            std::fs::create_dir(dir.join(".git")).expect("a directory");
        },
        &stop_and_delete,
    );
    lost_nothing(
        "its `.git` is removed",
        |dir| std::fs::remove_dir_all(dir.join(".git")).expect("removed"),
        &stop_and_delete,
    );
    lost_nothing(
        "its `.git` is a file",
        |dir| {
            std::fs::remove_dir_all(dir.join(".git")).expect("removed");
            std::fs::write(dir.join(".git"), "gitdir: /tmp\n").expect("a file");
        },
        &stop_and_delete,
    );
    lost_nothing(
        "its HEAD is nonsense",
        |dir| std::fs::write(dir.join(".git/HEAD"), "x\0y").expect("a file"),
        &stop_and_delete,
    );
    lost_nothing("the service is killed meanwhile", |_| {}, &|ticket, _| {
        legion.ok(&["stop", ticket]);
        legion.kill_service();
        legion.start();
    });
    legion.ok(&["sessions", "new", "two"]);
    lost_nothing("its session is deleted", |_| {}, &|_, _| drop(legion.ok(&["sessions", "delete", "two", "--force"])));
    println!("{held} files of 11 tickets came back");
}

fn agent_of(ticket: &Value) -> Option<String> {
    let attempt = &ticket["attempt"];
    let agent = attempt["agent"]["id"].as_str().or(attempt["agent"].as_str()).or(ticket["agent"].as_str());
    agent.or(ticket["agent"]["id"].as_str()).map(str::to_owned)
}

#[test]
fn a_retry_goes_on_with_what_was_there_and_loses_nothing() {
    let stage = Stage::on(Legion::not_held());
    let legion = &stage.legion;
    // It failed: the clone is kept, and the retry goes on in it.
    let (ticket, dir) = stage.waiting(&["--gate", "false", "--max-attempts", "1"]);
    make_a_mess(&dir);
    let wanted = files(&dir);
    stage.go(&ticket);
    legion.until("it failed", || (stage.status(&ticket) == "error").then_some(()));
    stage.comes_back("failed", &ticket, &wanted);
    legion.ok(&["retry", &ticket]);
    legion.until("its agent works again", || dir.join(".ignored").exists().then_some(()));
    std::fs::remove_file(dir.join(".ignored")).expect("removed");
    assert_eq!(files(&dir), wanted, "the retry goes on where it was");
    std::fs::write(dir.join("further"), "more\n").expect("a file");
    let wanted = files(&dir);
    legion.ok(&["stop", &ticket]);
    stage.removed(&dir);
    stage.comes_back("stopped in its retry", &ticket, &wanted);
    // What a stopped ticket had is there for its retry.
    legion.ok(&["retry", &ticket]);
    let dir = legion.until("its agent works in another clone", || {
        small::clones(legion).into_iter().find(|dir| dir.join(".ignored").exists())
    });
    legion.ok(&["stop", &ticket]);
    stage.removed(&dir);
}

#[test]
fn branches_stashes_and_the_commits_of_an_open_rebase_come_back_by_number() {
    let stage = Stage::on(Legion::not_held());
    let legion = &stage.legion;
    let (ticket, dir) = stage.waiting(&[]);
    let write = |path: &str, text: &str| std::fs::write(dir.join(path), text).expect("a file");
    kit::git(&dir, &["checkout", "--quiet", "-b", "side"]);
    write("side", "on another branch\n");
    kit::git(&dir, &["add", "side"]);
    kit::git(&dir, &["commit", "--quiet", "--message", "Side"]);
    kit::git(&dir, &["checkout", "--quiet", "-"]);
    write("README", "stashed\n");
    kit::git(&dir, &["stash", "push", "--quiet"]);
    write("README", "mine\n");
    kit::git(&dir, &["commit", "--quiet", "--all", "--message", "Mine"]);
    kit::git(&dir, &["checkout", "--quiet", "-b", "theirs", "HEAD~1"]);
    write("README", "theirs\n");
    kit::git(&dir, &["commit", "--quiet", "--all", "--message", "Theirs"]);
    kit::git(&dir, &["checkout", "--quiet", "-"]);
    write("to come", "to come\n");
    kit::git(&dir, &["add", "to come"]);
    kit::git(&dir, &["commit", "--quiet", "--message", "To come"]);
    let mut rebase = std::process::Command::new("git");
    rebase
        .args(["rebase", "theirs"])
        .current_dir(&dir)
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null");
    assert!(!rebase.output().expect("git").status.success(), "it stops at the conflict");
    assert!(dir.join(".git/rebase-merge").exists() && !dir.join("to come").exists());
    let wanted = files(&dir);
    legion.ok(&["stop", &ticket]);
    stage.removed(&dir);
    stage.comes_back("in the middle of a rebase", &ticket, &wanted);
    let list = legion.json(&["undelete", "--list", &ticket]);
    let mut found: BTreeMap<String, String> = BTreeMap::new();
    for rescue in list["rescues"].as_array().expect("a list") {
        let place = rescue["place"].as_str().expect("a place");
        let Some((_, name)) = place.split_once("-besides/") else { continue };
        let into = legion.dir.path().join(format!("back-{}", rescue["number"]));
        let number = rescue["number"].to_string();
        legion.ok(&["undelete", &ticket, "--rescue", &number, "--into", into.to_str().expect("UTF-8")]);
        let read = |path: &str| std::fs::read_to_string(into.join(path)).unwrap_or_default();
        found.insert(name.to_owned(), format!("{}{}{}", read("README"), read("side"), read("to come")));
    }
    let own = format!("branch/legion/one/t{ticket}-1");
    let wanted =
        [(own.as_str(), "mine\nto come\n"), ("branch/side", "hello\non another branch\n"), ("stash-0", "stashed\n")];
    assert_eq!(found, wanted.map(|(name, text)| (name.to_owned(), text.to_owned())).into(), "{list}");
}

#[test]
fn of_a_clone_removed_by_hand_the_last_that_was_taken_in_comes_back() {
    let stage = Stage::on(Legion::not_held());
    let legion = &stage.legion;
    let (ticket, dir) = stage.waiting(&["--gate", "false", "--max-attempts", "2"]);
    make_a_mess(&dir);
    let wanted = files(&dir);
    stage.go(&ticket);
    legion.until("its agent works again", || dir.join(".ignored").exists().then_some(()));
    stage.go(&ticket);
    legion.until("it failed", || (stage.status(&ticket) == "error").then_some(()));
    // What was taken in can be brought back before that: who removes the clone while it is secured leaves a part of it to be seen.
    legion.until("it is secured", || {
        let list = legion.json(&["undelete", "--list", &ticket]).to_string();
        list.contains("refs/legion/rescue/").then_some(())
    });
    std::fs::remove_dir_all(&dir).expect("removed by hand");
    legion.ok(&["delete", &ticket]);
    stage.comes_back("removed by hand after it failed", &ticket, &wanted);

    let (ticket, dir) = stage.waiting(&["--gate", "false", "--max-attempts", "2"]);
    make_a_mess(&dir);
    let wanted = files(&dir);
    stage.go(&ticket);
    legion.until("its agent works again", || dir.join(".ignored").exists().then_some(()));
    std::fs::remove_dir_all(&dir).expect("removed by hand");
    legion.ok(&["stop", &ticket]);
    stage.comes_back("removed by hand under its agent", &ticket, &wanted);
}

#[test]
fn on_a_full_disk_nothing_is_removed_that_was_not_secured() {
    let Ok(disk) = SmallDisk::mount() else { return };
    let data = disk.path().join("data");
    let stage = Stage::on(Legion::with(&[("LEGION_DATA_DIR", data.to_str().expect("UTF-8")), ("LEGION_TIER", "none")]));
    let legion = &stage.legion;
    let (ticket, dir) = stage.waiting(&[]);
    make_a_mess(&dir);
    // More than is left when the disk is full, and nothing that packs well.
    let mut random: u64 = 0x9E37_79B9_7F4A_7C15;
    let noise: Vec<u8> = std::iter::repeat_with(|| {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (random >> 56) as u8
    })
    .take(12 * 1024 * 1024)
    .collect();
    std::fs::write(dir.join("noise"), noise).expect("a file");
    let wanted = files(&dir);
    let filler = disk.path().join("filler");
    fill(&filler);
    legion.ok(&["stop", &ticket]);
    legion.until("securing it was tried in vain", || {
        let log = legion.service_log();
        (log.contains("a piece of work failed") && log.contains("Rescue")).then_some(())
    });
    assert_eq!(files(&dir), wanted, "nothing of it is removed");
    legion.kill_service();
    legion.start();
    assert_eq!(files(&dir), wanted, "nothing of it is removed by the next service");
    std::fs::remove_file(&filler).expect("removed");
    legion.until_long("the clone is removed", || (!dir.exists()).then_some(()));
    stage.comes_back("after a full disk", &ticket, &wanted);
    assert_eq!(processes_with(&format!("LEGION_SERVICE_FILE={}/service.json", data.display())), Vec::<u32>::new());
}

/// Takes the room that a disk has, but for a few words.
fn fill(path: &Path) {
    use std::io::Write as _;
    let mut file = std::fs::File::create(path).expect("a file");
    for size in [1 << 20, 1 << 12] {
        let block = vec![1; size];
        while file.write_all(&block).is_ok() {}
    }
    file.set_len(file.metadata().expect("metadata").len() - (1 << 20)).expect("cut");
}
