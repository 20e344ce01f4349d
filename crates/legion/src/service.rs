//! The service's life: settings → lock → listen → log → engine → faces → until it is told to end → drain.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use legion_agents::Login;
use legion_api::ServiceInfo;
use legion_cli::ServeArgs;
use legion_engine::{AgentLimits, ContainmentConfig, Engine, EngineConfig};
use legion_model::{Bounds, Tier};
use legion_runtime::{Auth, Clock, DataDir, Environment, Settings, Share, SystemClock};
use legion_server::{Backup, Server};
use legion_store::{DataDirLock, LockError};
use legion_store_sqlite::{Existing, SqliteLog};
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

use crate::{error_chain::chain, gateway, listen, log_file::LogFile};

/// Another service holds the data directory.
const EXIT_HELD: u8 = 3;
/// How long agents and connections may take to end.
const GRACE: Duration = Duration::from_secs(20);
/// How long a service that is just ending is waited for.
const ENDING_TRIES: u32 = 100;
const ENDING_PAUSE: Duration = Duration::from_millis(50);
/// Bytes that one process may write, when nothing else is set.
const OUTPUT_BYTES_MAX: u64 = 256 * 1024 * 1024;
/// The name by which agents without a network reach the service.
const AGENTS_HOST: &str = "127.0.0.1:6666";
/// Variables of the service that every agent program gets.
const PASSED_ON: &[&str] = &["PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "USER", "LOGNAME", "SHELL", "TERM"];

/// Variables of the service that agents, gates and set-up commands get besides: places of toolchains and caches, and how the network is
/// reached. None of them is a secret.
const TOOLCHAINS: &[&str] = &[
    "CARGO_HOME",
    "RUSTUP_HOME",
    "RUSTUP_TOOLCHAIN",
    "GOPATH",
    "GOMODCACHE",
    "GOCACHE",
    "GOROOT",
    "JAVA_HOME",
    "GRADLE_USER_HOME",
    "NVM_DIR",
    "VOLTA_HOME",
    "PYENV_ROOT",
    "RBENV_ROOT",
    "DOTNET_ROOT",
    "npm_config_cache",
    "PIP_CACHE_DIR",
    "UV_CACHE_DIR",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "NO_PROXY",
    "no_proxy",
];

/// Runs the service until it ends.
pub(crate) fn run(environment: &Environment, args: &ServeArgs) -> ExitCode {
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&format!("failed to start the runtime: {error}"), 70),
    };
    let code = match runtime.block_on(serve(environment, args)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure { what, code }) => fail(&what, code),
    };
    // A blocking call that hangs does not hold up the end.
    runtime.shutdown_timeout(Duration::from_secs(2));
    code
}

struct Failure {
    what: String,
    code: u8,
}

fn failure(what: impl std::fmt::Display) -> Failure {
    Failure { what: what.to_string(), code: 1 }
}

fn fail(what: &str, code: u8) -> ExitCode {
    eprintln!("error: {what}");
    ExitCode::from(code)
}

async fn serve(environment: &Environment, args: &ServeArgs) -> Result<(), Failure> {
    let settings = Settings::load(environment, Some(&args.data_dir)).map_err(|error| failure(chain(&error)))?;
    DataDirLock::check(&settings.data_dir).map_err(|error| failure(chain(&error)))?;
    let data_dir = DataDir::open(&settings.data_dir).map_err(|error| failure(chain(&error)))?;
    let mut lock = acquire(&data_dir).await?;
    log_to_file(environment, &data_dir);

    let listeners = listen::bind(&args.listen, &settings, &data_dir).await.map_err(failure)?;
    let address = listeners.first().ok_or_else(|| failure("no address to listen on"))?.local_addr().map_err(failure)?;
    let url = format!("http://{}", reachable(address));
    let gateway = gateway::Place::take(&settings, &data_dir).await.map_err(failure)?;
    let log = Arc::new(SqliteLog::open(data_dir.database()).map_err(|error| failure(chain(&error)))?);
    let clock = Arc::new(SystemClock::new());
    let person_token = legion_runtime::person_token(&data_dir.token_file()).map_err(|error| failure(chain(&error)))?;
    let info = ServiceInfo {
        pid: std::process::id(),
        url: url.clone(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        started_at: clock.now(),
        data_dir: data_dir.root().to_string_lossy().into_owned(),
    };
    // Before the engine: agents that live come back at once, and ask where the service is.
    announce(&data_dir, &mut lock, &info, &address.to_string())?;

    let legion = std::env::current_exe().map_err(failure)?;
    let containment = containment(&settings, environment);
    let tier = tier(args, &settings, &data_dir, &legion, &containment).await;
    let engine = Engine::open(EngineConfig {
        data_dir: data_dir.clone(),
        log: log.clone(),
        clock,
        bounds: Bounds { tier, ..bounds(&settings) },
        output_bytes_max: settings.limits.output_bytes.unwrap_or(OUTPUT_BYTES_MAX),
        legion,
        claude: settings.claude.clone(),
        login: login(&settings, environment),
        // Agents have a home of their own: without these they would not find the toolchains of this one.
        base_environment: PASSED_ON
            .iter()
            .filter_map(|name| Some(((*name).to_owned(), environment.get(name)?.to_owned())))
            .chain(toolchains(environment))
            .collect(),
        gate_environment: toolchains(environment),
        runtime_dir: environment.get("XDG_RUNTIME_DIR").map(PathBuf::from),
        url,
        gateway_url: Some(gateway.url.clone()),
        failpoints: settings.failpoints.clone(),
        containment,
    })
    .await
    .map_err(|error| failure(chain(&error)))?;

    let (down, mut asked_down) = tokio::sync::mpsc::channel(4);
    let copied = log.clone();
    let backup: Backup = Arc::new(move |path: PathBuf| {
        let log = copied.clone();
        Box::pin(async move {
            let report = log.backup(&path, Existing::Refuse).await.map_err(|error| chain(&error))?;
            Ok((report.bytes, report.last_position))
        })
    });
    // Agents without a network reach the service under the name that every client knows.
    let server = Server::new(engine.clone(), person_token.clone(), info, down, backup)
        .named([AGENTS_HOST.to_owned()])
        .limited(share(&settings));
    let for_agents = engine.listen_for_agents().map_err(failure)?;
    let models = gateway.open(&engine, &data_dir, environment, (&person_token, share(&settings))).map_err(failure)?;
    let server = server.with_gateway(models);
    legion_server::serve(server, listeners, Some(for_agents));
    tracing::info!(%address, "the service runs");

    let keep = until_told(&engine, &mut asked_down).await;
    let failed = engine.tasks().failed().is_cancelled();
    tracing::info!(keep, failed, "the service ends");
    let clean = engine.shutdown(keep || failed, GRACE).await;
    if !clean {
        tracing::warn!("not everything ended in time");
    }
    log.close().await;
    // Left behind by a crash it does no harm: who reads it finds nobody there.
    let _ = std::fs::remove_file(data_dir.service_file());
    drop(lock);
    if failed { Err(failure("a vital part of the service failed; see the service's log")) } else { Ok(()) }
}

/// How agents are held when nothing else is said.
async fn tier(
    args: &ServeArgs,
    settings: &Settings,
    data_dir: &DataDir,
    legion: &Path,
    containment: &ContainmentConfig,
) -> Tier {
    match args.tier.as_deref() {
        Some("best") => {
            let best = legion_engine::strongest_tier(containment, data_dir, legion).await;
            tracing::info!(tier = %best, "the strongest tier that works here");
            best
        }
        // The command line lets nothing else through.
        Some(word) => Tier::parse(word).unwrap_or(Tier::Full),
        None => settings.containment.tier.unwrap_or(Tier::Full),
    }
}

pub(crate) fn containment(settings: &Settings, environment: &Environment) -> ContainmentConfig {
    let set = &settings.containment;
    let default = ContainmentConfig::default();
    ContainmentConfig {
        user_ids: set.user_ids.or(default.user_ids),
        limits: AgentLimits {
            memory_bytes: set.memory_bytes,
            processes: set.processes.unwrap_or(default.limits.processes),
            cpu_percent: set.cpu_percent,
            disk_bytes: set.disk_bytes,
        },
        memory_reserve_bytes: set.memory_reserve_bytes,
        person_home: environment.get("HOME").map(PathBuf::from),
        // An agent is given the directory itself, never a link to another.
        shared: set.shared.iter().map(|path| path.canonicalize().unwrap_or_else(|_| path.clone())).collect(),
        setup_network: set.setup_network,
        ..default
    }
}

/// Where toolchains and their caches lie. Rust's are found below the home when nothing else is said: gates have another home.
fn toolchains(environment: &Environment) -> BTreeMap<String, String> {
    let said = TOOLCHAINS.iter().filter_map(|name| Some(((*name).to_owned(), environment.get(name)?.to_owned())));
    let mut toolchains: BTreeMap<String, String> = said.collect();
    let home = environment.get("HOME").map(PathBuf::from).unwrap_or_default();
    for (name, below) in [("CARGO_HOME", ".cargo"), ("RUSTUP_HOME", ".rustup")] {
        let found = home.join(below);
        if !toolchains.contains_key(name) && found.is_absolute() && found.is_dir() {
            toolchains.insert(name.to_owned(), found.to_string_lossy().into_owned());
        }
    }
    toolchains
}

/// Takes the data directory. A service that is just ending (it has taken back its address already) is waited for.
async fn acquire(data_dir: &DataDir) -> Result<DataDirLock, Failure> {
    for _ in 0..ENDING_TRIES {
        match DataDirLock::acquire(data_dir.root()) {
            Err(LockError::Held { .. }) if !is_announced(data_dir) => tokio::time::sleep(ENDING_PAUSE).await,
            other => return other.map_err(held),
        }
    }
    DataDirLock::acquire(data_dir.root()).map_err(held)
}

/// Whether the service file says where a service is. Without it, the lock may also be held for a moment by somebody who looks at it.
fn is_announced(data_dir: &DataDir) -> bool {
    let text = std::fs::read(data_dir.service_file()).unwrap_or_default();
    serde_json::from_slice::<ServiceInfo>(&text).is_ok()
}

fn held(error: LockError) -> Failure {
    Failure { code: if matches!(error, LockError::Held { .. }) { EXIT_HELD } else { 1 }, what: chain(&error) }
}

/// Waits for the end: a signal, a call of `down`, or the failure of a vital task. True when agents are to be left running.
async fn until_told(engine: &Engine, asked_down: &mut tokio::sync::mpsc::Receiver<bool>) -> bool {
    let (Ok(mut interrupt), Ok(mut terminate)) = (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
    else {
        return asked_down.recv().await.unwrap_or(true);
    };
    let failed = engine.tasks().failed();
    let keep = tokio::select! {
        keep = asked_down.recv() => keep.unwrap_or(true),
        _ = interrupt.recv() => false,
        _ = terminate.recv() => false,
        () = failed.cancelled() => true,
    };
    // A second signal means now.
    engine.tasks().spawn(legion_runtime::TaskKind::Upkeep, |cancel| async move {
        tokio::select! {
            _ = interrupt.recv() => std::process::exit(130),
            _ = terminate.recv() => std::process::exit(143),
            () = cancel.cancelled() => {}
        }
    });
    keep
}

/// The address by which this machine reaches itself.
pub(crate) fn reachable(address: SocketAddr) -> SocketAddr {
    match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => SocketAddr::from((Ipv4Addr::LOCALHOST, address.port())),
        IpAddr::V6(ip) if ip.is_unspecified() => SocketAddr::from((Ipv6Addr::LOCALHOST, address.port())),
        _ => address,
    }
}

fn announce(data_dir: &DataDir, lock: &mut DataDirLock, info: &ServiceInfo, address: &str) -> Result<(), Failure> {
    lock.announce(&info.url).map_err(|error| failure(chain(&error)))?;
    data_dir.replace(&data_dir.last_address_file(), address.as_bytes()).map_err(|error| failure(chain(&error)))?;
    let text = serde_json::to_vec(info).map_err(failure)?;
    data_dir.replace(&data_dir.service_file(), &text).map_err(|error| failure(chain(&error)))
}

fn log_to_file(environment: &Environment, data_dir: &DataDir) {
    let filter =
        EnvFilter::try_new(environment.get("LEGION_LOG").unwrap_or("info")).unwrap_or_else(|_| EnvFilter::new("info"));
    let file: &'static LogFile = Box::leak(Box::new(LogFile::new(&data_dir.logs())));
    // A second service in one process, in a test, keeps the first one's log.
    let _ = tracing_subscriber::fmt().with_env_filter(filter).with_ansi(false).with_writer(move || file).try_init();
}

fn bounds(settings: &Settings) -> Bounds {
    let default = Bounds::default();
    let ms = |seconds: Option<u64>, default: u64| seconds.map_or(default, |seconds| seconds.saturating_mul(1_000));
    Bounds {
        headcount_max: settings.limits.headcount.unwrap_or(default.headcount_max),
        depth_max: settings.limits.depth.unwrap_or(default.depth_max),
        processes_max: settings.limits.processes.unwrap_or(default.processes_max),
        suspect_ms: ms(settings.liveness.suspect_seconds, default.suspect_ms),
        hung_ms: ms(settings.liveness.hung_seconds, default.hung_ms),
        warm_ms: ms(settings.liveness.warm_seconds, default.warm_ms),
        approval_ms: ms(settings.liveness.approval_seconds, default.approval_ms),
        ..default
    }
}

fn share(settings: &Settings) -> Share {
    let (default, set) = (Share::default(), &settings.limits);
    Share {
        per_second: set.requests_per_second.unwrap_or(default.per_second),
        burst: set.requests_burst.unwrap_or(default.burst),
        at_once: set.requests_at_once.unwrap_or(default.at_once),
    }
}

fn login(settings: &Settings, environment: &Environment) -> Login {
    match settings.auth {
        Auth::Env => Login::Env(settings.login.clone()),
        Auth::SetupToken => Login::SetupToken(settings.login.clone()),
        Auth::Login => Login::Person {
            home: PathBuf::from(environment.get("HOME").unwrap_or("/")),
            config_dir: settings.claude_config_dir(environment),
            variables: settings.login.clone(),
        },
    }
}
