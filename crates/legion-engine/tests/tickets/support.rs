//! A project with a real repository, an engine with real shims, and tickets whose agents are shell scripts.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use legion_agents::Login;
use legion_engine::{Engine, EngineConfig, ObjectFormat, SessionAsk};
use legion_git::{Git, PersonRepo};
use legion_model::tickets::{
    Board, GateSpec, NewTicket, OnUpstream, Phase, SessionName, SessionSettings, Stage, Status, TicketId, TicketSpec,
};
use legion_model::{Bounds, DriverKind, Organisation, Party, ProjectId};
use legion_process::Program;
use legion_runtime::{DataDir, SystemClock};
use legion_store::{Log, MemoryLog};
use legion_testkit::TestDir;

pub const PATIENCE: Duration = Duration::from_secs(60);
pub const TARGET: &str = "refs/heads/legion/s/leader";
const PATH: &str = "/usr/local/bin:/usr/bin:/bin";

pub struct Bench {
    pub engine: Engine,
    pub project: ProjectId,
    pub person: PathBuf,
    pub base: String,
    log: Arc<dyn Log>,
    pub directory: TestDir,
}

/// An example program of this crate, built beside the tests.
pub fn example(name: &str) -> PathBuf {
    let test = std::env::current_exe().expect("the test knows itself");
    test.parent().and_then(|deps| deps.parent()).expect("in target").join("examples").join(name)
}

async fn open(directory: &TestDir, log: Arc<dyn Log>) -> Engine {
    Engine::open(EngineConfig {
        data_dir: DataDir::open(&directory.path().join("data")).expect("a data directory"),
        log,
        clock: Arc::new(SystemClock::new()),
        bounds: Bounds { stop_grace_ms: 500, tier: legion_model::Tier::None, ..Bounds::default() },
        output_bytes_max: 8 * 1024 * 1024,
        legion: example("shim"),
        claude: None,
        login: Login::Env(BTreeMap::new()),
        base_environment: BTreeMap::from([("PATH".to_owned(), PATH.to_owned())]),
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

pub fn session() -> SessionName {
    "s".parse().expect("a name")
}

/// A ticket whose agent is this shell script.
pub fn ticket(title: &str, script: &str) -> NewTicket {
    NewTicket { local: None, spec: spec(title, Some(script)), after: BTreeMap::new(), after_new: BTreeMap::new() }
}

/// A checkpoint without an agent.
pub fn checkpoint(title: &str) -> NewTicket {
    let spec = TicketSpec { checkpoint: true, ..spec(title, None) };
    NewTicket { local: None, spec, after: BTreeMap::new(), after_new: BTreeMap::new() }
}

fn spec(title: &str, script: Option<&str>) -> TicketSpec {
    let words = |script: &str| vec!["sh".to_owned(), "-c".to_owned(), script.to_owned()];
    TicketSpec {
        title: title.to_owned(),
        prompt: format!("do what `{title}` says").into(),
        context: None,
        criteria: Vec::new(),
        plan: None,
        checkpoint: false,
        gates: Vec::new(),
        files: Vec::new(),
        team: None,
        role: None,
        group: None,
        worker: None,
        driver: script.map(|_| DriverKind::Command),
        command: script.map(words),
        model: None,
        max_attempts: 3,
        timeout_s: 60,
        on_upstream: OnUpstream::Wait,
    }
}

pub fn gate(command: &str) -> GateSpec {
    GateSpec { name: command.to_owned(), command: command.to_owned(), timeout_s: 30 }
}

impl Bench {
    /// A repository with these files, and an open session `s` on it.
    pub async fn with(files: &[(&str, &str)], settings: SessionSettings) -> Self {
        Self::on(TestDir::new(), Arc::new(MemoryLog::new()), files, settings).await
    }

    /// The same, in this directory and on this log.
    pub async fn on(directory: TestDir, log: Arc<dyn Log>, files: &[(&str, &str)], settings: SessionSettings) -> Self {
        for (path, content) in files {
            directory.file(Path::new("person").join(path), content);
        }
        let person = directory.repo("person");
        directory.dir("run");
        let engine = open(&directory, log.clone()).await;
        let project = engine.project_for(&person).await.expect("a project");
        let mut bench = Self { engine, project, person, base: String::new(), log, directory };
        bench.base = bench.import("HEAD").await;
        let ask = SessionAsk { name: session(), base: bench.base.clone(), branch: Some("main".to_owned()), settings };
        bench.engine.session_open(project, Party::Root, None, ask.clone()).await.expect("opened");
        bench.engine.session_open(project, Party::Root, None, ask).await.expect("the same again is fine");
        bench
    }

    /// Takes a commit of the person in, as the command line does.
    pub async fn import(&self, revision: &str) -> String {
        let git = Git::find(PATH.as_ref()).await.expect("git is installed");
        let repo = PersonRepo::discover(git, &self.person).await.expect("a repository");
        let tip = repo.resolve(revision).await.expect("git works").expect("a commit");
        let repository = self.engine.repository_open(self.project, ObjectFormat::Sha1).await.expect("opened");
        let known: Vec<_> = repository.tips.iter().filter_map(|tip| tip.parse().ok()).collect();
        let bundle = repository.import_dir.join("one.bundle");
        repo.bundle(&tip, &known, &bundle).await.expect("a bundle");
        let imported = self.engine.import_bundle(self.project, &bundle, tip.as_str()).await.expect("imported");
        assert!(!bundle.exists(), "it is removed when it was taken in");
        imported
    }

    pub async fn add(&self, tickets: Vec<NewTicket>) -> Vec<TicketId> {
        let added = self.engine.tickets_add(self.project, Party::Root, None, None, tickets, None).await;
        added.expect("added").tickets
    }

    /// Another service, on the same log and data.
    pub async fn restart(&mut self, keep: bool) {
        self.close(keep).await;
        self.open_again(self.log.clone()).await;
    }

    /// The service ends; what it has stays.
    pub async fn close(&self, keep: bool) {
        assert!(self.engine.shutdown(keep, PATIENCE).await, "the engine ends");
    }

    pub async fn open_again(&mut self, log: Arc<dyn Log>) {
        self.log = log;
        self.engine = open(&self.directory, self.log.clone()).await;
    }

    /// How many events the log has.
    pub async fn version(&self) -> u64 {
        self.engine.read(self.project, |state| state.version).await.expect("read")
    }

    /// Waits until the log has so many events, or nothing more happens.
    pub async fn until_version(&self, version: u64) {
        let quiet = Duration::from_millis(700);
        let look = move |state: &Organisation| (state.version >= version).then_some(());
        self.engine.until(self.project, quiet, look).await.expect("it lives");
    }

    pub async fn end(self) {
        assert!(self.engine.shutdown(false, PATIENCE).await, "the engine ends");
    }

    pub async fn read<T: Send + 'static>(&self, look: impl FnOnce(&Board) -> T + Send + 'static) -> T {
        self.engine.read(self.project, |state: &Organisation| look(&state.board)).await.expect("read")
    }

    /// Waits until `look` finds something on the board.
    pub async fn until<T: Send + 'static>(
        &self,
        what: &str,
        mut look: impl FnMut(&Board) -> Option<T> + Send + 'static,
    ) -> T {
        let found = self.engine.until(self.project, PATIENCE, move |state| look(&state.board)).await.expect("it lives");
        match found {
            Some(found) => found,
            None => {
                let board = self.read(|board| serde_json::to_string_pretty(&board).unwrap_or_default()).await;
                panic!("waited {PATIENCE:?} for: {what}\n{board}")
            }
        }
    }

    /// Waits until all of these are closed, and gives their states.
    pub async fn closed(&self, tickets: &[TicketId]) -> Vec<Status> {
        let ids = tickets.to_vec();
        let look = move |board: &Board| {
            let all: Vec<_> = ids.iter().map(|id| &board.tickets[id]).collect();
            all.iter().all(|ticket| ticket.is_closed()).then(|| all.iter().map(|ticket| board.status(ticket)).collect())
        };
        self.until("tickets to be closed", look).await
    }

    /// Waits until all of these are merged.
    pub async fn merged(&self, tickets: &[TicketId]) {
        let states = self.closed(tickets).await;
        if states.iter().any(|state| *state != Status::Done) {
            let ids = tickets.to_vec();
            let why = self.read(move |board| {
                let all = ids.iter().map(|id| &board.tickets[id]);
                all.map(|ticket| format!("{}: {:?}\n{:#?}", ticket.id, ticket.phase, ticket.history))
                    .collect::<Vec<_>>()
            });
            panic!("{states:?}\n{}", why.await.join("\n"));
        }
    }

    /// Why a ticket was closed.
    pub async fn why(&self, ticket: TicketId) -> String {
        self.read(move |board| match &board.tickets[&ticket].phase {
            Phase::Closed { why, .. } => why.clone(),
            other => format!("{other:?}"),
        })
        .await
    }

    /// Git, in the project's own repository.
    pub async fn control(&self, args: &[&str]) -> String {
        let repository = self.engine.repository(self.project).await.expect("opened").expect("made");
        let dir = format!("--git-dir={}", repository.control_dir.display());
        git(&self.person, &[&[dir.as_str()], args].concat()).await
    }

    /// A file of the target.
    pub async fn target_file(&self, path: &str) -> String {
        self.control(&["show", &format!("{TARGET}:{path}")]).await
    }

    /// Commits that the target has on its line of first parents, beyond the base.
    pub async fn landings(&self) -> Vec<String> {
        let range = format!("{}..{TARGET}", self.base);
        let listed = self.control(&["log", "--first-parent", "--format=%s", &range]).await;
        listed.lines().map(str::to_owned).collect()
    }

    /// Where the clone of a ticket's open attempt is, when its agent works there.
    pub async fn clone_of(&self, ticket: TicketId) -> PathBuf {
        let key = self
            .until("an agent works", move |board| {
                let attempt = board.tickets[&ticket].attempt()?;
                (attempt.stage == Stage::Running).then(|| attempt.place.clone())?
            })
            .await;
        self.directory.path().join("data/work").join(self.project.to_string()).join(key.as_str())
    }

    /// Waits until a person is asked about a ticket, and gives the paths in question.
    pub async fn held(&self, ticket: TicketId) -> Vec<String> {
        self.until("a person is asked", move |board| {
            let attempt = board.tickets[&ticket].attempt()?;
            let held = matches!(attempt.stage, Stage::Held { .. });
            let paths =
                || Some(attempt.evidence.as_ref()?.protected.iter().map(|change| change.path.clone()).collect());
            held.then(paths)?
        })
        .await
    }

    /// What the agents of a ticket wrote, for a look at a test that fails.
    pub async fn transcripts(&self, ticket: TicketId) -> Vec<String> {
        let agents = self
            .read(move |board| board.tickets[&ticket].history.iter().filter_map(|one| one.agent).collect::<Vec<_>>())
            .await;
        let mut all = Vec::new();
        for agent in agents {
            let lines = self.engine.log_tail(self.project, agent, 200).await.map(|log| log.lines).unwrap_or_default();
            all.extend(lines.iter().map(|line| line.text()));
        }
        all
    }

    pub async fn wait_for(&self, path: &Path) {
        until(&format!("`{}`", path.display()), || path.exists()).await;
    }

    /// No process works in the directory of the gates.
    pub async fn no_gate_lives(&self) {
        let checkout = self.directory.path().join("data/gates").join(self.project.to_string()).join("checkout");
        let lives = || {
            let processes = std::fs::read_dir("/proc").expect("listed").filter_map(Result::ok);
            let mut places = processes.filter_map(|process| std::fs::read_link(process.path().join("cwd")).ok());
            places.any(|place| place.starts_with(&checkout))
        };
        until("no gate lives", || !lives()).await;
    }

    /// Directories of clones that are there.
    pub fn clones(&self) -> Vec<String> {
        let session = self.directory.path().join("data/work").join(self.project.to_string()).join("s");
        let mut found = Vec::new();
        for ticket in std::fs::read_dir(session).into_iter().flatten().flatten() {
            for clone in std::fs::read_dir(ticket.path()).into_iter().flatten().flatten() {
                let name = format!("{}/{}", ticket.file_name().to_string_lossy(), clone.file_name().to_string_lossy());
                found.extend((!name.contains('.')).then_some(name));
            }
        }
        found.sort();
        found
    }
}

/// Waits until something outside is so.
pub async fn until(what: &str, mut look: impl FnMut() -> bool) {
    let looking = async {
        while !look() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(PATIENCE, looking).await.unwrap_or_else(|_| panic!("waited {PATIENCE:?} for: {what}"));
}

/// Plain git; it must succeed.
pub async fn git(dir: &Path, args: &[&str]) -> String {
    let program = Program::new("git").args(args).current_dir(dir).env("PATH", PATH);
    let program = ["AUTHOR", "COMMITTER"].into_iter().fold(program, |program, role| {
        program.env(format!("GIT_{role}_NAME"), "Person").env(format!("GIT_{role}_EMAIL"), "person@example.invalid")
    });
    let program = program.env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_CONFIG_GLOBAL", "/dev/null");
    let output = program.run_to_end(PATIENCE, 1 << 20).await.expect("git runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "git {args:?}: {said}");
    String::from_utf8_lossy(&output.stdout).trim_end().to_owned()
}
