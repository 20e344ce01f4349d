//! Real Claude Code, both pinned versions, in tier `full`: while its shell runs, with children that left their session and their
//! environment, the program, its shim or the service is killed. Nothing of it goes on by itself, its run has an end that is told, and
//! it answers when it is told something after the next start of the service.

use std::collections::BTreeSet;
use std::fmt;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use legion_testkit::{ModelServer, npm};
use serde_json::{Value, json};

use crate::claude::{script, with_claude};
use crate::containment::ended;
use crate::support::{Legion, alive, id, kill, pids, processes_sleeping, shims_below};

/// How many sleep where their session and environment say nothing of whose they are.
const HIDDEN: usize = 2;
/// What a program at work has at the least, in its own namespace: its first process, itself, its shell, and those that hide.
const INSIDE_MIN: usize = 3 + HIDDEN;

/// Where an agent's processes are, known from one that lives.
struct Place {
    /// Of the sleep that nobody else sleeps.
    nap: String,
    /// Its namespace of processes.
    namespace: PathBuf,
    /// Its control group, where there is one.
    group: Option<PathBuf>,
}

/// Its processes, counted in three ways that do not depend on what they say of themselves.
#[derive(Debug, PartialEq, Eq)]
struct Counted {
    sleeping: BTreeSet<u32>,
    in_namespace: BTreeSet<u32>,
    in_group: BTreeSet<u32>,
}

impl fmt::Display for Counted {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { sleeping, in_namespace, in_group } = self;
        let counts = [sleeping, in_namespace, in_group].map(BTreeSet::len);
        write!(formatter, "{} sleep, {} in its namespace, {} in its control group", counts[0], counts[1], counts[2])
    }
}

impl Place {
    fn of(nap: &str) -> Option<Self> {
        let pid = *processes_sleeping(nap).first()?;
        let namespace = std::fs::read_link(format!("/proc/{pid}/ns/pid")).ok()?;
        Some(Self { nap: nap.to_owned(), namespace, group: group_of(pid) })
    }

    fn count(&self) -> Counted {
        let inside = |pid: &u32| std::fs::read_link(format!("/proc/{pid}/ns/pid")).is_ok_and(|it| it == self.namespace);
        let group =
            self.group.as_ref().map(|group| std::fs::read_to_string(group.join("cgroup.procs")).unwrap_or_default());
        Counted {
            sleeping: processes_sleeping(&self.nap).into_iter().collect(),
            in_namespace: pids().filter(|pid| inside(pid) && alive(*pid)).collect(),
            in_group: group.unwrap_or_default().lines().filter_map(|line| line.parse().ok()).collect(),
        }
    }

    /// The control of [`nothing_is_left`]: all three ways see the program at work.
    fn sees_it_work(&self) -> bool {
        let found = self.count();
        found.sleeping.len() == HIDDEN
            && found.in_namespace.len() >= INSIDE_MIN
            && found.sleeping.is_subset(&found.in_namespace)
            && (self.group.is_none() || found.in_namespace.is_subset(&found.in_group))
    }

    /// The program itself: what its file is, not what it calls itself.
    fn program(&self, program: &Path) -> u32 {
        let file = |path: &Path| std::fs::metadata(path).map(|it| (it.dev(), it.ino())).ok();
        let wanted = file(program).expect("it is installed");
        let is_it = |pid: &u32| file(Path::new(&format!("/proc/{pid}/exe"))) == Some(wanted);
        let first = self.count().in_namespace.into_iter().find(is_it);
        first.unwrap_or_else(|| panic!("`{}` is not among what runs inside", program.display()))
    }
}

/// The version 2 control group of a process, where it has one of Legion's.
fn group_of(pid: u32) -> Option<PathBuf> {
    let groups = std::fs::read_to_string(format!("/proc/{pid}/cgroup")).ok()?;
    let own = groups.lines().find_map(|line| line.strip_prefix("0::/"))?;
    let mounts = std::fs::read_to_string("/proc/mounts").ok()?;
    let mount = mounts
        .lines()
        .map(|line| line.split(' ').collect::<Vec<_>>())
        .find(|words| words.get(2) == Some(&"cgroup2"))?;
    own.contains("legion-").then(|| Path::new(mount[1]).join(own))
}

fn nothing_is_left(legion: &Legion, place: &Place) {
    legion.until("nothing of it is left", || {
        let found = place.count();
        let gone = found.sleeping.is_empty() && found.in_namespace.is_empty() && found.in_group.is_empty();
        (gone && legion.agent_processes().is_empty() && shims_below(&legion.data()).is_empty()).then_some(())
    });
}

/// An agent in the middle of a call of its shell.
struct AtWork {
    legion: Legion,
    model: ModelServer,
    program: PathBuf,
    agent: String,
    place: Place,
}

async fn at_work(version: &str, more: &[&str]) -> Option<AtWork> {
    let program = npm::claude(version).ok()?;
    let (legion, model) = with_claude(version).await?;
    // Known by its length: with nothing in the environment, in a session of its own, by whatever parent.
    let nap = format!("{}.{}", 200_000 + std::process::id(), version.rsplit('.').next().expect("a number"));
    let quiet = "< /dev/null > /dev/null 2>&1";
    let command = format!(
        "[ -e go ] || {{ env -i setsid sleep {nap} {quiet} & setsid -f sleep {nap} {quiet}; }}; \
         until [ -e go ]; do sleep 0.05; done; echo ended"
    );
    let shell = json!({"tool": "Bash", "input": {"command": command, "description": "wait"}});
    let task = script("Remember the word apple.", &json!([shell, {"text": "the shell has ended"}]));
    let words = ["hire", &task, "--driver", "claude", "--model", "claude-sonnet-4-5"];
    let agent = id(&legion.json(&[&words[..], more].concat()));
    assert_eq!(legion.json(&["status", &agent])["agent"]["tier"], "full");
    let place = legion.until("its shell runs, and all of it is seen", || Place::of(&nap).filter(Place::sees_it_work));
    println!("Claude Code {version} at work: {}", place.count());
    Some(AtWork { legion, model, program, agent, place })
}

impl AtWork {
    fn kill_program(&self) {
        kill(self.place.program(&self.program), "KILL");
    }

    fn kill_shim(&self) {
        let shims = shims_below(&self.legion.data());
        assert_eq!(shims.len(), 1, "it has a shim");
        kill(shims[0], "KILL");
    }

    fn run(&self) -> Value {
        ended(&self.legion, &self.agent, "60s")
    }

    /// Its run was killed, and whoever hired it knows and is the next to do something.
    fn failed_with(&self, reason: &str) {
        let Self { legion, agent, .. } = self;
        let run = self.run();
        assert_eq!((&run["outcome"], &run["number"]), (&"killed".into(), &1.into()), "{run}");
        assert!(run["error"].as_str().is_some_and(|error| error.contains(reason)), "{run}");
        self.is_idle_after("was killed in its run 1");
        // And so it stays.
        legion.kill_service();
        legion.start();
        self.is_idle_after("was killed in its run 1");
        assert_eq!(legion.json(&["tree", "--status", "working"])["reports"], json!([]), "{agent} does nothing");
    }

    fn is_idle_after(&self, told: &str) {
        let Self { legion, agent, .. } = self;
        assert_eq!(legion.status_of(agent), "idle");
        assert_eq!(legion.json(&["status", agent])["agent"]["queued"], 0, "nothing waits for it");
        let reports = legion.reports_of(agent);
        assert!(reports.len() == 1 && reports[0].contains(told), "{reports:?}");
    }

    /// The same conversation goes on with the next message; then it is fired.
    fn answers_and_leaves_nothing(&self, run: u32) {
        let Self { legion, model, agent, place, .. } = self;
        legion.ok(&["tell", agent, &script("What was the word?", &json!([{"text": "it was apple"}]))]);
        let report = legion.until("it answers", || legion.reports_of(agent).into_iter().nth(run as usize - 1));
        assert!(report.contains(&format!("completed its run {run}")) && report.contains("it was apple"), "{report}");
        let asked = model.conversation(agent);
        assert!(asked.last().is_some_and(|last| last.holds("the word apple")), "it is the same conversation");
        legion.ok(&["fire", agent]);
        nothing_is_left(legion, place);
    }
}

async fn program_killed(version: &str) {
    let Some(scene) = at_work(version, &[]).await else { return };
    scene.kill_program();
    nothing_is_left(&scene.legion, &scene.place);
    scene.failed_with("its program was ended by signal 9");
    scene.answers_and_leaves_nothing(2);
}

async fn shim_killed(version: &str) {
    let Some(scene) = at_work(version, &[]).await else { return };
    scene.kill_shim();
    nothing_is_left(&scene.legion, &scene.place);
    scene.failed_with("its process vanished");
    scene.answers_and_leaves_nothing(2);
}

/// Nothing of it is an orphan: it goes on below its shim, and the next service takes both up.
async fn service_killed(version: &str) {
    let Some(scene) = at_work(version, &[]).await else { return };
    let AtWork { legion, agent, place, .. } = &scene;
    let before = (place.count(), shims_below(&legion.data()));
    legion.kill_service();
    legion.start();
    assert_eq!(legion.status_of(agent), "working");
    let after = (place.count(), shims_below(&legion.data()));
    assert_eq!(before.1, after.1, "it has the same shim");
    assert!(place.sees_it_work() && before.0.sleeping == after.0.sleeping, "before: {before:?}, after: {after:?}");
    legion.dir.file("work/go", "");
    let run = scene.run();
    assert_eq!((&run["outcome"], &run["result"]), (&"completed".into(), &"the shell has ended".into()), "{run}");
    scene.is_idle_after("completed its run 1");
    scene.answers_and_leaves_nothing(2);
}

/// Nobody is there to see its end: it is gone all the same, and the next service takes its run up again.
async fn service_and_shim_killed(version: &str) {
    let Some(scene) = at_work(version, &["--on-restart", "resume"]).await else { return };
    let AtWork { legion, place, .. } = &scene;
    legion.kill_service();
    scene.kill_shim();
    nothing_is_left(legion, place);
    legion.dir.file("work/go", "");
    legion.start();
    let run = scene.run();
    assert_eq!((&run["outcome"], &run["number"]), (&"completed".into(), &1.into()), "{run}");
    scene.is_idle_after("completed its run 1");
    scene.answers_and_leaves_nothing(2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nothing_is_left_of_claude_when_its_program_is_killed_197() {
    program_killed("2.1.197").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nothing_is_left_of_claude_when_its_program_is_killed_329() {
    program_killed("2.1.329").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nothing_is_left_of_claude_when_its_shim_is_killed_197() {
    shim_killed("2.1.197").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nothing_is_left_of_claude_when_its_shim_is_killed_329() {
    shim_killed("2.1.329").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nothing_of_claude_goes_on_by_itself_when_the_service_is_killed_197() {
    service_killed("2.1.197").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nothing_of_claude_goes_on_by_itself_when_the_service_is_killed_329() {
    service_killed("2.1.329").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nothing_is_left_of_claude_when_service_and_shim_are_killed_197() {
    service_and_shim_killed("2.1.197").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nothing_is_left_of_claude_when_service_and_shim_are_killed_329() {
    service_and_shim_killed("2.1.329").await;
}
