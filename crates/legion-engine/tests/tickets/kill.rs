//! The service is killed at each named point of a ticket's way, and started again: each ticket is merged once, and nothing is left.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use legion_model::DriverKind;
use legion_model::Party;
use legion_model::tickets::{Duty, OnUpstream, Role, SessionSettings, Team};
use legion_process::Program;
use legion_store_sqlite::SqliteLog;
use legion_testkit::TestDir;

use crate::support::{Bench, TARGET, example, gate, git, ticket};

/// Each with the pass at which it ends the service.
const POINTS: &[(&str, u32)] = &[
    ("tickets.before-prepare", 1),
    ("tickets.after-prepare", 1),
    ("tickets.answered-prepare", 1),
    ("tickets.before-collect", 1),
    ("tickets.after-collect", 1),
    ("tickets.answered-collect", 1),
    ("tickets.before-review", 1),
    ("tickets.after-review", 1),
    ("tickets.answered-review", 1),
    ("tickets.before-build", 1),
    ("tickets.after-build", 1),
    ("tickets.answered-build", 1),
    ("tickets.before-gate", 1),
    ("tickets.gate-started", 1),
    ("tickets.after-gate", 1),
    ("tickets.answered-gate", 1),
    ("tickets.before-move", 1),
    ("tickets.before-update-ref", 1),
    ("tickets.after-update-ref", 1),
    ("tickets.after-move", 1),
    ("tickets.answered-move", 1),
    ("tickets.before-rescue", 1),
    ("tickets.after-rescue", 1),
    ("tickets.answered-rescue", 1),
    ("tickets.before-remove", 1),
    ("tickets.before-removal", 1),
    ("tickets.after-remove", 1),
    ("tickets.answered-remove", 1),
    ("keeper.before-append", 5),
    ("keeper.after-append", 9),
    ("keeper.after-reply", 14),
    ("hands.after-ended", 1),
];
const TICKETS: usize = 40;
/// One run of the service.
const RUN_TIME_MAX: Duration = Duration::from_secs(100);

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_every_point_each_ticket_is_merged_once_and_nothing_is_left() {
    let directory = TestDir::new();
    directory.dir("data");
    let database = directory.path().join("data/legion.db");
    let log = Arc::new(SqliteLog::open(&database).expect("a log"));
    let settings = SessionSettings { workers: 2, gates: vec![gate("test -e README")], ..Default::default() };
    let files = [("README", "hello\n"), (".gitignore", "ignored\n")];
    let mut bench = Bench::on(directory, log.clone(), &files, settings).await;
    // What the person has in the works stays as it is, byte for byte.
    std::fs::write(bench.person.join("README"), "hello, changed\n").expect("written");
    std::fs::write(bench.person.join("untracked"), "untracked\n").expect("written");
    std::fs::write(bench.person.join("ignored"), "ignored\n").expect("written");
    git(&bench.person, &["add", "README"]).await;
    let before = photograph(&bench.person);
    let names = add_tickets(&bench).await;
    bench.close(true).await;
    log.close().await;

    for (point, pass) in POINTS {
        let output = run(&bench, &format!("{point}={pass}")).await;
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), None, "{point}: it is killed there: {} {said}", output.status);
    }
    let output = run(&bench, "").await;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));

    assert_eq!(photograph(&bench.person), before, "the person's directory is as it was");
    bench.open_again(Arc::new(SqliteLog::open(&database).expect("a log"))).await;
    let ids = bench.read(|board| board.tickets.keys().copied().collect::<Vec<_>>()).await;
    bench.merged(&ids).await;
    let mut landed = bench.landings().await;
    landed.sort();
    let mut wanted: Vec<String> =
        names.iter().enumerate().map(|(at, name)| format!("Merge ticket #{}: {name}", at + 1)).collect();
    wanted.sort();
    assert_eq!(landed, wanted, "each once");
    let tip = bench.read(|board| board.sessions.values().next().map(|session| session.tip.clone())).await;
    assert_eq!(tip, Some(bench.control(&["rev-parse", TARGET]).await));
    bench.control(&["fsck", "--strict", "--no-dangling"]).await;
    let control = bench.engine.repository(bench.project).await.expect("opened").expect("made").control_dir;
    let locks: Vec<PathBuf> =
        photograph(&control).into_keys().filter(|path| path.to_string_lossy().ends_with(".lock")).collect();
    assert!(locks.is_empty(), "{locks:?}");
    assert_eq!(bench.clones(), [""; 0]);
    bench.no_gate_lives().await;
    bench.end().await;
}

/// A chain of tickets; every third is looked at by a reviewer.
async fn add_tickets(bench: &Bench) -> Vec<String> {
    let words = |script: &str| Some(vec!["sh".to_owned(), "-c".to_owned(), script.to_owned()]);
    let role = Role {
        id: "reader".to_owned(),
        name: "Reader".to_owned(),
        description: "reads".to_owned(),
        duty: Duty::Review,
        prompt: "Read it.".to_owned(),
        driver: Some(DriverKind::Command),
        command: words("cat > /dev/null; echo fine"),
        model: None,
        builtin: false,
    };
    let team = Team {
        id: "pair".to_owned(),
        name: "Pair".to_owned(),
        description: "two".to_owned(),
        roles: vec!["engineer".to_owned(), "reader".to_owned()],
        prompt: String::new(),
        builtin: false,
    };
    bench.engine.role_set(bench.project, Party::Root, None, role).await.expect("set");
    bench.engine.team_set(bench.project, Party::Root, None, team).await.expect("set");
    let names: Vec<String> = (0..TICKETS).map(|number| format!("file-{number}")).collect();
    let tickets = names.iter().enumerate().map(|(at, name)| {
        let mut one =
            ticket(name, &format!("echo {name} > {name}; echo left > left-{at}; git add {name}; git commit -qm mine"));
        one.spec.team = (at % 3 == 0).then(|| "pair".to_owned());
        one.after_new = at.checked_sub(1).map(|before| (before, OnUpstream::Wait)).into_iter().collect();
        one
    });
    bench.add(tickets.collect()).await;
    names
}

async fn run(bench: &Bench, failpoints: &str) -> legion_process::Output {
    let directory = bench.directory.path();
    let program = Program::new(example("service"))
        .arg(directory.join("data"))
        .arg(directory.join("run"))
        .arg(example("shim"))
        .arg(failpoints);
    program.run_to_end(RUN_TIME_MAX, 1 << 20).await.expect("it ends")
}

/// Every file below a directory, with its content and its mode.
fn photograph(root: &Path) -> BTreeMap<PathBuf, (u32, Vec<u8>)> {
    use std::os::unix::fs::PermissionsExt as _;
    let mut found = BTreeMap::new();
    let mut waiting = vec![root.to_owned()];
    while let Some(directory) = waiting.pop() {
        for entry in std::fs::read_dir(&directory).expect("listed").filter_map(Result::ok) {
            let (path, kind) = (entry.path(), entry.file_type().expect("a kind"));
            if kind.is_dir() {
                waiting.push(path);
            } else if kind.is_file() {
                let mode = entry.metadata().expect("there").permissions().mode();
                found.insert(path.clone(), (mode, std::fs::read(&path).expect("read")));
            }
        }
    }
    found
}
