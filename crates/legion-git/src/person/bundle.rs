//! The person's commits as a file, for [`crate::Control::import`].

use std::path::{Path, PathBuf};

use crate::error::GitError;
use crate::oid::{ObjectFormat, Oid};
use crate::person::PersonRepo;

/// The name of the one tip in a bundle.
const TIP: &str = "refs/legion/tip";

/// Why there is no bundle.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    #[error("there is no commit {tip} in `{root}`")]
    NoCommit { root: PathBuf, tip: Oid },
    #[error(transparent)]
    Git(#[from] GitError),
}

impl PersonRepo {
    /// Writes the history of `tip` to the new file `file`, without what is in the history of those of `not` that are here.
    ///
    /// # Errors
    /// When there is no such commit, `file` is there already, or git fails.
    pub async fn bundle(&self, tip: &Oid, not: &[Oid], file: &Path) -> Result<(), BundleError> {
        if self.resolve(tip.as_str()).await?.is_none() {
            return Err(BundleError::NoCommit { root: self.root().to_owned(), tip: tip.clone() });
        }
        let mut header = match self.object_format() {
            ObjectFormat::Sha1 => "# v2 git bundle\n".to_owned(),
            ObjectFormat::Sha256 => "# v3 git bundle\n@object-format=sha256\n".to_owned(),
        };
        let mut wanted = format!("{tip}\n");
        for commit in not {
            if self.resolve(commit.as_str()).await?.is_some() {
                header.push_str(&format!("-{commit} \n"));
                wanted.push_str(&format!("^{commit}\n"));
            }
        }
        header.push_str(&format!("{tip} {TIP}\n\n"));
        let written = std::fs::File::create_new(file)
            .and_then(|mut created| std::io::Write::write_all(&mut created, header.as_bytes()));
        written.map_err(GitError::file("create", file))?;
        let call = self.call("pack-objects").args(["--revs", "--stdout", "--thin", "--delta-base-offset", "-q"]);
        let packed = call.stdin(wanted).output(file).run().await;
        if packed.is_err() {
            let _ = std::fs::remove_file(file);
        }
        Ok(packed.map(drop)?)
    }
}
