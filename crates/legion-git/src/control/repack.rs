//! Housekeeping that takes nothing away.

use crate::control::Control;
use crate::error::GitError;

impl Control {
    /// Puts loose objects that a ref reaches into one pack. All other objects stay where they are: clones borrow them, and
    /// some are named by nobody yet.
    ///
    /// # Errors
    /// When git fails; then nothing is lost.
    pub async fn repack(&self) -> Result<(), GitError> {
        self.call("repack").args(["-d", "-q"]).long().run().await.map(drop)
    }
}
