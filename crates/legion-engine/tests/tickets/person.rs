//! What only the person may do: let protected changes through, bring commits in, end sessions.

use legion_model::Party;
use legion_model::tickets::{SessionSettings, Status};

use crate::support::{Bench, TARGET, gate, git, session, ticket};

#[tokio::test(flavor = "multi_thread")]
async fn changed_tests_wait_for_the_person_who_lets_them_through() {
    let bench = Bench::with(&[("tests/it.sh", "exit 0\n"), ("README", "x\n")], SessionSettings::default()).await;
    let ids = bench.add(vec![ticket("weaken", "echo 'exit 0 # skipped' > tests/it.sh; echo new > tests/new.sh")]).await;
    let id = ids[0];
    let held = bench.held(id).await;
    assert_eq!(held, ["tests/it.sh"], "a new test is free");
    let told = bench.engine.ticket_why(bench.project, id).await.expect("known");
    assert!(told.mover == legion_model::tickets::Mover::Person && told.deadline.is_some(), "{told:?}");
    assert!(bench.landings().await.is_empty());
    bench.engine.held_decide(bench.project, Party::Root, None, id, true, None).await.expect("let through");
    bench.merged(&ids).await;
    assert_eq!(bench.target_file("tests/it.sh").await, "exit 0 # skipped");
    bench.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_denied_change_goes_back_and_has_to_be_undone() {
    let bench = Bench::with(&[("tests/it.sh", "exit 0\n"), ("README", "x\n")], SessionSettings::default()).await;
    let script = "cat > told; if grep -q 'Undo them' told; then git checkout -q origin/legion/s/leader -- tests; fi; \
                  if ! grep -q 'Undo them' told; then echo weak > tests/it.sh; fi; rm told; echo work > work";
    let ids = bench.add(vec![ticket("weaken", script)]).await;
    bench.held(ids[0]).await;
    let reason = Some("the test is right".to_owned());
    bench.engine.held_decide(bench.project, Party::Root, None, ids[0], false, reason).await.expect("sent back");
    bench.merged(&ids).await;
    assert_eq!(bench.target_file("tests/it.sh").await, "exit 0");
    assert_eq!(bench.target_file("work").await, "work");
    bench.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gate_that_its_ticket_makes_pass_waits_for_the_person() {
    let settings = SessionSettings { gates: vec![gate("sh ./check.sh")], ..Default::default() };
    let bench = Bench::with(&[("check.sh", "exit 1\n")], settings).await;
    let ids = bench.add(vec![ticket("make it pass", "echo 'exit 0' > check.sh")]).await;
    assert_eq!(bench.held(ids[0]).await, ["check.sh"]);
    assert!(bench.landings().await.is_empty());
    bench.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_person_declared_is_not_asked_for() {
    let bench = Bench::with(&[("tests/it.sh", "exit 0\n")], SessionSettings::default()).await;
    let mut declared = ticket("mend the test", "echo 'exit 0 # better' > tests/it.sh");
    declared.spec.files = vec!["tests/**".to_owned()];
    let ids = bench.add(vec![declared]).await;
    bench.merged(&ids).await;
    bench.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn commits_of_the_person_are_landed_like_any_other() {
    let settings = SessionSettings { gates: vec![gate("! grep -q broken README")], ..Default::default() };
    let bench = Bench::with(&[("README", "hello\n")], settings).await;
    std::fs::write(bench.person.join("mine"), "mine\n").expect("written");
    git(&bench.person, &["add", "mine"]).await;
    git(&bench.person, &["commit", "-qm", "mine"]).await;
    let tip = bench.import("HEAD").await;
    let number = bench.engine.import_commits(bench.project, Party::Root, None, None, tip.clone(), None).await;
    assert_eq!(number.expect("queued"), 1);
    bench.until("it is landed", |board| (board.sessions[&session()].merged == 1).then_some(())).await;
    assert_eq!(bench.control(&["rev-parse", TARGET]).await, tip, "one commit on top of the target is the merge");
    // Two commits are merged as one step: what lies between was not tested.
    for content in ["one", "two"] {
        std::fs::write(bench.person.join(content), content).expect("written");
        git(&bench.person, &["add", content]).await;
        git(&bench.person, &["commit", "-qm", content]).await;
    }
    let tip = bench.import("HEAD").await;
    let branch = Some("main".to_owned());
    bench.engine.import_commits(bench.project, Party::Root, None, None, tip, branch).await.expect("queued");
    bench.until("it is landed", |board| (board.sessions[&session()].merged == 2).then_some(())).await;
    assert_eq!(bench.landings().await, ["Merge main", "mine"]);
    // A red one stays out.
    std::fs::write(bench.person.join("README"), "broken\n").expect("written");
    git(&bench.person, &["commit", "-qam", "red"]).await;
    let tip = bench.import("HEAD").await;
    bench.engine.import_commits(bench.project, Party::Root, None, None, tip, None).await.expect("queued");
    bench.until("it is turned down", |board| (board.sessions[&session()].turned_down == 1).then_some(())).await;
    assert_eq!(bench.landings().await.len(), 2);
    bench.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_that_somebody_else_moved_is_put_back_and_told() {
    let mut bench = Bench::with(&[("README", "hello\n")], SessionSettings::default()).await;
    let tree = bench.control(&["rev-parse", &format!("{TARGET}^{{tree}}")]).await;
    let other = bench.control(&["commit-tree", &tree, "-p", TARGET, "-m", "not by Legion"]).await;
    bench.control(&["update-ref", TARGET, &other]).await;
    let ids = bench.add(vec![ticket("work", "echo x > x")]).await;
    assert_eq!(bench.closed(&ids).await, [Status::Done]);
    let history = bench.control(&["rev-list", TARGET]).await;
    assert!(!history.contains(&other), "what nobody tested is not merged");
    let kept = bench.control(&["for-each-ref", "--format=%(objectname)", "refs/legion/moved"]).await;
    assert_eq!(kept, other);
    bench.restart(false).await;
    let told = move |state: &legion_model::Organisation| {
        let inbox = state.inbox(Party::Root);
        inbox.iter().any(|message| message.body.head().contains("Somebody moved the target")).then_some(())
    };
    let told = bench.engine.until(bench.project, crate::support::PATIENCE, told).await.expect("it lives");
    assert_eq!(told, Some(()), "the person is told");
    bench.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_session_leaves_its_commits_and_its_name_free() {
    let bench = Bench::with(&[("README", "hello\n")], SessionSettings::default()).await;
    let ids = bench.add(vec![ticket("work", "echo x > x")]).await;
    bench.merged(&ids).await;
    let tip = bench.control(&["rev-parse", TARGET]).await;
    bench.engine.session_delete(bench.project, Party::Root, None, session(), false).await.expect("deleted");
    let refs = bench.control(&["for-each-ref", "--format=%(refname) %(objectname)"]).await;
    assert!(!refs.contains(TARGET), "{refs}");
    assert!(refs.contains(&format!("refs/legion/keep/{tip} {tip}")), "{refs}");
    let ask = legion_engine::SessionAsk {
        name: session(),
        base: bench.base.clone(),
        branch: None,
        settings: SessionSettings::default(),
    };
    bench.engine.session_open(bench.project, Party::Root, None, ask).await.expect("the name is free");
    assert_eq!(bench.control(&["rev-parse", TARGET]).await, bench.base);
    bench.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_asked_wrongly_is_refused_with_a_reason() {
    let bench = Bench::with(&[("README", "hello\n")], SessionSettings::default()).await;
    let engine = &bench.engine;
    let refused = |error: legion_engine::EngineError| match error {
        legion_engine::EngineError::Refused(refusal) => refusal.what,
        other => panic!("{other:?}"),
    };
    let ask = |base: &str| legion_engine::SessionAsk {
        name: "other".parse().expect("a name"),
        base: base.to_owned(),
        branch: None,
        settings: SessionSettings::default(),
    };
    let open = |base: &'static str| engine.session_open(bench.project, Party::Root, None, ask(base));
    assert!(refused(open("--upload-pack=x").await.expect_err("no commit")).contains("no name of a git object"));
    let unknown = "1111111111111111111111111111111111111111";
    assert!(refused(open(unknown).await.expect_err("not here")).contains("is not in the project's repository"));
    let bundle = bench.directory.file("no.bundle", "nothing");
    let imported = engine.import_bundle(bench.project, &bundle, unknown).await;
    assert!(refused(imported.expect_err("no bundle")).contains("is no bundle"));
    assert!(bundle.exists(), "only what lies in our own directory is removed");
    let import = engine.import_commits(bench.project, Party::Root, None, None, unknown.to_owned(), None).await;
    assert!(refused(import.expect_err("not here")).contains("is not in the project's repository"));
    let diff = engine.ticket_diff(bench.project, legion_model::tickets::TicketId(9), 10).await;
    assert!(refused(diff.expect_err("no ticket")).contains("there is no ticket #9"));
    bench.end().await;
}
