//! What is shown inside in another way than it lies outside: masked, or held as it is.

use std::io;
use std::path::{Path, PathBuf};

use super::error::HelperError;
use crate::bwrap::{Covers, Masked};
use crate::confinement::Confinement;
use crate::placeholder::is_there;

/// Returns what of it is there.
pub(super) fn find(confinement: &Confinement) -> Result<Covers, HelperError> {
    if let Some(gone) = confinement.needed.iter().find(|path| !is_there(path)) {
        return Err(HelperError::Uncovered(gone.clone()));
    }
    let masks = masks(confinement)?;
    let fixed = fixed(confinement)?;
    let mut pins: Vec<PathBuf> = Vec::new();
    for path in masks.iter().map(|mask| &mask.path).chain(&fixed) {
        for above in above_it(confinement, path) {
            if !pins.contains(&above) && !fixed.iter().any(|fixed| above.starts_with(fixed)) {
                pins.push(above);
            }
        }
    }
    Ok(Covers { masks, fixed, pins })
}

/// A link is followed, since its target is what would be read; one that leads out of what may be read leads nowhere inside.
fn masks(confinement: &Confinement) -> Result<Vec<Masked>, HelperError> {
    let mut found: Vec<Masked> = Vec::new();
    for path in &confinement.masked {
        let Some(resolved) = resolved(path)? else { continue };
        let known = found.iter().any(|mask| mask.path == resolved);
        if !known && confinement.grant.may_read(&resolved) && resolved.to_str().is_some() {
            found.push(Masked { directory: resolved.is_dir(), path: resolved });
        }
    }
    Ok(found)
}

/// What lies where nothing may be written is fixed anyway. A link in the way would lead the mount elsewhere.
fn fixed(confinement: &Confinement) -> Result<Vec<PathBuf>, HelperError> {
    let mut found = Vec::new();
    for path in confinement.fixed.iter().filter(|path| confinement.may_write(path)) {
        match resolved(path)? {
            Some(resolved) if resolved == *path => found.push(resolved),
            Some(_) => return Err(HelperError::Link(path.clone())),
            None => {}
        }
    }
    Ok(found)
}

/// Directories between `path` and what was granted above it. Each becomes a mount of its own, or it could be moved away, with
/// what covers `path` in it, and made anew.
fn above_it(confinement: &Confinement, path: &Path) -> Vec<PathBuf> {
    let above = path.ancestors().skip(1);
    let below_grant = above.take_while(|above| !confinement.grant.write.iter().any(|granted| granted == above));
    below_grant.filter(|above| confinement.may_write(above)).map(Path::to_owned).collect()
}

fn resolved(path: &Path) -> Result<Option<PathBuf>, HelperError> {
    match path.canonicalize() {
        Ok(resolved) => Ok(Some(resolved)),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(None),
        Err(error) => Err(HelperError::system(format!("look at `{}`", path.display()))(error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_between_a_grant_and_what_is_held_is_pinned() {
        let directory = tempfile::tempdir().unwrap();
        let base = directory.path().canonicalize().unwrap();
        for name in ["w/.git/hooks", "w/.claude", "r/.git/hooks"] {
            std::fs::create_dir_all(base.join(name)).unwrap();
        }
        std::fs::write(base.join("w/.claude/settings.json"), "{}").unwrap();
        let mut confinement = Confinement::new(base.join("w"));
        confinement.grant.write = vec![base.join("w")];
        confinement.grant.read = vec![base.join("r")];
        confinement.masked = vec![base.join("w/.claude/settings.json"), base.join("w/.mcp.json")];
        confinement.fixed = ["w/.git/hooks", "w/.git/config", "r/.git/hooks"].map(|name| base.join(name)).into();
        let covers = find(&confinement).unwrap();
        assert_eq!(covers.fixed, [base.join("w/.git/hooks")]);
        assert_eq!(covers.pins, [base.join("w/.claude"), base.join("w/.git")]);
        assert_eq!(covers.masks.len(), 1);
        confinement.needed = vec![base.join("w/.claude"), base.join("w/.mcp.json")];
        assert!(matches!(find(&confinement), Err(HelperError::Uncovered(gone)) if gone.ends_with(".mcp.json")));
        confinement.needed.clear();
        std::fs::rename(base.join("w/.git"), base.join("away")).unwrap();
        std::os::unix::fs::symlink("../away", base.join("w/.git")).unwrap();
        assert!(matches!(find(&confinement), Err(HelperError::Link(_))));
    }
}
