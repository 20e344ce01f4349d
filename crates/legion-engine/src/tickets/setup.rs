//! The set-up hook: what a clone needs before anybody works in it. Its command comes from the target, never from a branch.

use std::path::{Path, PathBuf};
use std::time::Duration;

use legion_model::Tier;
use legion_model::body::clip;
use legion_process::{ExitCause, ExitStatus, ProcessState, process_state, sweep};
use legion_sandbox::why_not_held;
use sha2::{Digest, Sha256};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::command::{Excess, Running, Start, finish_ended, start};
use super::configuration::{Configuration, Setup};
use super::failure::Failure;
use super::gate::{self, Reading};
use super::prepare::beside;
use super::site::Site;

/// Bytes of its last words that are told when it fails.
const TOLD_BYTES_MAX: usize = 1_200;
/// Bytes of its command that are told.
const COMMAND_BYTES_MAX: usize = 200;
/// How long one goes on without a service, in seconds: the next service begins anew.
const ORPHAN_AFTER_SECONDS: u64 = 10;
/// How long the shim of one that was swept may take to end.
const END_TRIES: u32 = 500;
const END_PAUSE: Duration = Duration::from_millis(20);

/// Runs it in `dir`, once.
pub(super) async fn run(
    site: &Site,
    configuration: &Configuration,
    dir: &Path,
    dropped: &CancellationToken,
) -> Result<(), Failure> {
    let Some(setup) = &configuration.setup else { return Ok(()) };
    let done = beside(dir, "setup");
    let digest: String = Sha256::digest(&setup.command).iter().map(|byte| format!("{byte:02x}")).collect();
    if std::fs::read_to_string(&done).is_ok_and(|noted| noted == digest) {
        return Ok(());
    }
    // The same for the same clone: so what a killed service has left of it is found. Two of them would work in one clone.
    let id = Uuid::new_v5(&Uuid::NAMESPACE_URL, dir.as_os_str().as_encoded_bytes());
    let ground = site.ground.setups.join(id.to_string());
    clear(site, id, &ground).await?;
    let (home, temporary, run_dir) = (site.ground.setups.join("home"), ground.join("tmp"), transcript(&ground));
    let begun = Start {
        id,
        command: &setup.command,
        cwd: dir,
        home: &home,
        temporary: &temporary,
        dir: &run_dir,
        network: site.inner.containment.gives_setup_network(),
        orphan_after: ORPHAN_AFTER_SECONDS,
    };
    let begun = start(site, begun).await;
    let mut running = begun.map_err(|failure| Failure {
        why: format!("{} could not be run: {}", called(setup), failure.why),
        ..failure
    })?;
    let outcome = follow(site, setup, &mut running, &run_dir, dropped).await;
    let excess = running.finish();
    let outcome = outcome.and_then(|reading| judge(site, setup, &reading, excess));
    clear(site, id, &ground).await?;
    outcome?;
    site.inner.data_dir.replace(&done, digest.as_bytes())?;
    Ok(())
}

fn transcript(ground: &Path) -> PathBuf {
    ground.join("run")
}

fn called(setup: &Setup) -> String {
    format!("the set-up command `{}`", clip(&setup.command, COMMAND_BYTES_MAX))
}

/// Ends what is left of it, and removes what it had.
async fn clear(site: &Site, id: Uuid, ground: &Path) -> Result<(), Failure> {
    let dir = transcript(ground);
    let is_held = || matches!(process_state(&dir), Ok(ProcessState::Held));
    if is_held() {
        let swept = tokio::task::spawn_blocking(move || sweep(id)).await.map_err(|error| Failure::of(&error))?;
        tracing::info!(process = %id, ?swept, "what was left of a set-up command was ended");
        for _ in 0..END_TRIES {
            if !is_held() {
                break;
            }
            tokio::time::sleep(END_PAUSE).await;
        }
        if is_held() {
            return Err(Failure::passing(format!("what is left of a set-up command does not end: process {id}")));
        }
        finish_ended(site, id, ground);
    }
    gate::remove_all(ground).await
}

/// Waits for its end, and reads what it left.
async fn follow(
    site: &Site,
    setup: &Setup,
    running: &mut Running,
    dir: &Path,
    dropped: &CancellationToken,
) -> Result<Reading, Failure> {
    tokio::select! {
        biased; // its end before what would end it
        () = running.gone() => {}
        // Nobody waits for it any more.
        () = dropped.cancelled() => {
            running.stop().await;
            return Err(Failure::passing("nobody needs it any more"));
        }
        () = tokio::time::sleep(setup.timeout) => {
            running.stop().await;
            let limit = setup.timeout.as_secs();
            return Err(Failure::fatal(format!("{} did not end within {limit} s", called(setup))));
        }
    }
    let dir = dir.to_owned();
    let read = tokio::task::spawn_blocking(move || Reading::of(&dir, TOLD_BYTES_MAX)).await;
    let reading = read.map_err(|error| Failure::of(&error))?.map_err(|error| Failure::of(&error))?;
    if !reading.exit.is_some_and(|(exit, _)| exit.tree_gone) {
        let id = running.id();
        let swept = tokio::task::spawn_blocking(move || sweep(id)).await;
        tracing::info!(process = %id, ?swept, project = %site.project, "what a set-up command left was swept");
    }
    Ok(reading)
}

/// What its end means.
fn judge(site: &Site, setup: &Setup, reading: &Reading, excess: Option<Excess>) -> Result<(), Failure> {
    let called = called(setup);
    let Some((exit, _)) = reading.exit else {
        let why = reading.failed.as_deref().unwrap_or("its shim was killed");
        return Err(Failure::passing(format!("{called} could not be run: {why}")));
    };
    let tier = site.inner.bounds.tier;
    let how = match (exit.cause, exit.status) {
        (ExitCause::Own, ExitStatus::Code(0)) => return Ok(()),
        (ExitCause::Own, ExitStatus::Code(code)) => {
            if let Some(why) = why_not_held(code, &reading.log) {
                return Err(Failure::passing(format!(
                    "{called} could not be run: it cannot be held in tier `{tier}`: {why}"
                )));
            }
            format!("exit code {code}")
        }
        (ExitCause::Own, ExitStatus::Signal(signal)) => format!("signal {signal}"),
        (ExitCause::OutputLimit, _) => "it wrote more than it may".to_owned(),
        (ExitCause::Stopped | ExitCause::Orphaned, _) => "it was stopped".to_owned(),
    };
    let how = excess.map_or(how, |excess| format!("it {}", excess.what));
    // What most of them fail of, and what does not stand in their words.
    let has_network = tier == Tier::None || site.inner.containment.gives_setup_network();
    let network = if has_network { "" } else { "; it has no network: `setup_network` in `[containment]` gives it one" };
    Err(Failure::passing(format!("{called} failed ({how}{network}): {}", reading.log)))
}
