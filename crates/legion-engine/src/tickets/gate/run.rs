//! One run of a gate: started, or found again, and followed to its end.

use std::path::Path;
use std::time::Duration;

use legion_model::TicketOrder;
use legion_model::body::clip;
use legion_model::tickets::{GateRun, GateVerdict};
use legion_process::{ExitCause, ExitStatus, ProcessState, process_state, sweep};
use legion_sandbox::why_not_held;
use tokio_util::sync::CancellationToken;

use super::others::end_others;
use super::place::check_out;
use super::reading::{LOG_BYTES_MAX, Reading};
use super::verdict::{Ended, judge};
use super::warm;
use crate::tickets::command::{Running, Start, finish_ended, start};
use crate::tickets::failure::Failure;
use crate::tickets::order::Case;
use crate::tickets::site::Site;

/// How long a shim that lives may be out of reach when it is looked for.
const ATTACH_TRIES: u32 = 60;
const ATTACH_PAUSE: Duration = Duration::from_millis(250);
/// How long a gate goes on without a service, in seconds.
const ORPHAN_AFTER_SECONDS: u64 = 600;
/// Bytes of a gate's name that are told.
const NAME_BYTES_MAX: usize = 200;

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
    let mut running = begin(site, case, run, &dir).await?;
    let followed = match &mut running {
        Some(running) => {
            site.pass("tickets.gate-started");
            let left = time_left(site, run, &dir).await?;
            follow(site, running, left, dropped, cancel).await
        }
        None => Followed::Ended,
    };
    let timed_out = match followed {
        Followed::Ended => false,
        Followed::TimedOut => true,
        Followed::Dropped => {
            if let Some(running) = running {
                running.finish();
            }
            return Ok(None);
        }
        Followed::LetGo => {
            if site.inner.grounds.ends_gates() {
                if let Some(running) = running {
                    running.finish();
                }
                // It is as if it had never been: the next service runs it again under the same id.
                let _ = std::fs::remove_dir_all(&dir);
            }
            return Ok(None);
        }
    };
    let reading = read(&dir, LOG_BYTES_MAX).await?;
    if !reading.exit.is_some_and(|(exit, _)| exit.tree_gone) {
        let id = run.id.0;
        // What is left of its tree would write into the next one's directory.
        let swept = tokio::task::spawn_blocking(move || sweep(id)).await;
        tracing::info!(run = %run.id, ?swept, "what a gate left was swept");
    }
    let excess = match running {
        Some(running) => running.finish(),
        None => finish_ended(site, run.id.0, &site.ground.gates),
    };
    if let Some(why) = not_held(&reading) {
        // No answer about the tree: it is run again under the same id, after a while.
        let _ = std::fs::remove_dir_all(&dir);
        let why = format!("it cannot be held in tier `{}`: {why}", site.inner.bounds.tier);
        return Err(Failure::passing(not_run(run, &why)));
    }
    let verdict = judge(&run.gate, reading, &Ended { timed_out, excess });
    if verdict.verdict == GateVerdict::Passed {
        warm::passed(site);
    }
    drop(alone);
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
async fn begin(site: &Site, case: &Case, run: &GateRun, dir: &Path) -> Result<Option<Running>, Failure> {
    for attempt in 0..ATTACH_TRIES {
        match process_state(dir).map_err(|error| Failure::of(&error))? {
            ProcessState::NeverStarted => {
                let built = case.landing.built.as_ref().ok_or_else(|| Failure::passing("nothing is built"))?;
                let (others, own) = (site.clone(), run.id.0);
                let ended = tokio::task::spawn_blocking(move || end_others(&others, own)).await;
                ended.map_err(|error| Failure::of(&error))?;
                let control = site.control().await?;
                warm::clear(site, &control, case, built).await?;
                let checkout = check_out(site, &control, built).await?;
                warm::begin(site, case, built)?;
                let started = start(site, specification(site, run, &checkout, dir)).await;
                return started.map(Some).map_err(|failure| Failure { why: not_run(run, &failure.why), ..failure });
            }
            ProcessState::Held => match Running::attach(site, run.id.0, &site.ground.gates).await {
                Ok(found) => return Ok(Some(found)),
                Err(error) if attempt + 1 == ATTACH_TRIES => {
                    tracing::warn!(run = %run.id, %error, "the shim of a gate is out of reach; its program is ended");
                    let id = run.id.0;
                    let _ = tokio::task::spawn_blocking(move || sweep(id)).await;
                }
                Err(_) => tokio::time::sleep(ATTACH_PAUSE).await,
            },
            ProcessState::Exited(_) | ProcessState::Failed(_) | ProcessState::Lost => return Ok(None),
        }
    }
    Ok(None)
}

fn specification<'a>(site: &'a Site, run: &'a GateRun, checkout: &'a Path, dir: &'a Path) -> Start<'a> {
    Start {
        id: run.id.0,
        command: &run.gate.command,
        cwd: checkout,
        home: &site.ground.gate_home,
        temporary: &site.ground.gate_temporary,
        dir,
        network: false,
        orphan_after: ORPHAN_AFTER_SECONDS,
    }
}

/// A gate that could not be run is no fault of what it would have judged.
fn not_run(run: &GateRun, why: &str) -> String {
    format!("the gate `{}` could not be run: {why}", clip(&run.gate.name, NAME_BYTES_MAX))
}

/// Why its command was never executed.
fn not_held(reading: &Reading) -> Option<&str> {
    let (exit, _) = reading.exit?;
    match (exit.cause, exit.status) {
        (ExitCause::Own, ExitStatus::Code(code)) => why_not_held(code, &reading.log),
        _ => None,
    }
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
    running: &mut Running,
    left: Duration,
    dropped: &CancellationToken,
    cancel: &CancellationToken,
) -> Followed {
    let followed = tokio::select! {
        biased; // its end before what would end it
        () = running.gone() => return Followed::Ended,
        () = dropped.cancelled() => Followed::Dropped,
        () = cancel.cancelled() => Followed::LetGo,
        () = tokio::time::sleep(left) => Followed::TimedOut,
    };
    if !matches!(followed, Followed::LetGo) || site.inner.grounds.ends_gates() {
        running.stop().await;
    }
    followed
}

#[cfg(test)]
mod tests {
    use super::*;
    use legion_process::Exit;

    #[test]
    fn what_was_never_executed_has_judged_nothing() {
        let ended = |cause, status, log: &str| Reading {
            exit: Some((Exit { status, cause, tree_gone: true }, 5)),
            log: log.to_owned(),
            ..Reading::default()
        };
        let helper = "legion confine: Landlock does not hold on this kernel: it is switched off";
        let not_made = ended(ExitCause::Own, ExitStatus::Code(125), helper);
        assert_eq!(not_held(&not_made), Some("Landlock does not hold on this kernel: it is switched off"));
        for judged in [
            ended(ExitCause::Own, ExitStatus::Code(125), "3 tests failed"),
            ended(ExitCause::Own, ExitStatus::Code(1), helper),
            ended(ExitCause::Stopped, ExitStatus::Code(125), helper),
            Reading::default(),
        ] {
            assert_eq!(not_held(&judged), None, "{judged:?}");
        }
    }
}
