//! Which of the masked paths are there.

use super::error::HelperError;
use crate::bwrap::Masked;
use crate::confinement::Confinement;

/// Returns what is to be covered. A link is followed, since its target is what would be read; one that leads out of what
/// may be read leads nowhere inside.
pub(super) fn existing(confinement: &Confinement) -> Result<Vec<Masked>, HelperError> {
    let mut found: Vec<Masked> = Vec::new();
    for path in &confinement.masked {
        let resolved = match path.canonicalize() {
            Ok(resolved) => resolved,
            Err(error) if matches!(error.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory) => {
                continue;
            }
            Err(error) => return Err(HelperError::system(format!("look at `{}`", path.display()))(error)),
        };
        let known = found.iter().any(|mask| mask.path == resolved);
        if !known && confinement.grant.may_read(&resolved) && resolved.to_str().is_some() {
            found.push(Masked { directory: resolved.is_dir(), path: resolved });
        }
    }
    Ok(found)
}
