//! The arguments of bubblewrap. Pure but for looking at which of the system's directories there are.

use std::path::{Path, PathBuf};

use crate::confinement::Confinement;
use crate::system::{CONFIGURATION_ROOT, Part};

/// Something that appears inside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mount {
    Read,
    Write,
    /// As it lies there, but a mount of its own.
    Pin,
    Fixed,
    Mask,
}

/// Where a path is really to be taken from, when the user id of the agent cannot reach it by its own name.
pub(crate) type Staged = [(PathBuf, PathBuf)];

/// Returns the options of bubblewrap, without the program to run.
///
/// `staged` are paths that lie somewhere else by now.
pub(crate) fn options(confinement: &Confinement, programs: &[Part], staged: &Staged, covers: &Covers) -> Vec<String> {
    let mut options: Vec<String> = [
        // Every namespace; the user's by name, since the next option demands it.
        "--unshare-all",
        "--unshare-user",
        "--disable-userns",
        "--die-with-parent",
        "--new-session",
        "--hostname",
        "legion",
        "--cap-drop",
        "ALL",
    ]
    .map(str::to_owned)
    .into();
    if confinement.network {
        options.push("--share-net".to_owned());
    }
    for part in programs {
        match part {
            Part::Directory(path) => options.extend(["--ro-bind".to_owned(), text(path), text(path)]),
            Part::Link { path, target } => options.extend(["--symlink".to_owned(), text(target), text(path)]),
        }
    }
    // As a whole, since every mount costs half a millisecond; Landlock lets through the part that is given.
    options.extend(["--ro-bind", CONFIGURATION_ROOT, CONFIGURATION_ROOT].map(str::to_owned));
    let size = confinement.grant.limits.temporary_bytes_max.to_string();
    options.extend(["--proc", "/proc", "--dev", "/dev"].map(str::to_owned));
    for directory in ["/dev/shm", "/tmp"] {
        options.extend(["--size", &size, "--tmpfs", directory].map(str::to_owned));
    }
    for (path, mount) in mounts(confinement, covers) {
        let source = place(staged, &path);
        let words = match mount {
            Mount::Read | Mount::Fixed => ["--ro-bind".to_owned(), text(&source), text(&path)].to_vec(),
            Mount::Write | Mount::Pin => ["--bind".to_owned(), text(&source), text(&path)].to_vec(),
            Mount::Mask if covers.masks.iter().any(|mask| mask.path == path && mask.directory) => {
                ["--tmpfs".to_owned(), text(&path), "--remount-ro".to_owned(), text(&path)].to_vec()
            }
            Mount::Mask => ["--ro-bind".to_owned(), "/dev/null".to_owned(), text(&path)].to_vec(),
        };
        options.extend(words);
    }
    options.extend(["--chdir".to_owned(), text(&confinement.cwd)]);
    options
}

/// A masked path that exists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Masked {
    pub path: PathBuf,
    pub directory: bool,
}

/// What of the paths that are to be covered is there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Covers {
    /// They look empty.
    pub masks: Vec<Masked>,
    /// They can be read and not changed.
    pub fixed: Vec<PathBuf>,
    /// Directories above them, which stay where they are.
    pub pins: Vec<PathBuf>,
}

/// Where `path` is to be taken from: it may lie in what was brought elsewhere.
fn place(staged: &Staged, path: &Path) -> PathBuf {
    let above =
        staged.iter().filter(|(name, _)| path.starts_with(name)).max_by_key(|(name, _)| name.components().count());
    let below = above.and_then(|(name, place)| Some((place, path.strip_prefix(name).ok()?)));
    match below {
        Some((place, below)) if below.as_os_str().is_empty() => place.clone(),
        Some((place, below)) => place.join(below),
        None => path.to_owned(),
    }
}

/// Returns what to mount, in an order in which nothing covers what lies below it and was mounted before.
fn mounts(confinement: &Confinement, covers: &Covers) -> Vec<(PathBuf, Mount)> {
    let grant = &confinement.grant;
    let mut mounts: Vec<(PathBuf, Mount)> = Vec::new();
    let all = (grant.read.iter().chain(&grant.execute).chain(&grant.sockets).map(|path| (path, Mount::Read)))
        .chain(grant.write.iter().map(|path| (path, Mount::Write)))
        .chain(covers.pins.iter().map(|path| (path, Mount::Pin)))
        .chain(covers.fixed.iter().map(|path| (path, Mount::Fixed)))
        .chain(covers.masks.iter().map(|mask| (&mask.path, Mount::Mask)));
    for (path, mount) in all {
        match mounts.iter_mut().find(|(known, _)| known == path) {
            // What was granted by itself is a mount already, with the right that it has.
            Some(_) if mount == Mount::Pin => {}
            // The later kind decides: a directory that may be written may be read and executed in too.
            Some(known) => known.1 = mount,
            None => mounts.push((path.clone(), mount)),
        }
    }
    mounts.sort_by_key(|(path, _)| path.components().count());
    // A read-only mount below a writable one would take away what was given.
    let writable: Vec<PathBuf> = mounts.iter().filter(|it| it.1 == Mount::Write).map(|it| it.0.clone()).collect();
    mounts.retain(|(path, mount)| {
        *mount != Mount::Read || !writable.iter().any(|above| path != above && path.starts_with(above))
    });
    mounts
}

fn text(path: &Path) -> String {
    path.to_str().expect("checked to be text").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_options_that_make_a_sandbox_are_always_there() {
        let options = options(&Confinement::new("/srv/clone"), &[], &[], &Covers::default()).join(" ");
        for wanted in [
            "--unshare-all --unshare-user --disable-userns",
            "--die-with-parent",
            "--new-session",
            "--cap-drop ALL",
            "--proc /proc --dev /dev",
            "--tmpfs /tmp",
            "--ro-bind /srv/clone /srv/clone",
            "--chdir /srv/clone",
        ] {
            assert!(options.contains(wanted), "{wanted} is missing in {options}");
        }
        assert!(!options.contains("--share-net") && !options.contains("--dev-bind"), "{options}");
    }

    #[test]
    fn only_who_is_given_the_network_shares_it() {
        let given = Confinement { network: true, ..Confinement::new("/srv/clone") };
        let options = options(&given, &[], &[], &Covers::default());
        let at = |wanted: &str| options.iter().position(|option| option == wanted);
        assert!(at("--share-net") > at("--unshare-all") && at("--unshare-all").is_some(), "{options:?}");
    }

    #[test]
    fn what_lies_below_is_mounted_after_what_lies_above_it() {
        let mut confinement = Confinement::new("/srv/a/clone");
        confinement.grant.read.push("/srv".into());
        confinement.grant.write = vec!["/srv/a/clone".into(), "/srv/a/clone/x/y".into()];
        confinement.grant.execute = vec!["/srv/a/clone/target".into()];
        let covers = Covers {
            masks: vec![Masked { path: "/srv/a/clone/.mcp.json".into(), directory: false }],
            fixed: vec!["/srv/a/clone/.git/hooks".into()],
            pins: vec!["/srv/a/clone/.git".into()],
        };
        let staged = [("/srv/a/clone".into(), "/stage/0".into())];
        assert_eq!(place(&staged, Path::new("/srv/a/clone/.git/hooks")), Path::new("/stage/0/.git/hooks"));
        assert_eq!(place(&staged, Path::new("/srv/a/clone")), Path::new("/stage/0"));
        assert_eq!(place(&staged, Path::new("/srv/a/clone2")), Path::new("/srv/a/clone2"));
        let mounts = mounts(&confinement, &covers);
        let text: Vec<_> = mounts.iter().map(|(path, mount)| format!("{} {mount:?}", path.display())).collect();
        let expected = [
            "/srv Read",
            "/srv/a/clone Write",
            "/srv/a/clone/.git Pin",
            "/srv/a/clone/.mcp.json Mask",
            "/srv/a/clone/x/y Write",
            "/srv/a/clone/.git/hooks Fixed",
        ];
        assert_eq!(text, expected);
    }
}
