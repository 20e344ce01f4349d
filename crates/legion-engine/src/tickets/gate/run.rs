//! One run of a gate: started, or found again, and followed to its end.

use std::path::Path;
use std::time::Duration;

use legion_model::TicketOrder;
use legion_model::tickets::GateRun;
use legion_process::{ProcessState, Shim, ShimEvent, ShimEvents, process_state, sweep};
use tokio_util::sync::CancellationToken;

use super::others::end_others;
use super::place::check_out;
use super::reading::{LOG_BYTES_MAX, Reading};
use super::start::{secret, start};
use super::verdict::judge;
use crate::tickets::failure::Failure;
use crate::tickets::order::Case;
use crate::tickets::site::Site;

/// How long a shim that lives may be out of reach when it is looked for.
const ATTACH_TRIES: u32 = 60;
const ATTACH_PAUSE: Duration = Duration::from_millis(250);

/// How the following of a gate ended.
enum Followed {
    Ended,
    TimedOut,
    /// Nobody needs its answer.
    Dropped,
    /// The service ends.
    LetGo,
}

/// Runs a gate on the tree that was built. No answer when nobody needs one.
pub(in crate::tickets) async fn run(
    site: &Site,
    case: &Case,
    run: &GateRun,
    dropped: &CancellationToken,
    cancel: &CancellationToken,
) -> Result<Option<TicketOrder>, Failure> {
    let alone = tokio::select! {
        biased;
        () = dropped.cancelled() => return Ok(None),
        () = cancel.cancelled() => return Ok(None),
        alone = site.ground.gate.lock() => alone,
    };
    let dir = site.ground.gate_run(run.id);
    let followed = match begin(site, case, run, &dir).await? {
        Some((shim, events)) => {
            site.pass("tickets.gate-started");
            let left = time_left(site, run, &dir).await?;
            follow(site, &shim, events, left, dropped, cancel).await
        }
        None => Followed::Ended,
    };
    let timed_out = match followed {
        Followed::Ended => false,
        Followed::TimedOut => true,
        Followed::Dropped => return Ok(None),
        Followed::LetGo => {
            if site.inner.grounds.ends_gates() {
                // It is as if it had never been: the next service runs it again under the same id.
                let _ = std::fs::remove_dir_all(&dir);
            }
            return Ok(None);
        }
    };
    drop(alone);
    let reading = read(&dir, LOG_BYTES_MAX).await?;
    if !reading.exit.is_some_and(|(exit, _)| exit.tree_gone) {
        let id = run.id.0;
        // What is left of its tree would write into the next one's directory.
        let swept = tokio::task::spawn_blocking(move || sweep(id)).await;
        tracing::info!(run = %run.id, ?swept, "what a gate left was swept");
    }
    let verdict = judge(&run.gate, reading, timed_out);
    Ok(Some(TicketOrder::GateEnded {
        session: case.session.clone(),
        landing: case.landing.id,
        run: run.id,
        verdict: verdict.verdict,
        exit_code: verdict.exit_code,
        ms: verdict.ms,
        log: site.body(verdict.log).await?,
    }))
}

/// Starts it, or finds it again. Nothing when it has ended already.
async fn begin(site: &Site, case: &Case, run: &GateRun, dir: &Path) -> Result<Option<(Shim, ShimEvents)>, Failure> {
    for attempt in 0..ATTACH_TRIES {
        match process_state(dir).map_err(|error| Failure::of(&error))? {
            ProcessState::NeverStarted => {
                let built = case.landing.built.as_ref().ok_or_else(|| Failure::passing("nothing is built"))?;
                let (runs, own) = (site.ground.gate_runs(), run.id.0);
                let ended = tokio::task::spawn_blocking(move || end_others(&runs, own)).await;
                ended.map_err(|error| Failure::of(&error))?;
                let control = site.control().await?;
                let checkout = check_out(site, &control, built).await?;
                return start(site, run, &checkout, dir).map(Some);
            }
            ProcessState::Held => {
                let socket = site.inner.sockets.socket(run.id.0);
                match Shim::attach(&socket, run.id.0, &secret(site, run)).await {
                    Ok(found) => return Ok(Some(found)),
                    Err(error) if attempt + 1 == ATTACH_TRIES => {
                        tracing::warn!(run = %run.id, %error, "the shim of a gate is out of reach; its program is ended");
                        let id = run.id.0;
                        let _ = tokio::task::spawn_blocking(move || sweep(id)).await;
                    }
                    Err(_) => tokio::time::sleep(ATTACH_PAUSE).await,
                }
            }
            ProcessState::Exited(_) | ProcessState::Failed(_) | ProcessState::Lost => return Ok(None),
        }
    }
    Ok(None)
}

/// What is left of its time. One that a service before this one has started has used up some.
async fn time_left(site: &Site, run: &GateRun, dir: &Path) -> Result<Duration, Failure> {
    let limit = Duration::from_secs(run.gate.timeout_s);
    let reading = read(dir, 0).await?;
    let now_ms = u64::try_from(site.inner.clock.now().as_millisecond()).unwrap_or_default();
    let used = reading.started_ms.map_or(0, |started| now_ms.saturating_sub(started));
    Ok(limit.saturating_sub(Duration::from_millis(used)))
}

async fn read(dir: &Path, log_bytes_max: usize) -> Result<Reading, Failure> {
    let dir = dir.to_owned();
    let read = tokio::task::spawn_blocking(move || Reading::of(&dir, log_bytes_max)).await;
    read.map_err(|error| Failure::of(&error))?.map_err(|error| Failure::of(&error))
}

async fn follow(
    site: &Site,
    shim: &Shim,
    mut events: ShimEvents,
    left: Duration,
    dropped: &CancellationToken,
    cancel: &CancellationToken,
) -> Followed {
    let gone = async { while !matches!(events.next().await, None | Some(ShimEvent::Gone)) {} };
    let followed = tokio::select! {
        biased; // its end before what would end it
        () = gone => return Followed::Ended,
        () = dropped.cancelled() => Followed::Dropped,
        () = cancel.cancelled() => Followed::LetGo,
        () = tokio::time::sleep(left) => Followed::TimedOut,
    };
    if !matches!(followed, Followed::LetGo) || site.inner.grounds.ends_gates() {
        let grace = Duration::from_millis(site.inner.bounds.stop_grace_ms);
        let stopped = shim.stop_and_wait(grace, false).await;
        tracing::debug!(?stopped, process = %shim.process(), "a gate was stopped");
    }
    followed
}
