//! The directories of a project's gates.

use std::path::{Path, PathBuf};

use legion_git::{Control, GatePlace, Oid};
use legion_model::GateRunId;
use legion_model::tickets::Built;

use crate::tickets::failure::Failure;
use crate::tickets::ground::Ground;
use crate::tickets::site::{Site, oid};

impl Ground {
    /// Where one run of a gate has its transcript.
    pub(in crate::tickets) fn gate_run(&self, run: GateRunId) -> PathBuf {
        self.gate_runs().join(run.to_string())
    }

    pub(in crate::tickets) fn gate_runs(&self) -> PathBuf {
        self.gates.join("runs")
    }
}

/// Puts exactly the tree that was built into the one directory of the project's gates, and returns where that is.
pub(super) async fn check_out(site: &Site, control: &Control, built: &Built) -> Result<PathBuf, Failure> {
    let commit: Oid = oid(&built.commit)?;
    let dir = site.ground.gates.join("checkout");
    site.inner.data_dir.create(&site.ground.gates)?;
    let place = GatePlace::at(&dir);
    control.gate_checkout(&commit, &place).await?;
    let (tree, is_clean) = control.gate_tree(&place).await?;
    if tree.as_str() != built.tree || !is_clean {
        return Err(Failure::passing(format!(
            "`{}` holds the tree {tree}{} and not {}, which is to be tested",
            dir.display(),
            if is_clean { "" } else { " with changes" },
            built.tree
        )));
    }
    remake(&site.ground.gates.join("tmp"))?;
    Ok(dir)
}

/// An empty directory, whatever stood there.
fn remake(directory: &Path) -> Result<(), Failure> {
    let failed =
        |error: std::io::Error| Failure::passing(format!("failed to empty `{}`: {error}", directory.display()));
    match std::fs::remove_dir_all(directory) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(failed(error)),
        _ => {}
    }
    std::fs::create_dir(directory).map_err(failed)
}
