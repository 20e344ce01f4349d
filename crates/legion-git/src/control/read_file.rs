//! One file of a commit.

use std::path::Path;

use crate::control::Control;
use crate::error::GitError;
use crate::oid::Oid;
use crate::words::words;

impl Control {
    /// The content of a regular file of a commit or tree; `None` when there is none by this path. A link is none.
    ///
    /// # Errors
    /// [`GitError::TooMuch`] when it is longer than `bytes_max`; when `from` is not here, or git fails.
    pub async fn read_file(&self, from: &Oid, path: &Path, bytes_max: usize) -> Result<Option<Vec<u8>>, GitError> {
        let call = self.call("ls-tree").args(["-z", "--full-tree"]).arg(from).arg("--").arg(path);
        let listed = call.env("GIT_LITERAL_PATHSPECS", "1").run().await?;
        let Some(entry) = words(&listed).next() else { return Ok(None) };
        let head = entry.split(|byte| *byte == b'\t').next().unwrap_or_default();
        let fields: Vec<&[u8]> = head.split(|byte| *byte == b' ').collect();
        let [b"100644" | b"100755", b"blob", oid] = fields[..] else { return Ok(None) };
        let oid = Oid::from_output(oid).ok_or_else(|| GitError::unexpected("ls-tree", entry))?;
        let content = self.call("cat-file").arg("blob").arg(oid).output_bytes_max(bytes_max).run().await?;
        Ok(Some(content))
    }
}
