//! The set-up hook: what a clone needs before anybody works in it. Its command comes from the target, never from a branch.

use std::path::Path;

use legion_model::body::clip;
use legion_process::{PROCESS_VARIABLE, Program, ProgramError, sweep};
use sha2::{Digest, Sha256};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::configuration::Configuration;
use super::failure::{Failure, chain};
use super::gate;
use super::prepare::beside;
use super::site::Site;

/// Bytes of its output that are kept of each stream.
const OUTPUT_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Bytes of its last words that are told when it fails.
const TOLD_BYTES_MAX: usize = 1_200;

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
    // By its mark what a killed service has left of it is found: two of them would work in one clone.
    let mark = Uuid::new_v5(&Uuid::NAMESPACE_URL, dir.as_os_str().as_encoded_bytes());
    let swept = tokio::task::spawn_blocking(move || sweep(mark)).await.map_err(|error| Failure::of(&error))?;
    tracing::debug!(dir = %dir.display(), ?swept, "before a set-up command");
    let environment = gate::environment(site)?;
    let program = Program::new("/bin/sh").args(["-c", &setup.command]).envs(environment).current_dir(dir);
    let program = program.env(PROCESS_VARIABLE, mark.to_string());
    let running = program.run_to_end(setup.timeout, OUTPUT_BYTES_MAX);
    let ended = tokio::select! {
        biased; // nobody waits for it any more
        () = dropped.cancelled() => return Err(Failure::passing("nobody needs it any more")),
        ended = running => ended,
    };
    let called = format!("the set-up command `{}`", clip(&setup.command, 200));
    let output = ended.map_err(|error| match error {
        ProgramError::TimedOut { limit, .. } => {
            Failure::fatal(format!("{called} did not end within {} s", limit.as_secs()))
        }
        error => Failure::passing(format!("{called} could not be run: {}", chain(&error))),
    })?;
    if !output.status.success() {
        let mut said = String::from_utf8_lossy(&output.stdout).into_owned();
        said.push_str(&String::from_utf8_lossy(&output.stderr));
        let said = said.trim_end();
        let mut from = said.len().saturating_sub(TOLD_BYTES_MAX);
        while !said.is_char_boundary(from) {
            from += 1;
        }
        return Err(Failure::passing(format!("{called} failed ({}): {}", output.status, &said[from..])));
    }
    site.inner.data_dir.replace(&done, digest.as_bytes())?;
    Ok(())
}
