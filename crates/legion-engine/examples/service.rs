//! An engine on a data directory until all of its tickets are closed, for tests that kill it: `service DATA RUN SHIM FAILPOINTS`.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use legion_agents::Login;
use legion_engine::{Engine, EngineConfig};
use legion_model::{Bounds, Organisation};
use legion_runtime::{DataDir, SystemClock};
use legion_store_sqlite::SqliteLog;

const PATIENCE: Duration = Duration::from_secs(60);
const USAGE: u8 = 64;

#[tokio::main]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [data, run, shim, failpoints] = &arguments[..] else { return ExitCode::from(USAGE) };
    let data_dir = DataDir::open(data.as_ref()).expect("a data directory");
    let log = Arc::new(SqliteLog::open(data_dir.database()).expect("a log"));
    let engine = Engine::open(EngineConfig {
        data_dir,
        log: log.clone(),
        clock: Arc::new(SystemClock::new()),
        bounds: Bounds { stop_grace_ms: 500, tier: legion_model::Tier::None, ..Bounds::default() },
        output_bytes_max: 8 * 1024 * 1024,
        legion: PathBuf::from(shim),
        claude: None,
        login: Login::Env(BTreeMap::new()),
        base_environment: BTreeMap::from([("PATH".to_owned(), "/usr/local/bin:/usr/bin:/bin".to_owned())]),
        gate_environment: BTreeMap::new(),
        runtime_dir: Some(PathBuf::from(run)),
        url: "http://127.0.0.1:1".to_owned(),
        gateway_url: None,
        failpoints: Some(failpoints.clone()),
        containment: legion_engine::ContainmentConfig { user_ids: None, ..Default::default() },
    })
    .await
    .expect("the engine opens");
    let mut done = true;
    for (project, _) in engine.projects() {
        let closed = |state: &Organisation| {
            let board = &state.board;
            let all = board.tickets.values().all(|ticket| ticket.is_closed());
            (all && board.places.is_empty()).then_some(())
        };
        done &= matches!(engine.until(project, PATIENCE, closed).await, Ok(Some(())));
    }
    engine.shutdown(true, PATIENCE).await;
    log.close().await;
    if done { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
