//! What a gate's directory holds, as a tree.

use crate::control::Control;
use crate::control::gate_checkout::GatePlace;
use crate::error::GitError;
use crate::oid::Oid;

impl Control {
    /// The tree of what [`Control::gate_checkout`] has put into `place`, and whether every file there is as it was put.
    ///
    /// # Errors
    /// When there is no checkout, or git fails.
    pub async fn gate_tree(&self, place: &GatePlace) -> Result<(Oid, bool), GitError> {
        let call = |verb| self.call(verb).work_tree(place.dir()).index(place.index()).long();
        let written = call("write-tree").run().await?;
        let tree = Oid::from_output(&written).ok_or_else(|| GitError::unexpected("write-tree", &written))?;
        let changed = call("diff-files")
            .args(["--name-only", "-z", "--no-ext-diff", "--ignore-submodules=all"])
            .run_cut()
            .await?;
        Ok((tree, changed.stdout.is_empty()))
    }
}
