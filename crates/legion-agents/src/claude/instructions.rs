//! The instructions of the project (`CLAUDE.md`), for a program that is told to read no settings.
//!
//! The settings beside them could execute programs and widen rights, so their source stays closed, and with it the way by which the
//! program finds instructions by itself. It also takes instructions from directories that are added to its own. These are made here, of
//! links to the instructions alone: whatever else a project has in `.claude`, such as plugins, stays out of sight.

use std::fs;
use std::io;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use crate::driver::Start;

/// Instructions, in a directory and in its `.claude`.
const NAME: &str = "CLAUDE.md";
/// Instructions of the person, not checked in.
const LOCAL_NAME: &str = "CLAUDE.local.md";
const FOLDER: &str = ".claude";
/// Further instructions in `.claude`, a file each.
const RULES: &str = "rules";
/// Directories from the working directory up to the project's that are looked at.
const LEVELS_MAX: usize = 32;

/// Directories to add, the outermost first. Those of the last start are gone.
pub(super) fn directories(start: &Start<'_>) -> io::Result<Vec<PathBuf>> {
    let made = start.home.join("instructions");
    match fs::remove_dir_all(&made) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut directories = Vec::new();
    for links in levels(Path::new(&start.spec.cwd), Path::new(start.project)).into_iter().flat_map(links) {
        let directory = made.join(directories.len().to_string());
        for (name, target) in links {
            let link = directory.join(name);
            fs::create_dir_all(link.parent().unwrap_or(&directory))?;
            symlink(target, link)?;
        }
        directories.push(directory);
    }
    Ok(directories)
}

/// The files and directories that those lead to.
pub(super) fn files(start: &Start<'_>) -> Vec<PathBuf> {
    let levels = levels(Path::new(&start.spec.cwd), Path::new(start.project));
    levels.into_iter().flat_map(links).flatten().map(|(_, target)| target).collect()
}

/// The working directory and those above it within the project, the outermost first. One that lies outside stands alone.
fn levels<'a>(cwd: &'a Path, project: &Path) -> Vec<&'a Path> {
    let mut levels: Vec<&Path> =
        cwd.ancestors().take(LEVELS_MAX).take_while(|level| *level == cwd || level.starts_with(project)).collect();
    levels.reverse();
    levels
}

/// The directories of one level: each a list of names, and what they stand for.
fn links(level: &Path) -> Vec<Vec<(PathBuf, PathBuf)>> {
    let folder = Path::new(FOLDER);
    let shared = [PathBuf::from(NAME), folder.join(NAME), folder.join(RULES)];
    let shared = shared.map(|name| (name.clone(), level.join(name))).to_vec();
    let local = vec![(PathBuf::from(NAME), level.join(LOCAL_NAME))];
    let existing = |links: Vec<(PathBuf, PathBuf)>| links.into_iter().filter(|(_, target)| target.exists()).collect();
    [shared, local].into_iter().map(existing).filter(|links: &Vec<_>| !links.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use legion_testkit::TestDir;

    #[test]
    fn instructions_come_from_the_project_down_to_the_working_directory() {
        let dir = TestDir::new();
        for file in [
            "CLAUDE.md",
            "project/CLAUDE.md",
            "project/.claude/settings.json",
            "project/a/.claude/rules/one.md",
            "project/a/b/CLAUDE.local.md",
        ] {
            dir.file(file, file);
        }
        let project = dir.path().join("project");
        let cwd = project.join("a/b");
        assert_eq!(levels(&cwd, &project), [&project, &project.join("a"), &cwd]);
        assert_eq!(levels(&cwd, &dir.path().join("other")), [&cwd]);
        let found: Vec<_> = levels(&cwd, &project).into_iter().flat_map(links).collect();
        let link = |name: &str, target: &str| vec![(PathBuf::from(name), project.join(target))];
        assert_eq!(
            found,
            [link(NAME, "CLAUDE.md"), link(".claude/rules", "a/.claude/rules"), link(NAME, "a/b/CLAUDE.local.md")]
        );
    }
}
