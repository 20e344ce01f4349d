//! The start of a gate, under a shim: it outlives the service, and is found again.

use std::path::{Path, PathBuf};

use legion_model::tickets::GateRun;
use legion_process::{Holding, Shim, ShimEvents, ShimSpec};

use super::environment::environment;
use crate::tickets::failure::Failure;
use crate::tickets::site::Site;

/// How long a gate goes on without a service, in seconds.
const ORPHAN_AFTER_SECONDS: u64 = 600;

pub(super) fn start(site: &Site, run: &GateRun, checkout: &Path, dir: &Path) -> Result<(Shim, ShimEvents), Failure> {
    site.inner.data_dir.create(dir)?;
    let spec = ShimSpec {
        process: run.id.0,
        dir: dir.to_owned(),
        conversation_lock: dir.join("conversation.lock"),
        socket: site.inner.sockets.socket(run.id.0),
        secret: secret(site, run),
        program: "/bin/sh".to_owned(),
        args: vec!["-c".to_owned(), run.gate.command.clone()],
        env: environment(site)?,
        cwd: checkout.to_owned(),
        stdin: None,
        keep_stdin_open: false,
        output_bytes_max: site.inner.output_bytes_max,
        orphan_after: ORPHAN_AFTER_SECONDS,
        grace: site.inner.bounds.stop_grace_ms,
        cgroup: cgroup(site, run),
        groups: Vec::new(),
        leave_group: false,
        inside: false,
    };
    Shim::start(&site.inner.legion, &spec).map_err(|error| Failure::of(&error))
}

/// What the service and the gate's shim share.
pub(super) fn secret(site: &Site, run: &GateRun) -> String {
    site.inner.key.shim_secret(run.id.0, 0)
}

fn cgroup(site: &Site, run: &GateRun) -> Option<PathBuf> {
    let Holding::Cgroup(root) = &site.inner.holding else { return None };
    match root.create(run.id.0) {
        Ok(cgroup) => Some(cgroup.path().to_owned()),
        Err(error) => {
            tracing::warn!(run = %run.id, %error, "no control group for this gate");
            None
        }
    }
}
