//! Whether somebody else's user can write to a directory: root's files are lent to it, where the file system can do that.

use std::path::Path;
use std::time::Duration;

use legion_model::Tier;
use legion_process::Program;
use legion_sandbox::{Account, Confinement};

use super::ground::Containment;
use super::tiers::sandbox_tier;

/// How long it may take to look.
const LOOK_MAX: Duration = Duration::from_secs(20);
const OUTPUT_BYTES_MAX: usize = 4_096;

impl Containment {
    /// Whether `account` can write to a directory, tried as its program will be started.
    pub(super) async fn can_write(&self, tier: Tier, account: Option<Account>, directory: &Path) -> bool {
        if account.is_none() || self.is_known_writable(directory) || directory.as_os_str().is_empty() {
            return true;
        }
        let mut confinement = Confinement::new(directory);
        confinement.account = account;
        confinement.grant.write = vec![directory.to_owned()];
        let words = ["-c".to_owned(), "test -w .".to_owned()];
        let Ok(launch) = self.tools.launch(sandbox_tier(tier), &confinement, "/bin/sh", &words) else {
            return true;
        };
        let program = Program::new(&launch.program).args(&launch.arguments).envs(&launch.environment);
        match program.run_to_end(LOOK_MAX, OUTPUT_BYTES_MAX).await {
            Ok(output) if output.status.success() => {
                self.remember_writable(directory.to_owned());
                true
            }
            // What keeps it from being tried is said when it is started.
            Ok(output) => output.status.code() != Some(1),
            Err(_) => true,
        }
    }
}
