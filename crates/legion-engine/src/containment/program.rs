//! Which files an agent's own program consists of.

use std::path::{Path, PathBuf};

/// A program as it is to be named inside, and what must be granted for it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub program: String,
    pub files: Vec<PathBuf>,
}

/// Looks for `program` as the agent would: by its path, or by its name in `path`. What lies where the agent may execute anyway
/// keeps its name; anything else is named by the file that it leads to, without links.
pub(super) fn find(program: &str, cwd: &Path, path: Option<&str>, is_granted: impl Fn(&Path) -> bool) -> Found {
    let as_it_is = Found { program: program.to_owned(), files: Vec::new() };
    let place = if program.contains('/') {
        Some(cwd.join(program))
    } else {
        std::env::split_paths(path.unwrap_or_default())
            .map(|directory| directory.join(program))
            .find(|file| file.is_file())
    };
    // What is not found is said by whoever starts it.
    let Some((place, file)) = place.and_then(|place| place.canonicalize().ok().map(|file| (place, file))) else {
        return as_it_is;
    };
    if is_granted(&place) && is_granted(&file) {
        return as_it_is;
    }
    let Some(name) = file.to_str() else { return as_it_is };
    // A program of Node comes with what it requires beside it.
    let package = file.ancestors().filter(|above| above.ends_with("node_modules")).last().map(Path::to_owned);
    Found { program: name.to_owned(), files: vec![package.unwrap_or_else(|| file.clone())] }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_named_by_the_file_that_it_is() {
        let dir = tempfile::tempdir().unwrap();
        let base = dir.path().canonicalize().unwrap();
        let package = base.join("lib/node_modules/x");
        std::fs::create_dir_all(&package).unwrap();
        std::fs::create_dir(base.join("bin")).unwrap();
        for file in ["lib/node_modules/x/cli.js", "bin/plain"] {
            std::fs::write(base.join(file), "").unwrap();
        }
        std::os::unix::fs::symlink("../lib/node_modules/x/cli.js", base.join("bin/tool")).unwrap();
        let path = base.join("bin").to_string_lossy().into_owned();
        let found = |program: &str, granted: bool| find(program, &base, Some(&path), |_| granted);
        let text = |path: PathBuf| path.to_string_lossy().into_owned();
        let tool = Found { program: text(package.join("cli.js")), files: vec![base.join("lib/node_modules")] };
        assert_eq!(found("tool", false), tool);
        assert_eq!(found("bin/tool", false), tool);
        let plain = base.join("bin/plain");
        assert_eq!(found("plain", false), Found { program: text(plain.clone()), files: vec![plain] });
        for (program, granted) in [("tool", true), ("missing", false), ("./missing", false)] {
            assert_eq!(found(program, granted), Found { program: program.to_owned(), files: vec![] });
        }
    }
}
