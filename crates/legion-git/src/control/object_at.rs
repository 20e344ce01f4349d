//! What stands at a path of a commit.

use std::path::Path;

use crate::control::Control;
use crate::error::GitError;
use crate::oid::Oid;
use crate::words::words;

impl Control {
    /// The object at a path of a commit or tree, whatever its kind, with its mode (`100644`, `120000`, …); `None` when there is none.
    ///
    /// # Errors
    /// When `from` is not here, or git fails.
    pub async fn object_at(&self, from: &Oid, path: &Path) -> Result<Option<(String, Oid)>, GitError> {
        let call = self.call("ls-tree").args(["-z", "--full-tree"]).arg(from).arg("--").arg(path);
        let listed = call.env("GIT_LITERAL_PATHSPECS", "1").run().await?;
        let Some(entry) = words(&listed).next() else { return Ok(None) };
        let head = entry.split(|byte| *byte == b'\t').next().unwrap_or_default();
        let mut fields = head.split(|byte| *byte == b' ');
        let (mode, oid) = (fields.next().unwrap_or_default(), fields.nth(1).and_then(Oid::from_output));
        let oid = oid.ok_or_else(|| GitError::unexpected("ls-tree", entry))?;
        Ok(Some((String::from_utf8_lossy(mode).into_owned(), oid)))
    }
}
