//! What an agent can plant in its clone. Each trap would make a file; plain git in such a clone makes it (so the probe is
//! known to work), and no verb of ours does.

mod support;

use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

use legion_git::{ClonePlace, GatePlace, LeftOut, Note, Oid};
use legion_testkit::TestDir;
use support::{Project, TARGET, command, commit_all, commit_with_git_directory, make_tree, name, oid, plain, write};

/// A program that leaves a sign that it ran, and otherwise does nothing that git would choke on.
struct Canary {
    program: PathBuf,
    sign: PathBuf,
}

impl Canary {
    fn new(home: &TestDir) -> Self {
        let (program, sign) = (home.path().join("canary"), home.path().join("PWNED"));
        write(&program, format!("#!/bin/sh\necho \"$0 $*\" >> '{}'\nexit 0\n", sign.display()));
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
        Self { program, sign }
    }

    fn text(&self) -> &str {
        self.program.to_str().unwrap()
    }

    /// Whether it ran since it was last asked.
    fn ran(&self) -> bool {
        std::fs::remove_file(&self.sign).is_ok()
    }
}

struct Trap {
    what: &'static str,
    plant: fn(&Path, &Canary),
    /// What plain git is made to do in the clone; how it ends does not matter.
    springs: &'static [&'static [&'static str]],
    /// Where, below the clone.
    at: &'static str,
}

const STATUS: &[&[&str]] = &[&["status"]];

const HOOKS: &[&str] = &[
    "applypatch-msg",
    "commit-msg",
    "fsmonitor-watchman",
    "post-applypatch",
    "post-checkout",
    "post-commit",
    "post-index-change",
    "post-merge",
    "post-receive",
    "post-rewrite",
    "post-update",
    "pre-applypatch",
    "pre-auto-gc",
    "pre-commit",
    "pre-merge-commit",
    "pre-push",
    "pre-rebase",
    "pre-receive",
    "prepare-commit-msg",
    "proc-receive",
    "push-to-checkout",
    "reference-transaction",
    "sendemail-validate",
    "update",
];

const TRAPS: &[Trap] = &[
    Trap {
        what: "every hook",
        plant: |dir, canary| {
            for hook in HOOKS {
                std::fs::create_dir_all(dir.join(".git/hooks")).unwrap();
                symlink(&canary.program, dir.join(".git/hooks").join(hook)).unwrap();
            }
        },
        springs: &[&["commit", "--quiet", "--allow-empty", "-m", "x"]],
        at: ".",
    },
    Trap {
        what: "hooks elsewhere",
        plant: |dir, canary| {
            write(dir.join("hooks/reference-transaction"), std::fs::read(&canary.program).unwrap());
            std::fs::set_permissions(dir.join("hooks/reference-transaction"), std::fs::Permissions::from_mode(0o755))
                .unwrap();
            set(dir, "core.hooksPath", "hooks");
        },
        springs: &[&["update-ref", "refs/heads/x", "HEAD"]],
        at: ".",
    },
    Trap {
        what: "core.fsmonitor",
        plant: |dir, canary| set(dir, "core.fsmonitor", canary.text()),
        springs: STATUS,
        at: ".",
    },
    Trap {
        what: "a clean filter",
        plant: |dir, canary| {
            write(dir.join(".gitattributes"), "* filter=evil\n");
            set(dir, "filter.evil.clean", canary.text());
            set(dir, "filter.evil.required", "true");
        },
        springs: &[&["add", "--all"]],
        at: ".",
    },
    Trap {
        what: "a smudge filter",
        plant: |dir, canary| {
            write(dir.join(".gitattributes"), "* filter=evil\n");
            set(dir, "filter.evil.smudge", canary.text());
            std::fs::remove_file(dir.join("README")).unwrap();
        },
        springs: &[&["checkout", "--", "README"]],
        at: ".",
    },
    Trap {
        what: "a filter process",
        plant: |dir, canary| {
            write(dir.join(".gitattributes"), "* filter=evil\n");
            set(dir, "filter.evil.process", canary.text());
        },
        springs: &[&["add", "--all"]],
        at: ".",
    },
    Trap {
        what: "an external diff",
        plant: |dir, canary| {
            set(dir, "diff.external", canary.text());
            write(dir.join("README"), "changed\n");
        },
        springs: &[&["diff"]],
        at: ".",
    },
    Trap {
        what: "a text conversion",
        plant: |dir, canary| {
            write(dir.join(".gitattributes"), "* diff=evil\n");
            set(dir, "diff.evil.textconv", canary.text());
            write(dir.join("README"), "changed\n");
        },
        springs: &[&["diff"]],
        at: ".",
    },
    Trap {
        what: "a merge driver",
        plant: |dir, canary| {
            write(dir.join(".gitattributes"), "* merge=evil\n");
            plain(dir, &["checkout", "--quiet", "-b", "side"]);
            write(dir.join("README"), "side\n");
            commit_all(dir, "side");
            plain(dir, &["checkout", "--quiet", "-"]);
            write(dir.join(".gitattributes"), "* merge=evil\n");
            write(dir.join("README"), "main\n");
            commit_all(dir, "main");
            set(dir, "merge.evil.driver", canary.text());
        },
        springs: &[&["merge", "side"]],
        at: ".",
    },
    Trap {
        what: "a configuration of the work tree",
        plant: |dir, canary| {
            set(dir, "extensions.worktreeConfig", "true");
            write(dir.join(".git/config.worktree"), format!("[core]\n\tfsmonitor = {}\n", canary.text()));
        },
        springs: STATUS,
        at: ".",
    },
    Trap {
        what: "an included configuration",
        plant: |dir, canary| {
            write(dir.join("evil.config"), format!("[core]\n\tfsmonitor = {}\n", canary.text()));
            set(dir, "include.path", "../evil.config");
        },
        springs: STATUS,
        at: ".",
    },
    Trap {
        what: "an ssh command",
        plant: |dir, canary| {
            set(dir, "core.sshCommand", canary.text());
            set(dir, "remote.origin.url", "ssh://example.invalid/x");
        },
        springs: &[&["fetch", "origin"]],
        at: ".",
    },
    Trap {
        what: "a remote helper",
        plant: |dir, canary| {
            set(dir, "protocol.ext.allow", "always");
            set(dir, "remote.origin.url", &format!("ext::{}", canary.text()));
        },
        springs: &[&["fetch", "origin"]],
        at: ".",
    },
    Trap {
        what: "a signing program and an editor",
        plant: |dir, canary| {
            set(dir, "commit.gpgSign", "true");
            set(dir, "gpg.program", canary.text());
            set(dir, "core.editor", canary.text());
        },
        springs: &[&["commit", "--quiet", "--allow-empty"]],
        at: ".",
    },
    Trap {
        what: "a git file that leads to an evil repository",
        plant: |dir, canary| {
            std::fs::rename(dir.join(".git"), dir.join("store")).unwrap();
            write(dir.join(".git"), "gitdir: store\n");
            plain(&dir.join("store"), &["config", "core.fsmonitor", canary.text()]);
        },
        springs: STATUS,
        at: ".",
    },
    Trap {
        what: "a link that leads to an evil repository",
        plant: |dir, canary| {
            std::fs::rename(dir.join(".git"), dir.join("store")).unwrap();
            symlink("store", dir.join(".git")).unwrap();
            set(dir, "core.fsmonitor", canary.text());
        },
        springs: STATUS,
        at: ".",
    },
    Trap {
        what: "an embedded bare repository",
        plant: |dir, canary| {
            plain(dir, &["init", "--quiet", "--bare", "bare"]);
            let bare = dir.join("bare");
            plain(&bare, &["config", "core.bare", "false"]);
            plain(&bare, &["config", "core.worktree", dir.join("src").to_str().unwrap()]);
            plain(&bare, &["config", "core.fsmonitor", canary.text()]);
        },
        springs: STATUS,
        at: "bare",
    },
    Trap {
        what: "a nested repository that is committed as a link",
        plant: |dir, canary| {
            write(dir.join("nested/file"), "n\n");
            plain(&dir.join("nested"), &["init", "--quiet"]);
            commit_all(&dir.join("nested"), "inner");
            plain(dir, &["-c", "advice.addEmbeddedRepo=false", "add", "nested"]);
            plain(dir, &["commit", "--quiet", "-m", "a link"]);
            set(&dir.join("nested"), "core.fsmonitor", canary.text());
        },
        springs: STATUS,
        at: ".",
    },
];

fn set(dir: &Path, key: &str, value: &str) {
    plain(dir, &["config", key, value]);
}

#[tokio::test]
async fn no_trap_in_a_clone_is_sprung_by_any_verb() {
    for trap in TRAPS {
        let project = Project::new().await;
        let canary = Canary::new(&project.home);
        let probe = project.clone("probe").await;
        (trap.plant)(probe.dir(), &canary);
        canary.ran();
        for spring in trap.springs {
            let mut git = command(&probe.dir().join(trap.at), spring);
            git.env("GIT_ALLOW_PROTOCOL", "file:ssh:ext").stdin(std::process::Stdio::null()).output().unwrap();
        }
        assert!(canary.ran(), "the trap itself does not work: {}", trap.what);
        let place = project.clone("t1").await;
        (trap.plant)(place.dir(), &canary);
        canary.ran();
        every_verb(&project, &place).await;
        assert!(!canary.ran(), "sprung: {}", trap.what);
    }
}

/// Everything that is ever done with a clone.
async fn every_verb(project: &Project, place: &ClonePlace) {
    let control = &project.control;
    write(place.dir().join("more"), "m\n");
    let collected = project.collect(place).await;
    assert_eq!(project.content(&collected.head, "more").await.as_deref(), Some("m\n"));
    let next = project.commit_with(&project.base, &[("next", Some("n\n"))]);
    // A clone without a directory `.git` cannot be told of anything, and that is all.
    let _ = control.fetch_updates(place, &name(TARGET), &next).await;
    control.merge_tree(&next, &collected.head).await.unwrap();
    control.changes(&project.base, &collected.head, 1_000).await.unwrap();
    control.diff(&project.base, &collected.head, 1 << 20).await.unwrap();
    control.diff_stat(&project.base, &collected.head).await.unwrap();
    control.log_first_parent(None, &collected.head, 100).await.unwrap();
    let gate = GatePlace::at(project.home.path().join("gate"));
    control.gate_checkout(&project.base, &gate).await.unwrap();
    control.gate_checkout(&collected.head, &gate).await.unwrap();
    control.copy_ignored(place.dir(), &project.clone("t2").await, &["*".to_owned()]).await.unwrap();
    control.restore(&collected.head, &project.home.path().join("restored")).await.unwrap();
    let rescued = control.rescue(&project.rescue_plan(place)).await.unwrap();
    control.remove_clone(place, rescued).await.unwrap();
    assert!(!place.dir().exists());
}

#[tokio::test]
async fn trees_that_would_become_repositories_are_refused() {
    let project = Project::new().await;
    for (number, kind) in [".git directory", ".git link", ".GIT"].into_iter().enumerate() {
        let place = project.clone(&format!("t{number}")).await;
        let (_, evil) = commit_with_git_directory(place.dir()).swap_remove(number);
        plain(place.dir(), &["update-ref", "HEAD", evil.as_str()]);
        write(place.dir().join("work"), "w\n");
        let collected = project.collect(&place).await;
        let refused = |note: &Note| matches!(note, Note::CommitsRefused { head, .. } if *head == evil);
        assert!(collected.notes.iter().any(refused), "{kind}: {:?}", collected.notes);
        assert!(!project.control.has_commit(&evil).await.unwrap(), "{kind}");
        assert_eq!(project.content(&collected.head, "work").await.as_deref(), Some("w\n"));
        assert!(project.paths(&collected.head).await.iter().all(|path| !path.to_lowercase().contains(".git/")));
    }
}

#[tokio::test]
async fn objects_of_others_are_not_taken_along() {
    let project = Project::new().await;
    project.home.file("secret/file", "the secret of another\n");
    let secret = project.home.repo("secret");
    let blob = oid(&secret, "HEAD:file");
    let loose = format!("{}/{}", &blob.as_str()[..2], &blob.as_str()[2..]);
    let steps: [fn(&Path, &Path, &str); 4] = [
        |dir, secret, _| {
            let alternates = dir.join(".git/objects/info/alternates");
            let ours = std::fs::read_to_string(&alternates).unwrap();
            write(alternates, format!("{ours}{}\n", secret.join(".git/objects").display()));
        },
        |dir, secret, loose| {
            write(dir.join(".git/objects").join(loose), "");
            std::fs::remove_file(dir.join(".git/objects").join(loose)).unwrap();
            symlink(secret.join(".git/objects").join(loose), dir.join(".git/objects").join(loose)).unwrap();
        },
        |dir, secret, loose| {
            let fan = dir.join(".git/objects").join(&loose[..2]);
            // It may be there by chance.
            let _ = std::fs::remove_dir_all(&fan);
            symlink(secret.join(".git/objects").join(&loose[..2]), fan).unwrap();
        },
        |dir, secret, _| {
            plain(secret, &["repack", "-a", "-d", "-q"]);
            std::fs::remove_dir(dir.join(".git/objects/pack")).unwrap();
            symlink(secret.join(".git/objects/pack"), dir.join(".git/objects/pack")).unwrap();
        },
    ];
    for (number, step) in steps.iter().enumerate() {
        let place = project.clone(&format!("t{number}")).await;
        let dir = place.dir();
        let tree = make_tree(dir, &format!("100644 blob {blob}\tstolen\n"));
        let commit = plain(dir, &["commit-tree", "-p", "HEAD", "-m", "theft", &tree]);
        plain(dir, &["update-ref", "HEAD", &commit]);
        step(dir, &secret, &loose);
        // The probe is known to work: with plain git the agent's repository has it.
        assert_eq!(plain(dir, &["cat-file", "-p", "HEAD:stolen"]), "the secret of another");
        let collected = project.collect(&place).await;
        assert!(matches!(&collected.notes[0], Note::CommitsRefused { .. }), "{number}: {:?}", collected.notes);
        assert_eq!(project.content(&collected.head, "stolen").await, None);
        let there = command(project.control.dir(), &["cat-file", "-e", blob.as_str()]).output().unwrap();
        assert!(!there.status.success(), "{number}: the secret is in control.git");
    }
}

#[tokio::test]
async fn objects_that_lie_about_their_names_are_refused() {
    let project = Project::new().await;
    let place = project.clone("t1").await;
    let dir = place.dir();
    write(dir.join("a"), "honest\n");
    let head = commit_all(dir, "work");
    let object = |oid: &Oid| dir.join(".git/objects").join(&oid.as_str()[..2]).join(&oid.as_str()[2..]);
    let honest = oid(dir, "HEAD:a");
    write(dir.join("b"), "false\n");
    let other: Oid = plain(dir, &["hash-object", "-w", "b"]).parse().unwrap();
    std::fs::remove_file(object(&honest)).unwrap();
    std::fs::copy(object(&other), object(&honest)).unwrap();
    let collected = project.collect(&place).await;
    assert!(collected.notes.iter().any(|note| matches!(note, Note::CommitsRefused { .. })), "{:?}", collected.notes);
    assert!(!project.control.has_commit(&head).await.unwrap());
    assert_eq!(project.content(&collected.head, "a").await.as_deref(), Some("honest\n"), "from the file");
    plain(project.control.dir(), &["fsck", "--strict", "--no-dangling"]);
}

type Spoiler = Box<dyn Fn(&Path)>;

#[tokio::test]
async fn a_head_that_is_not_what_it_should_be_is_unreadable() {
    let project = Project::new().await;
    let fifo = |path: &Path| {
        rustix::fs::mknodat(rustix::fs::CWD, path, rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
    };
    let spoilers: Vec<(&str, Spoiler)> = vec![
        ("an option", Box::new(|git| write(git.join("HEAD"), "ref: --output=PWNED\n"))),
        ("a way up", Box::new(|git| write(git.join("HEAD"), "ref: refs/heads/../../../../secret\n"))),
        (
            "a circle",
            Box::new(|git| {
                write(git.join("HEAD"), "ref: refs/heads/a\n");
                write(git.join("refs/heads/a"), "ref: refs/heads/a\n");
            }),
        ),
        ("too long", Box::new(|git| write(git.join("HEAD"), vec![b'a'; 1 << 20]))),
        ("zeros", Box::new(|git| write(git.join("HEAD"), "0".repeat(40)))),
        ("empty", Box::new(|git| write(git.join("HEAD"), ""))),
        ("a reftable", Box::new(|git| write(git.join("HEAD"), "ref: refs/heads/.invalid\n"))),
        (
            "a pipe",
            Box::new(move |git| {
                std::fs::remove_file(git.join("HEAD")).unwrap();
                fifo(&git.join("HEAD"));
                let _ = std::fs::remove_file(git.join("index"));
                fifo(&git.join("index"));
            }),
        ),
        (
            "a link",
            Box::new(|git| {
                std::fs::rename(git.join("HEAD"), git.join("HEAD2")).unwrap();
                symlink("HEAD2", git.join("HEAD")).unwrap();
            }),
        ),
        (
            "emptied",
            Box::new(|git| {
                std::fs::remove_dir_all(git).unwrap();
                std::fs::create_dir(git).unwrap();
            }),
        ),
    ];
    for (number, (what, spoil)) in spoilers.into_iter().enumerate() {
        let place = project.clone(&format!("t{number}")).await;
        spoil(&place.dir().join(".git"));
        write(place.dir().join("work"), "w\n");
        let collected = project.collect(&place).await;
        assert!(matches!(&collected.notes[..], [Note::HeadUnreadable { .. }]), "{what}: {:?}", collected.notes);
        assert_eq!(project.content(&collected.head, "work").await.as_deref(), Some("w\n"), "{what}");
    }
}

#[tokio::test]
async fn the_place_itself_may_be_a_link_and_is_not_followed() {
    let project = Project::new().await;
    let place = project.clone("t1").await;
    let outside = project.home.dir("outside");
    write(outside.join("secret"), "s\n");
    std::fs::remove_dir_all(place.dir()).unwrap();
    symlink(&outside, place.dir()).unwrap();
    assert!(project.control.collect(&project.collect_plan(&place)).await.is_err());
    assert!(project.control.rescue(&project.rescue_plan(&place)).await.is_err());
    assert_eq!(std::fs::read_dir(&outside).unwrap().count(), 1);
}

#[tokio::test]
async fn a_submodule_with_a_strange_path_runs_nothing() {
    let project = Project::new().await;
    let canary = Canary::new(&project.home);
    let place = project.clone("t1").await;
    let dir = place.dir();
    let modules = "[submodule \"x\"]\n\tpath = \"sub\\r\"\n\turl = ./nested\n\tupdate = !canary\n";
    write(dir.join(".gitmodules"), modules.replace("canary", canary.text()));
    write(dir.join("sub\r/file"), "f\n");
    plain(&dir.join("sub\r"), &["init", "--quiet"]);
    commit_all(&dir.join("sub\r"), "inner");
    plain(dir, &["-c", "advice.addEmbeddedRepo=false", "add", "--all"]);
    plain(dir, &["commit", "--quiet", "-m", "a submodule"]);
    let collected = project.collect(&place).await;
    assert!(project.paths(&collected.head).await.contains(&"sub\r/file".to_owned()));
    project.control.restore(&collected.head, &project.home.path().join("restored")).await.unwrap();
    assert!(!canary.ran());
    let odd = |note: &Note| matches!(note, Note::LeftOut { why: LeftOut::Refused(_), .. });
    assert!(!collected.notes.iter().any(odd), "{:?}", collected.notes);
}
