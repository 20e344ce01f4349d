//! The engine with real shims and real programs, on the log in memory.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use legion_agents::Login;
use legion_engine::{Engine, EngineConfig, EngineError, HireAsk};
use legion_model::{
    Agent, AgentId, Bounds, DriverKind, Key, MessageId, Order, Organisation, Outcome, Party, ProjectId, RunSummary,
};
use legion_runtime::{DataDir, SystemClock, new_id};
use legion_store::{Log, MemoryLog, RESERVE_BYTES};

const PATIENCE: Duration = Duration::from_secs(30);

struct Bench {
    engine: Engine,
    log: Arc<dyn Log>,
    memory: MemoryLog,
    directory: tempfile::TempDir,
}

fn shim() -> PathBuf {
    let test = std::env::current_exe().expect("the test knows itself");
    test.parent().and_then(|deps| deps.parent()).expect("in target").join("examples/shim")
}

async fn open(directory: &tempfile::TempDir, log: Arc<dyn Log>, bounds: Bounds) -> Engine {
    Engine::open(EngineConfig {
        data_dir: DataDir::open(&directory.path().join("data")).expect("a data directory"),
        log,
        clock: Arc::new(SystemClock::new()),
        bounds,
        output_bytes_max: 8 * 1024 * 1024,
        legion: shim(),
        claude: None,
        login: Login::Env(BTreeMap::new()),
        base_environment: BTreeMap::from([("PATH".to_owned(), "/usr/bin:/bin".to_owned())]),
        gate_environment: BTreeMap::new(),
        runtime_dir: Some(directory.path().join("run")),
        url: "http://127.0.0.1:1".to_owned(),
        gateway_url: None,
        failpoints: None,
        // These tests are about what agents do, and their shim holds nobody.
        containment: legion_engine::ContainmentConfig { user_ids: None, ..Default::default() },
    })
    .await
    .expect("the engine opens")
}

async fn bench() -> Bench {
    let directory = tempfile::tempdir().expect("a temporary directory");
    std::fs::create_dir(directory.path().join("run")).expect("made");
    std::fs::create_dir(directory.path().join("work")).expect("made");
    let memory = MemoryLog::new();
    let log: Arc<dyn Log> = Arc::new(memory.clone());
    let engine = open(&directory, log.clone(), bounds()).await;
    Bench { engine, log, memory, directory }
}

fn bounds() -> Bounds {
    Bounds { stop_grace_ms: 500, tier: legion_model::Tier::None, ..Bounds::default() }
}

impl Bench {
    async fn hire(&self, task: &str, command: &str) -> (ProjectId, AgentId) {
        let ask = HireAsk {
            task: task.to_owned(),
            driver: Some(DriverKind::Command),
            command: Some(command.to_owned()),
            cwd: Some(self.directory.path().join("work")),
            ..HireAsk::default()
        };
        let (project, agent, _) = self.engine.hire(None, Party::Root, None, ask).await.expect("hired");
        (project, agent)
    }

    async fn tell(&self, project: ProjectId, agent: AgentId, text: &str) {
        let order = Order::Tell {
            message: MessageId(new_id()),
            to: agent.into(),
            body: text.into(),
            bytes: text.len() as u64,
            now: false,
            deadline: None,
        };
        self.engine.command(project, Party::Root, None, order).await.expect("told");
    }

    /// The summary of a run, when it has ended.
    async fn run(&self, project: ProjectId, agent: AgentId, number: u32) -> RunSummary {
        let look = move |state: &legion_model::Organisation| {
            state.agents.get(&agent)?.last_run.clone().filter(|run| run.number >= number)
        };
        self.engine.until(project, PATIENCE, look).await.expect("the engine lives").expect("the run ends")
    }

    async fn inbox(&self, project: ProjectId) -> Vec<String> {
        let texts = |state: &legion_model::Organisation| {
            state.inbox(Party::Root).into_iter().map(|message| message.body.head().to_owned()).collect()
        };
        self.engine.read(project, texts).await.expect("read")
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_gets_its_task_on_standard_input_and_its_words_come_back() {
    let bench = bench().await;
    let (project, agent) = bench.hire("count these words", "wc -w").await;
    let run = bench.run(project, agent, 1).await;
    assert_eq!((run.outcome, run.result.head()), (Outcome::Completed, "3"));
    let inbox = bench.inbox(project).await;
    assert_eq!(inbox.len(), 1, "{inbox:?}");
    assert!(inbox[0].contains("completed its run 1") && inbox[0].ends_with("\n\n3"), "{inbox:?}");

    bench.tell(project, agent, "one two").await;
    let run = bench.run(project, agent, 2).await;
    assert_eq!(run.result.head(), "2");
    let lines = bench.engine.log_tail(project, agent, 10).await.expect("read").lines;
    let lines: Vec<String> = lines.iter().map(|line| line.text()).collect();
    assert_eq!(lines, ["3", "2"]);
    assert!(bench.engine.shutdown(false, PATIENCE).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn failures_are_outcomes() {
    let bench = bench().await;
    let cases = [
        ("sh -c 'echo no >&2; exit 3'", Outcome::Failed, "exit code 3"),
        ("/no/such/program", Outcome::Failed, "could not be started"),
        ("sh -c 'kill -9 $$'", Outcome::Killed, "signal 9"),
        ("sh -c 'yes | head -c 20000000'", Outcome::Limit, "more than it may"),
    ];
    for (command, outcome, reason) in cases {
        let (project, agent) = bench.hire("do it", command).await;
        let run = bench.run(project, agent, 1).await;
        let error = run.error.unwrap_or_default();
        assert!(run.outcome == outcome && error.contains(reason), "{command}: {:?} {error}", run.outcome);
        let told = bench.inbox(project).await.iter().filter(|text| text.contains(&agent.to_string())).count();
        assert_eq!(told, 1, "{command}: the person is told once");
    }
    assert!(bench.engine.shutdown(false, PATIENCE).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupt_redirects_and_a_fire_ends_the_tree() {
    let bench = bench().await;
    let (project, agent) = bench
        .hire("first", "sh -c 'read line; case $line in second) echo $line;; *) sleep 1000 & sleep 1000;; esac'")
        .await;
    let live = move |state: &legion_model::Organisation| {
        let process = state.processes.get(&state.agents.get(&agent)?.process?)?;
        matches!(process.phase, legion_model::ProcessPhase::Live { .. }).then_some(process.id)
    };
    let process = bench.engine.until(project, PATIENCE, live).await.expect("lives").expect("starts");
    let order = Order::Interrupt { agent, message: MessageId(new_id()), body: Some("second".into()), bytes: 6 };
    bench.engine.command(project, Party::Root, None, order).await.expect("interrupted");
    assert_eq!(bench.run(project, agent, 1).await.outcome, Outcome::Interrupted);
    assert_eq!(bench.run(project, agent, 2).await.result.head(), "second");
    assert!(
        !legion_process::find_live().iter().any(|(id, _)| *id == process.0),
        "nothing of the first process is left"
    );

    bench.tell(project, agent, "third").await;
    let process = bench.engine.until(project, PATIENCE, live).await.expect("lives").expect("starts");
    bench.engine.command(project, Party::Root, None, Order::Fire { agent, keep_reports: false }).await.expect("fired");
    let gone =
        |state: &legion_model::Organisation| (state.processes.is_empty() && state.agents.is_empty()).then_some(());
    bench.engine.until(project, PATIENCE, gone).await.expect("lives").expect("ends");
    assert!(!legion_process::find_live().iter().any(|(id, _)| *id == process.0));
    assert!(bench.engine.shutdown(false, PATIENCE).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_survives_the_engine_and_is_taken_up_again() {
    let mut bench = bench().await;
    let gate = bench.directory.path().join("work/gate");
    let (project, agent) =
        bench.hire("go", "sh -c 'echo begun; while [ ! -e gate ]; do sleep 0.05; done; echo done'").await;
    let live = move |state: &legion_model::Organisation| {
        matches!(
            state.processes.get(&state.agents.get(&agent)?.process?)?.phase,
            legion_model::ProcessPhase::Live { .. }
        )
        .then_some(())
    };
    bench.engine.until(project, PATIENCE, live).await.expect("lives").expect("starts");
    assert!(bench.engine.shutdown(true, PATIENCE).await, "an engine that keeps its agents ends at once");

    bench.engine = open(&bench.directory, bench.log.clone(), bounds()).await;
    let working = bench.engine.read(project, move |state| state.agents[&agent].run.is_some()).await.expect("read");
    assert!(working, "its run is open");
    std::fs::write(&gate, b"").expect("opened");
    let run = bench.run(project, agent, 1).await;
    assert_eq!((run.outcome, run.result.head()), (Outcome::Completed, "begun\ndone"));
    assert_eq!(bench.inbox(project).await.len(), 1, "the person is told once");
    assert!(bench.engine.shutdown(false, PATIENCE).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_goes_down_takes_agents_with_mail_with_it() {
    let mut bench = bench().await;
    let (project, agent) = bench.hire("first", "sh -c 'read line; [ $line = last ] || sleep 1000'").await;
    for text in ["second", "last"] {
        bench.tell(project, agent, text).await;
    }
    assert!(bench.engine.shutdown(false, PATIENCE).await);
    let ours = || {
        let entry = format!("LEGION_SESSION_ID={agent}");
        std::fs::read_dir("/proc").expect("listed").filter_map(Result::ok).any(|process| {
            let environment = std::fs::read(process.path().join("environ")).unwrap_or_default();
            environment.split(|byte| *byte == 0).any(|variable| variable == entry.as_bytes())
        })
    };
    assert!(!ours(), "nothing of it lives");
    // What waited is delivered by the next service.
    bench.engine = open(&bench.directory, bench.log.clone(), bounds()).await;
    let live = move |state: &legion_model::Organisation| (state.agents[&agent].runs >= 2).then_some(());
    bench.engine.until(project, PATIENCE, live).await.expect("lives").expect("a second run");
    let order = Order::Interrupt { agent, message: MessageId(new_id()), body: Some("last".into()), bytes: 4 };
    bench.engine.command(project, Party::Root, None, order).await.expect("interrupted");
    assert_eq!(bench.run(project, agent, 3).await.outcome, Outcome::Completed);
    assert!(bench.engine.shutdown(false, PATIENCE).await);
}

#[tokio::test]
async fn directories_and_agents_are_found_again_in_their_projects() {
    let bench = bench().await;
    let work = bench.directory.path().join("work");
    let other = bench.directory.path().join("other");
    std::fs::create_dir(&other).expect("made");
    let (first, agent) = bench.hire("go", "true").await;
    assert_eq!(bench.engine.project_for(&work).await.expect("found"), first);
    // Asked for at once, it is still one project.
    let (one, same) = tokio::join!(bench.engine.project_for(&other), bench.engine.project_for(&other));
    let second = one.expect("opened");
    assert_eq!(same.expect("found"), second);
    assert_ne!(second, first);
    let mut paths: Vec<String> = bench.engine.projects().into_iter().map(|(_, path)| path).collect();
    paths.sort();
    let path = |path: &std::path::Path| path.to_str().expect("UTF-8").to_owned();
    assert_eq!(paths, [path(&other), path(&work)]);
    bench.engine.shutdown(false, PATIENCE).await;
    let again = open(&bench.directory, bench.log.clone(), bounds()).await;
    assert_eq!(again.project_for(&work).await.expect("found"), first);
    assert_eq!(again.project_of(agent).await, Some(first));
    assert_eq!(again.project_of(AgentId(new_id())).await, None);
    again.shutdown(false, PATIENCE).await;
}

#[tokio::test]
async fn a_hire_is_answered_from_the_state_that_it_led_to() {
    let bench = bench().await;
    let ask = || HireAsk {
        task: "go".to_owned(),
        command: Some("sleep 1000".to_owned()),
        cwd: Some(bench.directory.path().join("work")),
        ..HireAsk::default()
    };
    let key = || Some(Key { key: "once".to_owned(), fingerprint: "same".to_owned() });
    let name = |_: &Organisation, agent: &Agent| agent.name.clone();
    let hire = || bench.engine.hire_and_look(None, Party::Root, key(), ask(), name);
    let (project, agent, _, seen) = hire().await.expect("hired");
    let known = bench.engine.read(project, move |state| state.name(agent.into())).await.expect("read");
    assert_eq!(seen, Some(known));
    let (_, repeated, _, seen) = hire().await.expect("answered");
    assert_eq!((repeated, seen), (agent, None));
    // What a report runs is its parent's, when nothing else is said.
    let below = HireAsk { command: None, parent: Some(agent.into()), cwd: None, ..ask() };
    let (_, report, ..) = bench.engine.hire(None, Party::Root, None, below).await.expect("hired");
    let driver = bench.engine.read(project, move |state| state.agents[&report].spec.driver).await.expect("read");
    assert_eq!(driver, DriverKind::Command);
    bench.engine.shutdown(false, PATIENCE).await;
}

/// Processes whose environment names this data directory.
fn processes_of(bench: &Bench) -> usize {
    let data = bench.directory.path().join("data").canonicalize().expect("resolved");
    let entry = format!("LEGION_SERVICE_FILE={}", data.join("service.json").display());
    let entries = std::fs::read_dir("/proc").expect("listed");
    let environ = |entry: std::fs::DirEntry| std::fs::read(entry.path().join("environ")).unwrap_or_default();
    let all = entries.filter_map(|entry| Some(environ(entry.ok()?)));
    all.filter(|environ| environ.split(|byte| *byte == 0).any(|variable| variable == entry.as_bytes())).count()
}

async fn until(what: &str, mut look: impl FnMut() -> bool) {
    let looking = async {
        while !look() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(PATIENCE, looking).await.unwrap_or_else(|_| panic!("waited {PATIENCE:?} for: {what}"));
}

#[tokio::test(flavor = "multi_thread")]
async fn agents_are_ended_though_the_log_has_no_room_at_all() {
    let bench = bench().await;
    let (project, fired) = bench.hire("go", "sleep 1000").await;
    let (_, kept) = bench.hire("go", "sleep 1000").await;
    until("both live", || processes_of(&bench) == 2).await;
    let reserve = bench.directory.path().join("data/reserve");
    let whole = || std::fs::metadata(&reserve).is_ok_and(|metadata| metadata.len() == RESERVE_BYTES);
    until("room is set aside", whole).await;
    bench.memory.set_full(true);
    let tell = || Order::Tell {
        message: MessageId(new_id()),
        to: kept.into(),
        body: "more".into(),
        bytes: 4,
        now: false,
        deadline: None,
    };
    let refused = bench.engine.command(project, Party::Root, None, tell()).await;
    assert!(matches!(refused, Err(EngineError::DiskFull)), "{refused:?}");
    assert!(whole(), "it is not for more work");
    let fire = || bench.engine.command(project, Party::Root, None, Order::Fire { agent: fired, keep_reports: false });
    let unrecorded = fire().await;
    assert!(matches!(unrecorded, Err(EngineError::StoppedUnrecorded)), "{unrecorded:?}");
    until("its process is gone", || processes_of(&bench) == 1).await;
    let interrupt = Order::Interrupt { agent: kept, message: MessageId(new_id()), body: None, bytes: 0 };
    let unrecorded = bench.engine.command(project, Party::Root, None, interrupt).await;
    assert!(matches!(unrecorded, Err(EngineError::StoppedUnrecorded)), "{unrecorded:?}");
    until("no process is left", || processes_of(&bench) == 0).await;
    // Nothing was true but that the processes are gone, and that is recorded once there is room.
    bench.memory.set_full(false);
    let ended = move |state: &Organisation| {
        let run = state.agents[&fired].last_run.as_ref()?;
        (state.processes.is_empty()).then_some(run.outcome)
    };
    let outcome = bench.engine.until(project, PATIENCE, ended).await.expect("looked at").expect("recorded");
    assert_eq!(outcome, Outcome::Killed);
    fire().await.expect("fired");
    bench.engine.command(project, Party::Root, None, tell()).await.expect("there is room");
    assert!(whole(), "it was set aside again");
    bench.engine.shutdown(false, PATIENCE).await;
    assert_eq!(processes_of(&bench), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_service_ends_its_agents_though_the_log_has_no_room_at_all() {
    let bench = bench().await;
    bench.hire("go", "sleep 1000").await;
    until("it lives", || processes_of(&bench) == 1).await;
    bench.memory.set_full(true);
    bench.engine.shutdown(false, PATIENCE).await;
    assert_eq!(processes_of(&bench), 0);
}
