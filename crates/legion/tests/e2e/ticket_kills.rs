//! The plan of the kit while everything dies now and then: the service, agents of both kinds, and the shims that hold them.

use std::path::Path;
use std::time::{Duration, Instant};

use legion_testkit::{ModelServer, npm};

use crate::support::{Legion, alive, kill, shims_below};
use crate::tickets::{all_merged, dirty_project, landed_and_green, photograph, prompt_again_and_again, statuses};
use crate::{kit, small};

/// Most kills before everything is left in peace.
const KILLS: u32 = 9;

/// The next of a row of numbers that are the same in every run.
fn next(random: &mut u64) -> usize {
    *random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    usize::try_from(*random >> 33).expect("31 bits")
}

/// The plan: every other ticket is done by Claude Code, the others by a program.
fn mixed_plan(worker: &Path) -> String {
    let mut text = kit::plan("max_attempts = 6\n", |change| {
        if by_claude(change) { prompt_again_and_again(change) } else { format!("Do it: {}.", change.title) }
    });
    for change in &kit::CHANGES {
        let id = format!("[[ticket]]\nid = {:?}\n", change.id);
        let driver = if by_claude(change) {
            "driver = \"claude\"\nmodel = \"claude-sonnet-4-5\"\n".to_owned()
        } else {
            format!("driver = \"command\"\ncommand = [\"sh\", {:?}]\n", worker.display().to_string())
        };
        text = text.replacen(&id, &format!("{id}{driver}"), 1);
    }
    text
}

fn by_claude(change: &kit::Change) -> bool {
    // Who is cut off in the middle of a conflict is told to go on: the script of the model does not know how, the program does.
    change.feature.is_none()
        && kit::CHANGES.iter().position(|other| other.id == change.id).is_some_and(|at| at % 2 == 0)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_mixed_plan_is_merged_although_everything_is_killed_now_and_then() {
    let Ok(program) = npm::claude("2.1.329") else { return };
    let model = ModelServer::start().await;
    let [cargo, rustup] = kit::toolchain();
    let legion = Legion::with(&[
        (cargo.0, &cargo.1),
        (rustup.0, &rustup.1),
        ("ANTHROPIC_BASE_URL", &model.url()),
        ("ANTHROPIC_API_KEY", "dummy-key"),
        ("LEGION_CLAUDE", program.to_str().expect("UTF-8")),
        ("HTTPS_PROXY", "http://127.0.0.1:9"),
        ("HTTP_PROXY", "http://127.0.0.1:9"),
        ("NO_PROXY", "127.0.0.1,localhost"),
    ]);
    let work = dirty_project(&legion);
    let worker = kit::worker(&legion.dir.path().join("scripts"));
    let plan = small::plan(&legion, &mixed_plan(&worker));
    let base = kit::git(&work, &["rev-parse", "HEAD"]);
    let before = photograph(&work);
    legion.start();
    legion.ok(&["run", &plan, "--detach"]);
    let mut random: u64 = 0x9E37_79B9_7F4A_7C15;
    let (mut services, mut agents, mut shims) = (0, 0, 0);
    let mut last = Instant::now();
    legion.until_long("all tickets are closed", || {
        for message in legion.inbox() {
            if let Some(approval) = message["approval"]["id"].as_str().or(message["approval"].as_str()) {
                let _ = legion.run(&["approve", approval]);
            }
        }
        let pause = Duration::from_millis(500 + (next(&mut random) % 2_500) as u64);
        // A ticket is merged between two kills: nobody is killed again and again before they could read their task.
        let merged = u32::try_from(statuses(&legion).values().filter(|status| *status == "done").count()).expect("few");
        if services + agents + shims < KILLS.min(merged + 1) && last.elapsed() >= pause {
            last = Instant::now();
            match (services + agents + shims) % 3 {
                0 => {
                    let pid = legion.service_pid();
                    kill(pid, "KILL");
                    legion.until("the service is gone", || (!alive(pid)).then_some(()));
                    legion.start();
                    services += 1;
                }
                1 => {
                    let found = legion.agent_processes();
                    if !found.is_empty() {
                        kill(found[next(&mut random) % found.len()], "KILL");
                        agents += 1;
                    }
                }
                _ => {
                    let found = shims_below(&legion.data());
                    if !found.is_empty() {
                        kill(found[next(&mut random) % found.len()], "KILL");
                        shims += 1;
                    }
                }
            }
        }
        let statuses = statuses(&legion);
        let closed = |status: &String| ["done", "error", "stopped", "skipped"].contains(&status.as_str());
        // What waits for one that failed is never closed.
        let failed = statuses.values().any(|status| status == "error");
        (failed || statuses.len() == 12 && statuses.values().all(closed)).then_some(())
    });
    let not_done: Vec<String> =
        statuses(&legion).into_iter().filter(|(_, status)| status != "done").map(|(id, _)| id).collect();
    if !not_done.is_empty() {
        let why = not_done.iter().map(|id| legion.ok(&["why", id, "--json"]));
        panic!("{}\n{}", legion.ok(&["why", "--all"]), why.collect::<Vec<_>>().join("\n"));
    }
    all_merged(&legion);
    assert_eq!(photograph(&work), before, "the person's checkout was touched");
    landed_and_green(&legion, &base);
    assert!(services >= 2 && agents >= 2 && shims >= 1, "too few were killed: {services}, {agents}, {shims}");
    legion.ok(&["down"]);
    let data = legion.data();
    legion.until("nobody is left", || {
        (legion.agent_processes().is_empty() && small::processes_below(&data).is_empty()).then_some(())
    });
    println!("killed: {services} services, {agents} agents, {shims} shims; 12 of 12 tickets done, 10 commits green");
}

/// The first time it dies as if it had been killed in the middle of git; the clone has git's locks then.
const KILLED_IN_GIT: &str = r#"set -eu
cat > /dev/null
if [ ! -e half ]; then
    echo half > half
    branch=$(git symbolic-ref HEAD)
    mkdir -p ".git/$(dirname "$branch")"
    touch .git/HEAD.lock .git/index.lock ".git/$branch.lock"
    kill -9 $$
fi
echo whole > whole
git add --all
git -c user.name=a -c user.email=a@example.org commit --quiet --message "whole"
"#;

#[test]
fn locks_of_a_killed_git_do_not_stop_the_next_attempt() {
    let legion = Legion::new();
    small::make(&legion.work(), &[("README", "hello\n")]);
    legion.start();
    let program = small::program(&legion, "killed", KILLED_IN_GIT);
    let plan = format!(
        "[[ticket]]\nid = \"a\"\ntitle = \"Write it\"\ncriteria = [\"whole is there\"]\ngate = \"test -e whole\"\ndriver = \"command\"\n\
         command = {program:?}\nmax_attempts = 2\n"
    );
    legion.ok(&["run", &small::plan(&legion, &plan), "--detach"]);
    let closed = legion.until_long("the ticket is closed", || {
        let tickets = small::tickets(&legion.json(&["check"]));
        tickets.values().all(small::is_closed).then_some(tickets)
    });
    assert!(closed.values().all(|ticket| ticket["status"] == "done"), "{closed:?}\n{}", legion.ok(&["why", "--all"]));
    legion.ok(&["down"]);
}
