//! Fifty thousand files.

mod support;

use std::io::Write as _;
use std::process::Stdio;

use legion_git::{ClonePlan, Control, ObjectFormat, PersonRepo};
use legion_testkit::TestDir;
use support::{BRANCH, TARGET, command, git, identity, name, oid, plain, write};

const FILES: usize = 50_000;

#[tokio::test]
async fn fifty_thousand_files_are_imported_cloned_and_collected() {
    let home = TestDir::new();
    let person = home.dir("person");
    plain(&person, &["init", "--quiet", "--initial-branch=main"]);
    let mut import = command(&person, &["fast-import", "--quiet"]).stdin(Stdio::piped()).spawn().unwrap();
    import.stdin.take().unwrap().write_all(history().as_bytes()).unwrap();
    assert!(import.wait().unwrap().success());
    let repo = PersonRepo::discover(git().await, &person).await.unwrap();
    let base = repo.head().await.unwrap().commit;
    let bundle = home.path().join("bundle");
    repo.bundle(&base, &[], &bundle).await.unwrap();
    let control =
        Control::open_or_create(git().await, &home.path().join("control.git"), ObjectFormat::Sha1).await.unwrap();
    control.import(&bundle, &name(TARGET), support::BUNDLE_BYTES_MAX).await.unwrap();
    assert_eq!(control.list_tree_paths(&base, FILES * 2).await.unwrap().paths.len(), FILES);
    let plan = ClonePlan {
        dir: home.path().join("t1"),
        base: base.clone(),
        branch: name(BRANCH),
        target: name(TARGET),
        identity: identity(),
        hidden: Vec::new(),
    };
    let place = control.prepare_clone(&plan).await.unwrap();
    assert_eq!(plain(place.dir(), &["status", "--porcelain"]), "");
    assert_eq!(oid(place.dir(), "HEAD"), base);
    write(place.dir().join("d7/f7"), "changed\n");
    write(place.dir().join("new"), "n\n");
    let collected = control
        .collect(&legion_git::CollectPlan {
            place,
            base: base.clone(),
            branch: name(BRANCH),
            message: "left\n".to_owned(),
            identity: identity(),
            at: support::at(),
            into: name("refs/legion/in/t1/1"),
        })
        .await
        .unwrap();
    let changes = control.changes(&base, &collected.head, 10).await.unwrap();
    assert_eq!((changes.list.len(), collected.notes.len()), (2, 0), "{changes:?} {:?}", collected.notes);
}

fn history() -> String {
    let mut text = String::from("commit refs/heads/main\ncommitter A <a@example.invalid> 1 +0000\ndata 1\nx\n");
    for number in 0..FILES {
        let content = format!("{number}\n");
        text.push_str(&format!("M 644 inline d{}/f{number}\ndata {}\n{content}\n", number % 500, content.len()));
    }
    text
}
