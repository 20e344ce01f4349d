//! The gateway's books behind the engine: money is set aside before it is spent, settled once, and never lost.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use legion_agents::Login;
use legion_engine::{Engine, EngineConfig, GatewayDirectory, HireAsk, SpentBy};
use legion_gateway::{Allowance, Call, Caller, Directory, NoAllowance, Usage};
use legion_model::gateway::{BudgetOf, GatewayAnswer, GatewayOrder, GatewayState, NanoUsd, Scope};
use legion_model::{
    AgentId, Bounds, DriverKind, Event, Organisation, Outcome, Party, ProcessPhase, ProjectId, RunId, Tier,
};
use legion_runtime::{DataDir, SystemClock, new_id};
use legion_store::{Log, MemoryLog, READ_RECORDS_MAX};
use tokio::task::JoinSet;

const PATIENCE: Duration = Duration::from_secs(30);
const DOLLAR: u64 = NanoUsd::DOLLAR.0;

struct Bench {
    engine: Engine,
    directory: GatewayDirectory,
    log: Arc<MemoryLog>,
    files: tempfile::TempDir,
}

fn shim() -> PathBuf {
    let test = std::env::current_exe().expect("the test knows itself");
    test.parent().and_then(|deps| deps.parent()).expect("in target").join("examples/shim")
}

async fn open(files: &tempfile::TempDir, log: Arc<dyn Log>) -> (Engine, GatewayDirectory) {
    let engine = Engine::open(EngineConfig {
        data_dir: DataDir::open(&files.path().join("data")).expect("a data directory"),
        log,
        clock: Arc::new(SystemClock::new()),
        bounds: Bounds { stop_grace_ms: 500, tier: Tier::None, ..Bounds::default() },
        output_bytes_max: 8 * 1024 * 1024,
        legion: shim(),
        claude: None,
        login: Login::Env(BTreeMap::new()),
        base_environment: BTreeMap::from([("PATH".to_owned(), "/usr/bin:/bin".to_owned())]),
        gate_environment: BTreeMap::new(),
        runtime_dir: Some(files.path().join("run")),
        url: "http://127.0.0.1:1".to_owned(),
        gateway_url: None,
        failpoints: None,
        // These tests are about money, and their shim holds nobody.
        containment: legion_engine::ContainmentConfig { user_ids: None, ..Default::default() },
    });
    let engine = engine.await.expect("the engine opens");
    let directory = GatewayDirectory::new(engine.clone(), "the person's".to_owned());
    (engine, directory)
}

impl Bench {
    async fn new() -> Self {
        let files = tempfile::tempdir().expect("a temporary directory");
        for name in ["run", "work"] {
            std::fs::create_dir(files.path().join(name)).expect("made");
        }
        let log = Arc::new(MemoryLog::new());
        let (engine, directory) = open(&files, log.clone()).await;
        Self { engine, directory, log, files }
    }

    /// The service ends while money is set aside that nobody gives back, and another one starts. The agents go on.
    async fn restart(&mut self) {
        self.engine.shutdown(true, PATIENCE).await;
        (self.engine, self.directory) = open(&self.files, self.log.clone()).await;
    }

    /// An agent at work, as the gateway sees it.
    async fn agent(&self, name: &str) -> (ProjectId, AgentId, Caller) {
        let ask = HireAsk {
            task: "work".to_owned(),
            name: Some(name.to_owned()),
            driver: Some(DriverKind::Command),
            command: Some("sleep 1000".to_owned()),
            cwd: Some(self.files.path().join("work")),
            ..HireAsk::default()
        };
        let (project, agent, _) = self.engine.hire(None, Party::Root, None, ask).await.expect("hired");
        let live = move |state: &Organisation| {
            let process = state.processes.get(&state.agents.get(&agent)?.process?)?;
            matches!(process.phase, ProcessPhase::Live { .. }).then_some(())
        };
        self.engine.until(project, PATIENCE, live).await.expect("the engine lives").expect("it starts");
        let token = self.engine.agent_token(project, agent).await.expect("read").expect("it has a process");
        let caller = self.directory.caller(&token).await.expect("the token opens something");
        assert_eq!(caller.agent_name.as_deref(), Some(name));
        (project, agent, caller)
    }

    async fn allowance(&self, caller: &Caller, nanos: u64) -> Allowance {
        self.directory.allowance(caller, nanos).await.expect("something is left")
    }

    /// A call ends that was charged this much.
    fn charge(&self, caller: &Caller, allowance: Allowance, nanos: u64) {
        self.ends(caller, allowance, nanos, Usage::default());
    }

    /// A call ends that used and was charged this much.
    fn ends(&self, caller: &Caller, allowance: Allowance, nanos: u64, usage: Usage) {
        self.directory.settle(Call {
            id: new_id(),
            caller: Arc::new(caller.clone()),
            allowance: allowance.id,
            provider: "p".to_owned(),
            model: "m".to_owned(),
            asked_model: "m".to_owned(),
            usage,
            cost_nanos: Some(nanos),
            charged_nanos: nanos,
            estimated: false,
            sub_agent: false,
            program_session: None,
            status: 200,
            outcome: "done",
            left: Vec::new(),
            warnings: Vec::new(),
            at: self.engine.clock().now(),
            first_byte_ms: None,
            total_ms: 1,
        });
    }

    async fn look<T: Send + 'static>(&self, look: impl FnOnce(&GatewayState) -> T + Send + 'static) -> T {
        self.engine.gateway_read(look).await.expect("the books are open")
    }

    async fn spent(&self, agent: AgentId) -> u64 {
        self.look(move |state| state.spent(&Scope::Agent(agent)).0).await
    }

    /// What the audit says of the use of keys: whose, which, and how often.
    async fn key_uses(&self) -> Vec<(Option<AgentId>, Option<RunId>, String, u64)> {
        let records = self.log.read_all(0, READ_RECORDS_MAX).await.expect("read");
        let used =
            records.iter().filter(|record| record.kind == "provider-key-used").map(
                |record| match legion_store::decode(&record.kind, record.schema, &record.body).expect("it can be read")
                {
                    Event::ProviderKeyUsed { agent, run, provider, calls } => (agent, run, provider, calls),
                    other => panic!("{other:?}"),
                },
            );
        used.collect()
    }

    async fn end(self) {
        assert!(self.engine.shutdown(false, PATIENCE).await, "everything ends");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_set_aside_is_charged_once_and_the_rest_is_free_again() {
    let bench = Bench::new().await;
    let (project, agent, caller) = bench.agent("ann").await;
    let allowance = bench.allowance(&caller, 5 * DOLLAR).await;
    assert_eq!(allowance.nanos, 5 * DOLLAR);
    let held = move |state: &GatewayState| {
        let today = state.last_at.to_zoned(jiff::tz::TimeZone::UTC).date();
        state.held(&Scope::Agent(agent), today).0
    };
    assert_eq!(bench.look(held).await, 5 * DOLLAR);
    bench.charge(&caller, allowance, 2 * DOLLAR);
    bench.charge(&caller, allowance, DOLLAR);
    assert_eq!((bench.spent(agent).await, bench.look(held).await), (3 * DOLLAR, 2 * DOLLAR));
    bench.directory.release(allowance.id).await.expect("given back");
    assert_eq!((bench.spent(agent).await, bench.look(held).await), (3 * DOLLAR, 0));
    assert!(bench.look(|state| state.allowances.is_empty()).await);

    // Its project knows, and so does whoever asks what it cost.
    let told = move |state: &Organisation| (state.agents.get(&agent)?.metered == NanoUsd(3 * DOLLAR)).then_some(());
    bench.engine.until(project, PATIENCE, told).await.expect("the engine lives").expect("the project is told");
    let spent = bench.engine.spending(SpentBy::Agent).await.expect("read");
    let lines = &spent.lines;
    assert_eq!((lines[0].name.as_str(), lines[0].figures.calls, lines[0].unsettled), ("ann", 2, 0));
    bench.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn money_that_a_dead_service_left_open_counts_as_spent_until_somebody_says_what_was() {
    let mut bench = Bench::new().await;
    let (_, agent, caller) = bench.agent("ann").await;
    let allowance = bench.allowance(&caller, 4 * DOLLAR).await;
    bench.charge(&caller, allowance, DOLLAR);
    assert_eq!(bench.spent(agent).await, DOLLAR);
    bench.restart().await;

    // All of it counts, once; what was settled is part of it.
    assert_eq!(bench.spent(agent).await, 4 * DOLLAR);
    assert_eq!(bench.look(move |state| state.unsettled(&Scope::Agent(agent)).0).await, 3 * DOLLAR);
    // A call of the new service stands beside it.
    let other = bench.allowance(&caller, DOLLAR).await;
    assert_ne!(other.id, allowance.id);
    bench.charge(&caller, other, DOLLAR / 2);
    bench.directory.release(other.id).await.expect("given back");
    assert_eq!(bench.spent(agent).await, 4 * DOLLAR + DOLLAR / 2);
    // It is not given back by anybody who does not know what was spent of it.
    bench.directory.release(allowance.id).await.expect("given back");
    assert_eq!(bench.spent(agent).await, 4 * DOLLAR + DOLLAR / 2);

    let reconcile = |spent| GatewayOrder::Reconcile { allowance: None, spent: NanoUsd(spent) };
    let said = bench.engine.gateway(Party::Root, reconcile(DOLLAR / 4)).await.expect("reconciled");
    assert!(matches!(&said, GatewayAnswer::Reconciled(ids) if ids.len() == 1 && ids[0].0 == allowance.id), "{said:?}");
    let exact = DOLLAR + DOLLAR / 2 + DOLLAR / 4;
    assert_eq!(bench.spent(agent).await, exact);
    // A second time there is nothing to say it of.
    assert!(bench.engine.gateway(Party::Root, reconcile(DOLLAR / 4)).await.is_err());
    bench.restart().await;
    assert_eq!(bench.spent(agent).await, exact);
    assert_eq!(bench.look(|state| state.total.charged.0).await, exact);
    bench.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_budget_that_is_used_up_ends_the_run_and_calls_the_agent_by_its_name() {
    let bench = Bench::new().await;
    let (project, agent, caller) = bench.agent("ann").await;
    let (_, other, neighbour) = bench.agent("bob").await;
    let of = BudgetOf::One(Scope::Agent(agent));
    let order = GatewayOrder::SetBudget { of, limit: NanoUsd(DOLLAR) };
    bench.engine.gateway(Party::Root, order).await.expect("set");
    let allowance = bench.allowance(&caller, 5 * DOLLAR).await;
    assert!(allowance.nanos <= DOLLAR, "no more than the budget has");
    // One call may cost more than was set aside for it.
    bench.charge(&caller, allowance, 2 * DOLLAR);
    let over = bench.directory.allowance(&caller, 1).await.expect_err("nothing is left");
    let NoAllowance::OverBudget { scope, message } = &over else { panic!("{over:?}") };
    assert_eq!(scope, "agent ann");
    assert!(message.starts_with("the budget of agent ann is used up: $2"), "{message}");
    let ended = move |state: &Organisation| state.agents.get(&agent)?.last_run.clone();
    let run = bench.engine.until(project, PATIENCE, ended).await.expect("the engine lives").expect("the run ends");
    assert_eq!(run.outcome, Outcome::Limit);
    assert!(run.error.as_deref().is_some_and(|why| why.contains("agent ann")), "{:?}", run.error);
    // Another agent goes on.
    bench.allowance(&neighbour, DOLLAR).await;
    assert!(bench.engine.read(project, move |state| state.agents[&other].run.is_some()).await.expect("read"));
    bench.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn money_that_is_only_set_aside_is_waited_for_and_ends_nobody() {
    let bench = Bench::new().await;
    let (project, agent, caller) = bench.agent("ann").await;
    let of = BudgetOf::One(Scope::Agent(agent));
    bench.engine.gateway(Party::Root, GatewayOrder::SetBudget { of, limit: NanoUsd(DOLLAR / 2) }).await.expect("set");
    let mut held = Vec::new();
    while held.iter().map(|allowance: &Allowance| allowance.nanos).sum::<u64>() < DOLLAR / 2 {
        held.push(bench.allowance(&caller, 1).await);
    }
    assert!(held.len() > 1, "one call does not take all of it: {held:?}");
    // Nobody gives anything back: the call has waited in vain, and may come again.
    let busy = bench.directory.allowance(&caller, 1).await.expect_err("all of it is set aside");
    assert!(matches!(&busy, NoAllowance::Busy { message } if message.contains("set aside")), "{busy:?}");
    let works = move |state: &Organisation| state.agents[&agent].run.is_some();
    assert!(bench.engine.read(project, works).await.expect("read"), "nothing is spent, and its run goes on");
    // Somebody does: whoever waits is answered.
    let waits = bench.allowance(&caller, 1);
    let gives = bench.directory.release(held[0].id);
    let (allowance, given) = tokio::join!(waits, gives);
    given.expect("given back");
    assert!(allowance.nanos > 0);
    bench.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_is_no_budget_and_passes() {
    let bench = Bench::new().await;
    let (project, agent, caller) = bench.agent("ann").await;
    let first = bench.allowance(&caller, DOLLAR).await;
    bench.log.set_full(true);
    let none = bench.directory.allowance(&caller, DOLLAR).await.expect_err("nothing can be logged");
    assert!(matches!(&none, NoAllowance::Unavailable { message } if message.contains("the disk is full")), "{none:?}");
    assert!(bench.directory.release(first.id).await.is_err(), "nothing can be logged");
    bench.log.set_full(false);
    bench.allowance(&caller, DOLLAR).await;
    bench.directory.release(first.id).await.expect("given back");
    assert!(!bench.look(move |state| state.allowances.values().any(|known| known.id.0 == first.id)).await);
    let works = move |state: &Organisation| state.agents[&agent].run.is_some();
    assert!(bench.engine.read(project, works).await.expect("read"));
    bench.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_use_of_a_key_is_in_the_log_before_and_the_others_are_counted() {
    let mut bench = Bench::new().await;
    let (_, agent, caller) = bench.agent("ann").await;
    let run: Option<RunId> = caller.run.as_ref().and_then(|run| run.parse().ok());
    assert!(run.is_some(), "{caller:?}");
    let entry = |provider: &str, calls| (Some(agent), run, provider.to_owned(), calls);
    bench.log.set_full(true);
    bench.directory.key_used(&caller, "p").await.expect_err("nothing can be logged");
    bench.log.set_full(false);
    assert_eq!(bench.key_uses().await, []);
    // Whoever comes while the first is being entered waits for it.
    let directory = Arc::new(GatewayDirectory::new(bench.engine.clone(), "the person's".to_owned()));
    let mut uses = JoinSet::new();
    for _ in 0..20 {
        let (directory, caller) = (directory.clone(), caller.clone());
        uses.spawn(async move { directory.key_used(&caller, "p").await });
    }
    while let Some(used) = uses.join_next().await {
        used.expect("no panic").expect("entered");
        assert_eq!(bench.key_uses().await, [entry("p", 1)]);
    }
    let person = Caller { person: true, ..Caller::default() };
    bench.directory.key_used(&person, "p").await.expect("entered");
    bench.directory.key_used(&caller, "q").await.expect("entered");
    let mut told = vec![entry("p", 1), (None, None, "p".to_owned(), 1), entry("q", 1)];
    assert_eq!(bench.key_uses().await, told);
    // At the end of the service, what was only counted; the next service begins anew.
    bench.restart().await;
    told.push(entry("p", 19));
    assert_eq!(bench.key_uses().await, told);
    bench.directory.key_used(&caller, "p").await.expect("entered");
    told.push(entry("p", 1));
    assert_eq!(bench.key_uses().await, told);
    bench.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_callers_with_open_streams_overspend_by_one_call_each_at_most() {
    let bench = Bench::new().await;
    let (_, agent, caller) = bench.agent("ann").await;
    let limit = 5 * DOLLAR;
    let of = BudgetOf::One(Scope::Agent(agent));
    bench.engine.gateway(Party::Root, GatewayOrder::SetBudget { of, limit: NanoUsd(limit) }).await.expect("set");
    // Each has a purse of its own, as the gateway keeps one for each run.
    let directory = Arc::new(GatewayDirectory::new(bench.engine.clone(), "the person's".to_owned()));
    let callers: Vec<Caller> =
        (0..200).map(|_| Caller { run: Some(RunId(new_id()).to_string()), ..caller.clone() }).collect();
    let ask = || {
        let mut asking = JoinSet::new();
        for caller in callers.clone() {
            let directory = directory.clone();
            asking.spawn(async move { (directory.allowance(&caller, 1).await, caller) });
        }
        asking.join_all()
    };
    let (mut streams, mut told) = (Vec::new(), Vec::new());
    for (answer, caller) in ask().await {
        match answer {
            Ok(allowance) => streams.push((allowance, caller)),
            Err(none) => told.push(none),
        }
    }
    // All of it is set aside, and nothing is spent: nobody is told that it is over.
    assert!(streams.len() > 1 && !told.is_empty(), "{} streams, {} refused", streams.len(), told.len());
    assert_eq!(streams.iter().map(|(allowance, _)| allowance.nanos).sum::<u64>(), limit);
    assert!(told.iter().all(|none| matches!(none, NoAllowance::Busy { .. })), "{:?}", told.first());
    // Each stream turns out to be dearer than all that was set aside for it.
    let mut charged = 0;
    for (allowance, caller) in &streams {
        charged += allowance.nanos + DOLLAR;
        bench.charge(caller, *allowance, allowance.nanos + DOLLAR);
        bench.directory.release(allowance.id).await.expect("given back");
    }
    assert_eq!(bench.spent(agent).await, charged);
    assert_eq!(charged, limit + streams.len() as u64 * DOLLAR, "one call each");
    for (answer, _) in ask().await {
        let none = answer.expect_err("nothing is left for anybody");
        assert!(matches!(&none, NoAllowance::OverBudget { scope, .. } if scope == "agent ann"), "{none:?}");
    }
    assert_eq!(bench.spent(agent).await, charged);
    bench.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_prompt_cache_that_stops_working_is_told_to_the_person() {
    let bench = Bench::new().await;
    let (project, _, caller) = bench.agent("ann").await;
    let allowance = bench.allowance(&caller, DOLLAR).await;
    for cache_read in [90_000_u64; 5].into_iter().chain([0; 5]) {
        let usage = Usage { input: 100_000 - cache_read, cache_read, ..Usage::default() };
        bench.ends(&caller, allowance, 1_000, usage);
    }
    let told = |state: &Organisation| {
        let inbox = state.inbox(Party::Root);
        inbox.iter().map(|message| message.body.head().to_owned()).find(|text| text.contains("prompt cache"))
    };
    let text = bench.engine.until(project, PATIENCE, told).await.expect("the engine lives").expect("it is told");
    assert!(text.contains("`ann`") && text.contains("0% of its last 5") && text.contains("90% of the 5"), "{text}");
    bench.end().await;
}
