//! News of the target for a clone that an agent already works in.

use std::path::Path;

use crate::clone::place::ClonePlace;
use crate::clone::prepare::tracking_ref;
use crate::control::Control;
use crate::error::GitError;
use crate::file_system::{blocking, open_directory, open_directory_beneath, write_beneath};
use crate::oid::Oid;
use crate::ref_name::RefName;

impl Control {
    /// Points `origin/<target>` of a clone at `commit`. The objects come through its alternates; one file is written, and
    /// through no link, whatever the agent has made of its `.git`.
    ///
    /// # Errors
    /// When `commit` is not here, or the clone has no `.git` to write into.
    pub async fn fetch_updates(&self, place: &ClonePlace, target: &RefName, commit: &Oid) -> Result<(), GitError> {
        let commit = self.rev_parse(&format!("{commit}^{{commit}}")).await?;
        let Some(name) = tracking_ref(target) else { return Ok(()) };
        let dir = place.dir().to_owned();
        let written = blocking(move || {
            let directory = open_directory(&dir)?;
            let git_dir = open_directory_beneath(&directory, Path::new(".git"))?;
            write_beneath(&git_dir, Path::new(&name), format!("{commit}\n").as_bytes())
        });
        written.await.map_err(GitError::file("write a ref in", place.dir()))
    }
}
