//! Bundles: taken when they are whole and honest.

mod support;

use std::os::unix::fs::symlink;
use std::path::Path;

use legion_git::{Control, ImportError, ObjectFormat, PersonRepo};
use support::{BUNDLE_BYTES_MAX, Project, commit_all, git, name, oid, plain, write};

#[tokio::test]
async fn a_later_bundle_has_only_what_is_new() {
    let project = Project::new().await;
    write(project.person.join("more"), "m\n");
    let tip = commit_all(&project.person, "more");
    let repo = PersonRepo::discover(git().await, &project.person).await.unwrap();
    let bundle = project.home.path().join("second");
    let unknown = "1".repeat(40).parse().unwrap();
    repo.bundle(&tip, &[project.base.clone(), unknown], &bundle).await.unwrap();
    plain(&project.person, &["bundle", "verify", "--quiet", bundle.to_str().unwrap()]);
    let into = name("refs/legion/in/person");
    assert_eq!(project.control.import(&bundle, &into, BUNDLE_BYTES_MAX).await.unwrap(), tip);
    assert_eq!(project.control.resolve(&into).await.unwrap(), Some(tip.clone()));
    assert!(project.control.is_ancestor(&project.base, &tip).await.unwrap());
    // Into a repository that has not what it builds on.
    let empty = project.home.path().join("empty.git");
    let empty = Control::open_or_create(git().await, &empty, ObjectFormat::Sha1).await.unwrap();
    let error = empty.import(&bundle, &into, BUNDLE_BYTES_MAX).await.unwrap_err();
    assert!(matches!(&error, ImportError::Incomplete { commit, .. } if *commit == project.base), "{error}");
    assert_eq!(empty.resolve(&into).await.unwrap(), None);
    // One that git made.
    plain(&project.person, &["bundle", "create", "--quiet", "../third", "HEAD"]);
    assert_eq!(empty.import(&project.home.path().join("third"), &into, BUNDLE_BYTES_MAX).await.unwrap(), tip);
}

#[tokio::test]
async fn files_that_are_no_bundle_are_refused() {
    let project = Project::new().await;
    let home = project.home.path();
    let into = name("refs/legion/in/x");
    let import = |path: &Path, max| {
        let path = path.to_owned();
        let (control, into) = (&project.control, &into);
        async move { control.import(&path, into, max).await.unwrap_err() }
    };
    symlink(home.join("bundle"), home.join("link")).unwrap();
    assert!(matches!(import(&home.join("link"), BUNDLE_BYTES_MAX).await, ImportError::Read { .. }));
    assert!(matches!(import(&home.join("none"), BUNDLE_BYTES_MAX).await, ImportError::Read { .. }));
    assert!(matches!(import(&home.join("bundle"), 10).await, ImportError::TooLarge { .. }));
    let whole = std::fs::read(home.join("bundle")).unwrap();
    let pack = whole.windows(4).position(|window| window == b"PACK").unwrap();
    let mut broken = whole.clone();
    broken[pack + 40] ^= 1;
    for (number, bytes) in [
        b"hello".to_vec(),
        b"# v2 git bundle\n".to_vec(),
        b"# v2 git bundle\n\nPACK".to_vec(),
        b"# v3 git bundle\n@filter=blob:none\n\n".to_vec(),
        b"# v2 git bundle\n--output=/tmp/x refs/heads/x\n\n".to_vec(),
        whole[..whole.len() - 30].to_vec(),
        whole[..pack].to_vec(),
        broken,
    ]
    .into_iter()
    .enumerate()
    {
        let path = project.home.file(format!("bad-{number}"), bytes);
        let error = import(&path, BUNDLE_BYTES_MAX).await;
        let expected =
            matches!(error, ImportError::NotABundle { .. } | ImportError::Refused { .. } | ImportError::Git(_));
        assert!(expected, "{number}: {error}");
    }
    assert_eq!(project.control.resolve(&into).await.unwrap(), None);
    // A pipe that nobody writes to does not hold us up.
    let pipe = home.join("pipe");
    rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
    assert!(matches!(import(&pipe, BUNDLE_BYTES_MAX).await, ImportError::Read { .. }));
}

#[tokio::test]
async fn a_bundle_with_a_git_directory_in_a_tree_is_refused() {
    let project = Project::new().await;
    let evil = support::commit_with_git_directory(&project.person);
    for (name_in_tree, commit) in evil {
        plain(&project.person, &["update-ref", "refs/heads/evil", commit.as_str()]);
        plain(&project.person, &["bundle", "create", "--quiet", "../evil", "refs/heads/evil", "^main"]);
        // The probe is known to work: git itself takes it unless told otherwise.
        let careless = project.home.path().join(format!("careless-{}", name_in_tree.len()));
        plain(project.home.path(), &["clone", "--quiet", "--bare", "person", careless.to_str().unwrap()]);
        plain(&careless, &["fetch", "--quiet", "../evil", "refs/heads/evil:refs/heads/taken"]);
        let into = name("refs/legion/in/evil");
        let error =
            project.control.import(&project.home.path().join("evil"), &into, BUNDLE_BYTES_MAX).await.unwrap_err();
        assert!(matches!(error, ImportError::Refused { .. }), "{error}");
        assert_eq!(project.control.resolve(&into).await.unwrap(), None);
        assert!(!project.control.has_commit(&commit).await.unwrap(), "{name_in_tree}");
    }
}

#[tokio::test]
async fn a_large_bundle_stays_packed_and_other_hashes_work_too() {
    let home = legion_testkit::TestDir::new();
    let person = home.dir("person");
    plain(&person, &["init", "--quiet", "--initial-branch=main", "--object-format=sha256"]);
    for number in 0..300 {
        write(person.join(format!("file-{number}")), format!("{number}\n"));
    }
    let tip = commit_all(&person, "first");
    let repo = PersonRepo::discover(git().await, &person).await.unwrap();
    assert_eq!(repo.object_format(), ObjectFormat::Sha256);
    let bundle = home.path().join("bundle");
    repo.bundle(&tip, &[], &bundle).await.unwrap();
    let control =
        Control::open_or_create(git().await, &home.path().join("control.git"), ObjectFormat::Sha256).await.unwrap();
    let into = name("refs/heads/legion/s/leader");
    assert_eq!(control.import(&bundle, &into, BUNDLE_BYTES_MAX).await.unwrap(), tip);
    assert_eq!(std::fs::read_dir(control.dir().join("objects/pack")).unwrap().count(), 3, "pack, idx and rev");
    let sha1 = Control::open_or_create(git().await, &home.path().join("sha1.git"), ObjectFormat::Sha1).await.unwrap();
    let error = sha1.import(&bundle, &into, BUNDLE_BYTES_MAX).await.unwrap_err();
    assert!(error.to_string().contains("another hash"), "{error}");
    // Clones of it work.
    let place = control
        .prepare_clone(&legion_git::ClonePlan {
            dir: home.path().join("t1"),
            base: tip.clone(),
            branch: name(support::BRANCH),
            target: into,
            identity: support::identity(),
            hidden: Vec::new(),
        })
        .await
        .unwrap();
    assert_eq!(plain(place.dir(), &["status", "--porcelain"]), "");
    assert_eq!(oid(place.dir(), "HEAD"), tip);
}
