//! The service is killed at every named point of a ticket's way to the target, again and again: the target is never red, nothing is
//! merged twice or forgotten, and the person's checkout is not touched.

use std::collections::BTreeMap;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::{Legion, PATIENCE, shims_below, text};
use crate::tickets::photograph;
use crate::{kit, small};

/// Where the service ends itself: everything that is done for tickets, and the keeper below it.
const POINTS: &[&str] = &[
    "tickets.before-prepare",
    "tickets.after-prepare",
    "tickets.answered-prepare",
    "tickets.before-review",
    "tickets.after-review",
    "tickets.answered-review",
    "tickets.before-collect",
    "tickets.after-collect",
    "tickets.answered-collect",
    "tickets.before-build",
    "tickets.after-build",
    "tickets.answered-build",
    "tickets.before-gate",
    "tickets.gate-started",
    "tickets.after-gate",
    "tickets.answered-gate",
    "tickets.before-move",
    "tickets.before-update-ref",
    "tickets.after-update-ref",
    "tickets.after-move",
    "tickets.answered-move",
    "tickets.before-rescue",
    "tickets.after-rescue",
    "tickets.answered-rescue",
    "tickets.before-remove",
    "tickets.before-removal",
    "tickets.after-remove",
    "tickets.answered-remove",
    "keeper.before-append",
    "keeper.after-append",
    "keeper.after-reply",
    "hands.after-ended",
];

/// How long a service may live at first until it is killed wherever it is.
const LIFE: Duration = Duration::from_secs(3);
/// How long securing and removing a clone may take at the end, on a slow machine.
const CLEARED_IN: Duration = Duration::from_secs(3);

/// No part is bad, and no number stands in two of them. It says nothing good about a tree that it has not read.
const CHECK: &str = "set -e\n[ -d parts ]\n! grep -l bad parts/* || exit 3\n\
    twice=$(sed -n 's/^number //p' parts/* | sort | uniq -d)\n[ -z \"$twice\" ] || { echo \"twice: $twice\"; exit 4; }\n";

/// Its first line is the ticket's title: what it does is in there.
const WORKER: &str = r#"set -eu
export GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=/dev/null
task=$(cat)
set -- $(printf '%s\n' "$task" | grep -o 'part [0-9]* of [0-9]* [a-z]*' | head -n 1)
number=$2 taken=$4 kind=$5
again=no; [ ! -e "parts/$number" ] || again=yes
case $kind in
hopeless) printf 'bad %s\n' "$(date +%N)" > "parts/$number";;
bad) if [ $again = yes ]; then echo "number $number" > "parts/$number"; else echo bad > "parts/$number"; fi;;
twin) if [ $again = yes ]; then echo "number $number" > "parts/$number"; else echo "number $taken" > "parts/$number"; fi;;
line) line=lines/$((number / 20))
    sed -i "s/^tip .*/tip $number/" $line
    git add --all; git diff --cached --quiet || git commit --quiet --message mine
    target=$(printf '%s\n' "$task" | sed -n 's|.*\(legion/[a-z0-9._-]*/leader\).*|\1|p' | head -n 1)
    if [ $again = yes ] && ! git merge --quiet --no-edit "origin/$target"; then
        sed -i -e '/^<<<<<<</d' -e '/^=======/,/^>>>>>>>/d' $line
        git add --all; git commit --quiet --no-edit
    fi
    echo "number $number" > "parts/$number";;
*) echo "number $number" > "parts/$number";;
esac
git add --all
git diff --cached --quiet || git commit --quiet --message "part $number"
echo done
"#;

fn soak() -> bool {
    std::env::var_os("LEGION_SOAK").is_some()
}

/// The plan: most tickets are plain; some fail their gate first, some only together with another one, some conflict, some have a flaky
/// gate, some never pass, and some are looked at by a reviewer.
fn plan(legion: &Legion, tickets: usize) -> String {
    let worker = small::program(legion, "worker", WORKER);
    let mut text = format!(
        "[session]\nworkers = 4\n\n[defaults]\ngate = \"sh check.sh\"\ndriver = \"command\"\ncommand = {worker:?}\nmax_attempts = 6\n"
    );
    for number in 1..=tickets {
        let kind = kind(number);
        let mut more = String::new();
        match kind {
            // The same number as the ticket after it: each passes alone, and both together do not.
            // A gate keeps nothing by which it could know that it was run before: now and then it fails.
            "flaky" => {
                let flaky = format!("case $(date +%N) in *[01]) echo part {number} fails; exit 1;; esac");
                more = format!("gate = [\"sh check.sh\", {flaky:?}]\n");
            }
            "hopeless" => more = "max_attempts = 2\n".to_owned(),
            "read" => more = "team = \"pair\"\n".to_owned(),
            _ => {}
        }
        let taken = number / 2 * 2 + 1_000_000;
        text.push_str(&format!(
            "\n[[ticket]]\nid = \"n{number}\"\ntitle = \"Write part {number} of {taken} {kind}\"\ncriteria = [\"it is there\"]\n{more}"
        ));
    }
    small::plan(legion, &text)
}

fn kind(number: usize) -> &'static str {
    match number % 20 {
        3 => "bad",
        6 | 7 => "twin",
        9 => "flaky",
        12 => "hopeless",
        14 | 15 => "line",
        1 | 11 | 16 | 18 => "read",
        _ => "plain",
    }
}

/// What stands in `legion check --json`, if the service lives and answers.
fn check(legion: &Legion, url: &str) -> Option<Value> {
    let mut check = legion.command(&["check", "--json"]);
    let output = check.env("LEGION_URL", url).output().expect("run");
    output.status.success().then(|| serde_json::from_str(&text(&output.stdout)).expect("JSON"))
}

/// Kills at each point until each was passed often enough, or nothing is left to do.
fn keep_killing(legion: &Legion, per_point: u32, limit: Duration) -> (BTreeMap<&'static str, u32>, u32) {
    let url = legion.service()["url"].as_str().expect("a URL").to_owned();
    let port = url.rsplit(':').next().expect("a port").to_owned();
    legion.ok(&["down", "--keep"]);
    let mut at: BTreeMap<&'static str, u32> = POINTS.iter().map(|point| (*point, 0)).collect();
    let (mut anywhere, mut lives, started) = (0, 0u32, Instant::now());
    let mut idle: BTreeMap<&'static str, u32> = BTreeMap::new();
    // On a slow machine it takes longer until each point was come by once.
    while started.elapsed() < limit || (at.values().any(|kills| *kills == 0) && started.elapsed() < limit * 2) {
        // The point that was killed at least; one that was waited for in vain comes later.
        let count = |point: &&'static str| at[point] + idle.get(point).copied().unwrap_or_default();
        let Some(point) = POINTS.iter().filter(|point| at[*point] < per_point).min_by_key(|point| count(point)) else {
            break;
        };
        lives += 1;
        let passes = match at[point] {
            // What comes by but now and then is taken the first time.
            0 => 1,
            _ if point.starts_with("keeper") => 2 + lives % 9,
            _ => 1 + lives % 2,
        };
        let mut service = legion.command(&["serve", "--port", &port]);
        service.env("LEGION_FAILPOINTS", format!("{point}={passes}")).stderr(Stdio::null()).stdout(Stdio::null());
        let mut child = service.spawn().expect("the service starts");
        let born = Instant::now();
        // What was waited for in vain gets more time: a busy machine takes seconds to come by there.
        let life = LIFE * (1 + idle.get(point).copied().unwrap_or_default());
        let status = loop {
            if let Some(status) = child.try_wait().expect("waited") {
                break status;
            }
            if born.elapsed() > life {
                child.kill().expect("killed");
                *idle.entry(point).or_default() += 1;
                anywhere += 1;
                break child.wait().expect("waited");
            }
            std::thread::sleep(Duration::from_millis(2));
        };
        match status.signal() {
            Some(6) => *at.get_mut(point).expect("a point") += 1,
            Some(_) => {
                let closed = |checked: Value| small::tickets(&checked).values().all(small::is_closed);
                legion.start();
                let over = check(legion, legion.service()["url"].as_str().expect("a URL")).is_some_and(closed);
                legion.kill_service();
                if over {
                    break;
                }
            }
            // It could not start: the port or the lock of the one before is not free yet.
            None => std::thread::sleep(Duration::from_millis(20)),
        }
    }
    println!("{lives} lives of the service in {:.0?}: {at:?}", started.elapsed());
    (at, anywhere)
}

fn killed_at_every_point(tickets: usize, per_point: u32, limit: Duration) {
    let legion = Legion::new();
    let work = legion.work();
    let lines: Vec<String> = (0..=tickets / 20).map(|pair| format!("lines/{pair}")).collect();
    let lines = lines.iter().map(|path| (path.as_str(), "above\ntip 0\nbelow\n"));
    let files: Vec<_> = lines.chain([("check.sh", CHECK), ("parts/0", "number 0\n")]).collect();
    small::make(&work, &files);
    std::fs::write(work.join("staged.txt"), "staged").expect("a file");
    kit::git(&work, &["add", "staged.txt"]);
    std::fs::write(work.join("lines/0"), "not committed\n").expect("a file");
    std::fs::write(work.join("untracked.txt"), "untracked").expect("a file");
    let base = kit::git(&work, &["rev-parse", "HEAD"]);
    let before = photograph(&work);
    legion.start();
    legion.ok(&["init"]);
    let reader = "sh -c 'cat > /dev/null; echo fine'";
    legion.ok(&[
        "roles",
        "set",
        "reader",
        "--duty",
        "review",
        "--prompt",
        "Read it.",
        "--driver",
        "command",
        "--command",
        reader,
    ]);
    legion.ok(&["teams", "set", "pair", "--roles", "reader,engineer"]);
    let plan = plan(&legion, tickets);
    let after_init = photograph(&work);
    legion.ok(&["run", &plan, "--detach"]);

    let started = Instant::now();
    let (kills, anywhere) = keep_killing(&legion, per_point, limit);
    legion.start();
    let closed = legion.until_long("every ticket is closed", || {
        let tickets = small::tickets(&legion.json(&["check"]));
        tickets.values().all(small::is_closed).then_some(tickets)
    });
    let took = started.elapsed();
    // Who failed keeps a clone, for another try.
    let failed = |dir: &Path| {
        let number = dir.parent().and_then(|dir| dir.file_name()).map(|name| name.to_string_lossy()[1..].to_owned());
        closed.values().any(|ticket| ticket["status"] == "error" && Some(ticket["id"].to_string()) == number)
    };
    // A thousand clones may be left of the soak. All of them are secured before the first is removed: each has its time.
    let left_now = || -> Vec<PathBuf> { small::clones(&legion).into_iter().filter(|dir| !failed(dir)).collect() };
    let mut left = left_now();
    let (patience, waited) = (PATIENCE + CLEARED_IN * u32::try_from(left.len()).expect("not so many"), Instant::now());
    while !left.is_empty() && waited.elapsed() < patience {
        std::thread::sleep(Duration::from_millis(100));
        left = left_now();
    }
    assert!(left.is_empty(), "clones of merged tickets are left: {left:?}\n{}", legion.service_log());

    // The checkout of the person.
    assert_eq!(photograph(&work), after_init, "the person's checkout was touched");
    let changed: Vec<_> = before.iter().filter(|(path, file)| after_init.get(*path) != Some(file)).collect();
    assert!(changed.is_empty(), "init changed {changed:?}");
    // What is merged, and what the log says of it.
    let control = small::control(&legion);
    assert_eq!(small::files_ending(&control, ".lock"), Vec::<PathBuf>::new());
    let git = |args: &[&str]| kit::git(&control, &[&["--git-dir", "."], args].concat());
    git(&["fsck", "--strict", "--no-dangling"]);
    let tip = git(&["for-each-ref", "--format=%(objectname)", "refs/heads/legion/*/leader"]);
    let bodies = git(&["log", "--format=%B", &format!("{base}..{tip}")]);
    let mut merged: BTreeMap<u64, u32> = BTreeMap::new();
    for line in bodies.lines() {
        if let Some(number) = line.strip_prefix("Legion-Ticket: ") {
            *merged.entry(number.parse().expect("a number")).or_default() += 1;
        }
    }
    let mut done = 0;
    for (name, ticket) in &closed {
        let number = ticket["id"].as_u64().expect("a number");
        let times = merged.get(&number).copied().unwrap_or_default();
        let is_done = ticket["status"] == "done";
        assert_eq!(times, u32::from(is_done), "{name} was merged {times} times: {ticket}");
        let kind = kind(name[1..].parse().expect("a number"));
        assert_eq!(
            is_done,
            kind != "hopeless",
            "{name} ({kind}): {ticket}\n{}",
            legion.ok(&["why", &number.to_string()])
        );
        done += u32::from(is_done);
    }
    let red = red_commits(&legion, &control, &base, &tip);
    assert!(red.is_empty(), "red: {red:?}");
    // Nobody is left.
    legion.ok(&["down"]);
    let data = legion.dir.path().join("data");
    legion.until("no process is left", || {
        (legion.agent_processes().is_empty()
            && shims_below(&data).is_empty()
            && small::processes_below(&data).is_empty())
        .then_some(())
    });
    let (points, sum) = (kills.values().filter(|count| **count > 0).count(), kills.values().sum::<u32>());
    println!(
        "{} kills at {points} of {} points and {anywhere} elsewhere: {done} of {} tickets landed in {took:.0?}, 0 red, 0 twice, 0 forgotten, 0 locks",
        sum,
        POINTS.len(),
        closed.len()
    );
    let never: Vec<_> = kills.iter().filter(|(_, count)| **count == 0).map(|(point, _)| *point).collect();
    assert!(never.is_empty(), "never killed at {never:?}");
}

/// Commits of the target's first-parent history whose own files do not pass the gate, each in a fresh directory.
fn red_commits(legion: &Legion, control: &Path, base: &str, tip: &str) -> Vec<String> {
    let git = |args: &[&str]| kit::git(control, &[&["--git-dir", "."], args].concat());
    let commits = git(&["rev-list", "--first-parent", "--reverse", &format!("{base}..{tip}")]);
    let mut red = Vec::new();
    for commit in commits.lines() {
        let fresh = legion.dir.dir(format!("retest/{commit}"));
        let script = format!("git --git-dir {} archive {commit} | tar -x && sh check.sh", control.display());
        let output = Command::new("sh").args(["-c", &script]).current_dir(&fresh).output().expect("the gate");
        if !output.status.success() {
            red.push(format!("{commit}: {}{}", text(&output.stdout), text(&output.stderr)));
        }
        std::fs::remove_dir_all(&fresh).expect("removed");
    }
    red
}

#[test]
fn a_hundred_landings_killed_at_every_point_soak() {
    if soak() {
        killed_at_every_point(2_100, 60, Duration::from_secs(5_400));
    } else {
        killed_at_every_point(106, 4, Duration::from_secs(70));
    }
}
