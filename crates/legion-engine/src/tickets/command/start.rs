//! The start of a command, under a shim: whatever becomes of the service, its tree is ended as a whole.

use std::path::Path;
use std::sync::Arc;

use legion_process::{Shim, ShimSpec};
use uuid::Uuid;

use super::environment::environment;
use super::running::{Running, whose};
use crate::containment::{CommandOrder, Grouped, Watched, hold_command};
use crate::tickets::failure::Failure;
use crate::tickets::site::Site;

/// A command to be started.
pub(in crate::tickets) struct Start<'a> {
    pub id: Uuid,
    pub command: &'a str,
    pub cwd: &'a Path,
    /// Its home. It is made.
    pub home: &'a Path,
    /// For files of this run. It is made.
    pub temporary: &'a Path,
    /// Where its transcript is to be. It is made.
    pub dir: &'a Path,
    /// It may have the machine's network.
    pub network: bool,
    /// Seconds that it goes on without a service.
    pub orphan_after: u64,
}

/// Starts a command as the service's tier says.
///
/// # Errors
/// When it cannot be held, which is no fault of what it would have judged.
pub(in crate::tickets) async fn start(site: &Site, start: Start<'_>) -> Result<Running, Failure> {
    let inner = &site.inner;
    for directory in [start.home, start.temporary] {
        inner.data_dir.create(directory)?;
    }
    let order = CommandOrder {
        command: start.command,
        cwd: start.cwd,
        home: start.home,
        temporary: start.temporary,
        network: start.network,
        environment: environment(site, start.home, start.temporary),
    };
    let held = hold_command(inner, order).await.map_err(Failure::passing)?;
    inner.data_dir.create(start.dir)?;
    let groups = Grouped::make(inner, &start.id.to_string(), &held.limits);
    let whose = whose(inner, start.id);
    let watched = Arc::new(Watched::new(whose, held.limits, groups.group));
    let spec = ShimSpec {
        process: start.id,
        dir: start.dir.to_owned(),
        conversation_lock: start.dir.join("conversation.lock"),
        socket: inner.sockets.socket(start.id),
        secret: inner.key.shim_secret(start.id, 0),
        program: held.program,
        args: held.args,
        env: held.env,
        cwd: start.cwd.to_owned(),
        stdin: None,
        keep_stdin_open: false,
        output_bytes_max: inner.output_bytes_max,
        orphan_after: start.orphan_after,
        grace: inner.bounds.stop_grace_ms,
        cgroup: groups.tree,
        groups: groups.others,
        leave_group: true,
        inside: held.inside,
    };
    match Shim::start(&inner.legion, &spec) {
        Ok(started) => Ok(Running::new(site, started, watched)),
        Err(error) => {
            // Nobody is in its groups.
            watched.finish();
            Err(Failure::of(&error))
        }
    }
}
