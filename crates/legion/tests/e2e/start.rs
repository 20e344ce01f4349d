//! Starts that fail, and services whose files are gone.

use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};

use crate::support::{Legion, alive, kill, text};

/// Far below the time that a service has for its start.
const AT_ONCE: Duration = Duration::from_secs(8);

#[test]
fn a_start_that_fails_is_explained_at_once() {
    let legion = Legion::with(&[("LEGION_CONFIG", "/dev/null")]);
    let config = legion.dir.file("legion.toml", "lisen = []\n");
    let mut broken = legion.command(&["status"]);
    let began = Instant::now();
    let output = broken.env("LEGION_CONFIG", &config).output().expect("it runs");
    assert!(began.elapsed() < AT_ONCE, "{:?}", began.elapsed());
    let error = text(&output.stderr);
    assert_eq!(output.status.code(), Some(4), "{error}");
    assert!(error.contains("lisen") && error.contains("legion.toml"), "{error}");
    // What an earlier start said is not repeated.
    legion.dir.file("legion.toml", "[limits]\nheadcount = -1\n");
    let error = text(&legion.command(&["status"]).env("LEGION_CONFIG", &config).output().expect("it runs").stderr);
    assert!(error.contains("headcount") && !error.contains("lisen"), "{error}");
    legion.ok(&["status"]);
}

#[test]
fn a_directory_of_all_users_is_refused_and_left_alone() {
    let legion = Legion::new();
    let shared = legion.dir.dir("shared");
    std::fs::set_permissions(&shared, PermissionsExt::from_mode(0o1777)).expect("opened to all");
    let args = |command: &'static str| ["--data-dir", shared.to_str().expect("UTF-8"), command];
    let began = Instant::now();
    for (command, code) in [("status", 4), ("serve", 1), ("doctor", 1)] {
        let output = legion.run(&args(command));
        let said = text(&output.stdout) + &text(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{command}: {said}");
        assert!(said.contains("shared by all users"), "{command}: {said}");
    }
    assert!(began.elapsed() < AT_ONCE, "{:?}", began.elapsed());
    assert_eq!(std::fs::read_dir(&shared).expect("listed").count(), 0, "nothing was made in it");
}

#[test]
fn a_service_is_found_without_its_service_file() {
    let legion = Legion::new();
    for damage in ["", "{", "deleted"] {
        legion.start();
        let pid = legion.service_pid();
        let file = legion.dir.path().join("data/service.json");
        match damage {
            "deleted" => std::fs::remove_file(&file).expect("removed"),
            garbage => std::fs::write(&file, garbage).expect("written"),
        }
        legion.ok(&["status"]);
        let error = legion.fails(3, &["serve", "--detach", "--port", "0"]);
        assert!(error.contains(&pid.to_string()), "{error}");
        assert!(legion.ok(&["down"]).contains("service ended"));
        legion.until("it is gone", || (!alive(pid)).then_some(()));
        // Nobody is there any more, whatever the file says.
        legion.dir.file("data/service.json", "{");
        assert!(text(&legion.run(&["down"]).stderr).contains("no service is running"));
    }
}

#[test]
fn a_service_without_its_token_is_named() {
    let legion = Legion::new();
    legion.start();
    let pid = legion.service_pid();
    std::fs::remove_file(legion.dir.path().join("data/token")).expect("removed");
    for command in ["down", "status"] {
        let error = legion.fails(4, &[command]);
        assert!(error.contains("data/token") && error.contains(&format!("kill {pid}")), "{command}: {error}");
    }
    kill(pid, "TERM");
    legion.until("it is gone", || (!alive(pid)).then_some(()));
    legion.ok(&["status"]);
}

#[test]
fn a_damaged_token_is_explained() {
    let legion = Legion::new();
    let damages: [&[u8]; 4] = [
        b"short",
        b"\xff\xfe is no text",
        b"two words, and more than thirty-two bytes",
        b"a line of thirty-two\nand another",
    ];
    // Before a start: what to do is said, and nothing is made up.
    legion.dir.dir("data");
    std::fs::set_permissions(legion.data(), PermissionsExt::from_mode(0o700)).expect("closed to others");
    for damage in damages {
        let file = legion.dir.file("data/token", damage);
        let error = legion.fails(4, &["status"]);
        assert!(error.contains("data/token` is damaged: remove it"), "{error}");
        assert_eq!(std::fs::read(&file).expect("there"), damage);
    }
    std::fs::remove_file(legion.data().join("token")).expect("removed");
    legion.start();
    let pid = legion.service_pid();
    let good = std::fs::read(legion.data().join("token")).expect("made");
    // Beside a running service.
    for damage in damages {
        legion.dir.file("data/token", damage);
        let error = legion.fails(4, &["status"]);
        assert!(error.contains("data/token` does not open it") && error.contains(&format!("kill {pid}")), "{error}");
    }
    legion.dir.file("data/token", good);
    legion.ok(&["status"]);
}

#[test]
fn a_service_that_does_not_answer_is_named() {
    let legion = Legion::new();
    legion.start();
    let pid = legion.service_pid();
    kill(pid, "STOP");
    let error = legion.fails(4, &["down"]);
    kill(pid, "CONT");
    assert!(error.contains("does not answer") && error.contains(&format!("kill {pid}")), "{error}");
    legion.ok(&["down"]);
}

#[test]
fn doctor_fails_only_for_what_keeps_everything_from_running() {
    let legion = Legion::with(&[("LEGION_CLAUDE", "/no/such/claude")]);
    let probes = legion.json(&["doctor"]);
    let probes = probes.as_array().expect("a list");
    let claude = probes.iter().find(|probe| probe["name"] == "claude code").expect("it is looked for");
    assert_eq!(claude["verdict"], "note", "{claude}");
    assert!(claude["fix"].as_str().is_some_and(|fix| fix.contains("npm install")), "{claude}");
    // Where there are control groups, the one that was made for the look is gone again.
    let trees = probes.iter().find(|probe| probe["name"] == "process trees").expect("it is looked for");
    let detail = trees["detail"].as_str().expect("text");
    let group = detail.split_once(", below ").map(|(_, group)| std::path::Path::new(group));
    assert!(group.is_none_or(|group| !group.exists()), "{detail}");
}
