//! Gates: whose they are, how they end, and what they leave.

use legion_model::Party;
use legion_model::tickets::{GateSpec, GateVerdict, OnUpstream, SessionSettings, Status};

use crate::support::{Bench, checkpoint, gate, ticket};

fn verdicts(board: &legion_model::tickets::Board) -> Vec<(String, GateVerdict)> {
    board.verdicts.values().map(|verdict| (verdict.name.clone(), verdict.verdict)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn gates_come_from_the_target_and_not_from_the_branch() {
    let files = [("README", "hello\n"), ("legion.toml", "[gates]\ntest = \"grep -q hello README\"\n")];
    let bench = Bench::with(&files, SessionSettings::default()).await;
    let mut cheat = ticket("cheat", "echo broken > README; printf '[gates]\\ntest = \"true\"\\n' > legion.toml");
    cheat.spec.max_attempts = 1;
    let ids = bench.add(vec![cheat]).await;
    let id = ids[0];
    bench.until("a person is asked", move |board| board.tickets[&id].attempt()?.evidence.as_ref().map(drop)).await;
    bench.held(id).await;
    bench.engine.held_decide(bench.project, Party::Root, None, id, true, None).await.expect("let through");
    // Even let through, it is judged by the gates that stand in the target.
    assert_eq!(bench.closed(&ids).await, [Status::Error]);
    let why = bench.why(id).await;
    assert!(why.contains("the gate `test` failed"), "{why}");
    bench.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gate_has_no_token_and_a_home_of_its_own_and_is_run_in_a_clean_checkout() {
    let bench = Bench::with(&[("README", "hello\n"), (".gitignore", "cache\n")], SessionSettings::default()).await;
    let mut first = checkpoint("first");
    first.spec.gates =
        vec![gate("env; pwd; ls -A; echo dirt > README; echo x > untracked; mkdir -p cache; echo warm > cache/x")];
    let mut second = checkpoint("second");
    second.spec.gates = vec![gate("ls -A; cat cache/x; test ! -e untracked && grep -q hello README")];
    second.after_new = [(0, OnUpstream::Wait)].into();
    let ids = bench.add(vec![first, second]).await;
    bench.merged(&ids).await;
    let logs = bench
        .read(|board| {
            let mut all: Vec<_> = board.verdicts.values().cloned().collect();
            all.sort_by_key(|verdict| verdict.at);
            all
        })
        .await;
    let text = bench.engine.text(&logs[0].log).await.expect("a log");
    assert!(text.contains("CI=true") && text.contains("/gates/"), "{text}");
    assert!(!text.contains("LEGION_TOKEN") && !text.contains("LEGION_URL"), "{text}");
    let whole = bench.engine.gate_log(bench.project, logs[0].run).await.expect("read").expect("kept");
    assert_eq!(whole, text);
    assert!(logs[1].log.head().contains("warm"), "what is ignored is kept: {:?}", logs[1].log);
    bench.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_gate_leaves_for_the_next_one_stays_when_its_work_was_merged_and_goes_when_not() {
    // It executes what the branch brought, and is led by whatever lies in its home and in ignored files.
    let check = "[ ! -e $HOME/.led ] || . $HOME/.led\n[ ! -e cache/led ] || . ./cache/led\n\
                 for tool in tools/*; do . ./$tool; done\ngrep -qx right answer || { echo wrong; exit 3; }\n\
                 mkdir -p cache $HOME/.cache/go-build $HOME/.config\n\
                 echo x > $HOME/.config/x; cp answer cache/; cp answer $HOME/.cache/go-build/; echo passed >> cache/passed\n";
    let settings = SessionSettings { gates: vec![gate("sh check.sh")], ..Default::default() };
    let files = [("check.sh", check), ("answer", "right\n"), (".gitignore", "cache\n"), ("tools/none", "\n")];
    let bench = Bench::with(&files, settings).await;
    let ids = bench.add(vec![ticket("first", "echo 1 > one")]).await;
    bench.merged(&ids).await;
    // One that leads every gate after it astray, and fails; in the same run nobody can help that.
    let plant = "echo 'echo led; exit 0' > $HOME/.led; mkdir -p cache $HOME/.cache/go-build; cp $HOME/.led cache/led; \
                 cp $HOME/.led $HOME/.cache/go-build/led; touch -d 2000-01-01 cache/led; exit 4";
    let mut evil =
        ticket("evil", &format!("echo wrong > answer; echo '{}' > tools/plant", plant.replace('\'', "'\\''")));
    evil.spec.max_attempts = 1;
    let ids = bench.add(vec![evil]).await;
    assert_eq!(bench.closed(&ids).await, [Status::Error], "its second run is not led by its first one");
    let gates = bench.directory.path().join("data/gates").join(bench.project.to_string());
    assert!(gates.join("checkout/cache/led").exists() && gates.join("home/.led").exists(), "it was planted");
    let mut wrong = ticket("wrong", "echo wrong > answer");
    wrong.spec.max_attempts = 1;
    let ids = bench.add(vec![wrong]).await;
    assert_eq!(bench.closed(&ids).await, [Status::Error]);
    let why = bench.why(ids[0]).await;
    assert!(why.contains("failed with exit code 3"), "{why}");
    // What was merged is warm for the next one, and nothing else.
    let ids = bench.add(vec![ticket("last", "echo 2 > two")]).await;
    bench.merged(&ids).await;
    let read = |path: &str| std::fs::read_to_string(gates.join(path)).unwrap_or_default();
    assert_eq!(read("checkout/cache/passed"), "passed\npassed\n", "that of the first one was kept");
    assert_eq!([read("checkout/cache/answer"), read("home/.cache/go-build/answer")], ["right\n", "right\n"]);
    for path in ["checkout/cache/led", "home/.led", "home/.cache/go-build/led"] {
        assert!(!gates.join(path).exists(), "{path} is there");
    }
    bench.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ends_of_gates_are_told_apart() {
    let bench = Bench::with(&[("README", "hello\n")], SessionSettings::default()).await;
    let mut missing = checkpoint("missing");
    missing.spec.gates = vec![gate("no-such-program --all")];
    let mut slow = checkpoint("slow");
    slow.spec.gates = vec![GateSpec { timeout_s: 1, ..gate("echo begun; sleep 1000 & sleep 1000") }];
    let ids = bench.add(vec![missing, slow]).await;
    assert_eq!(bench.closed(&ids).await, [Status::Error, Status::Error]);
    let (missing, slow) = (bench.why(ids[0]).await, bench.why(ids[1]).await);
    assert!(missing.contains("there is no such command"), "{missing}");
    assert!(slow.contains("did not end within 1 s"), "{slow}");
    let mut found = bench.read(verdicts).await;
    found.sort_by(|one, other| one.0.cmp(&other.0));
    assert_eq!(found[1].1, GateVerdict::NotFound, "{found:?}");
    assert_eq!(found[0].1, GateVerdict::TimedOut);
    // The file of the log shows what was written before the end, and nothing of it lives.
    let slow = ids[1];
    let detail = bench.read(move |board| board.tickets[&slow].history[0].detail.clone()).await.expect("a log");
    assert!(detail.head().starts_with("begun\n[legion] "), "{detail:?}");
    bench.no_gate_lives().await;
    bench.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flaky_gate_gets_one_more_chance_and_both_verdicts_are_kept() {
    let bench = Bench::with(&[("README", "hello\n")], SessionSettings::default()).await;
    let mut flaky = checkpoint("flaky");
    // Nothing of a gate's own lasts that long.
    let again = bench.directory.path().join("again").display().to_string();
    flaky.spec.gates = vec![gate(&format!("test -e {again} || {{ touch {again}; exit 1; }}"))];
    let ids = bench.add(vec![flaky]).await;
    bench.merged(&ids).await;
    let id = ids[0];
    let flakes = bench.read(move |board| board.tickets[&id].history[0].flakes.clone()).await;
    let [failed] = flakes.as_slice() else { panic!("{flakes:?}") };
    assert_eq!((failed.verdict, failed.exit_code), (GateVerdict::Failed, Some(1)));
    let passed = bench.read(move |board| board.verdicts.values().cloned().collect::<Vec<_>>()).await;
    assert_eq!(passed.iter().map(|verdict| verdict.verdict).collect::<Vec<_>>(), [GateVerdict::Passed]);
    assert!(failed.run != passed[0].run && failed.gate == passed[0].gate && failed.at <= passed[0].at);
    bench.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn stopping_a_ticket_ends_its_gate() {
    let bench = Bench::with(&[("README", "hello\n")], SessionSettings::default()).await;
    let begun = bench.directory.path().join("begun");
    let mut long = checkpoint("long");
    long.spec.gates = vec![gate(&format!("touch {}; sleep 1000", begun.display()))];
    let ids = bench.add(vec![long]).await;
    bench.wait_for(&begun).await;
    bench.engine.tickets_stop(bench.project, Party::Root, None, ids.clone()).await.expect("stopped");
    assert_eq!(bench.closed(&ids).await, [Status::Stopped]);
    bench.no_gate_lives().await;
    // The directory is free for the next one.
    let mut next = checkpoint("next");
    next.spec.gates = vec![gate("true")];
    let ids = bench.add(vec![next]).await;
    bench.merged(&ids).await;
    bench.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_configuration_that_cannot_be_read_is_said_so() {
    let bench = Bench::with(&[("legion.toml", "[gates\n")], SessionSettings::default()).await;
    let ids = bench.add(vec![ticket("any", "echo x > x")]).await;
    assert_eq!(bench.closed(&ids).await, [Status::Error]);
    let why = bench.why(ids[0]).await;
    assert!(why.contains("`legion.toml`") && why.contains("cannot be used"), "{why}");
    bench.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_gate_leaves_in_the_way_of_the_next_tree_is_removed() {
    let leave = "mkdir -p cache/deep; git init -q cache/deep; echo x > cache/deep/x; ln -s / cache/root";
    let settings =
        SessionSettings { gates: vec![gate(&format!("[ -f cache ] || {{ {leave}; }}"))], ..Default::default() };
    let bench = Bench::with(&[("README", "hello\n"), (".gitignore", "cache\n")], settings).await;
    let mut judge = checkpoint("judge");
    judge.spec.gates = vec![gate("true")];
    let mut next = ticket("next", "echo file > cache; git add -f cache; git commit -qm cache");
    next.after_new = [(0, OnUpstream::Wait)].into();
    let ids = bench.add(vec![judge, next]).await;
    bench.merged(&ids).await;
    assert_eq!(bench.target_file("cache").await, "file");
    bench.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_share_the_directory_of_their_gates_one_after_the_other() {
    let bench = Bench::with(&[("README", "hello\n")], SessionSettings::default()).await;
    let ask = legion_engine::SessionAsk {
        name: "other".parse().expect("a name"),
        base: bench.base.clone(),
        branch: None,
        settings: SessionSettings::default(),
    };
    bench.engine.session_open(bench.project, Party::Root, None, ask).await.expect("opened");
    // Each would fail if the other one ran beside it.
    let alone = bench.directory.path().join("alone").display().to_string();
    let alone = format!("mkdir {alone} || exit 1; ls -A; sleep 0.2; rmdir {alone}");
    let mut all = Vec::new();
    for (session, name) in [("s", "one"), ("other", "two")] {
        let mut work = ticket(name, &format!("echo {name} > {name}"));
        work.spec.gates = vec![gate(&format!("test -e {name} || exit 2; {alone}"))];
        let session = Some(session.parse().expect("a name"));
        let added = bench.engine.tickets_add(bench.project, Party::Root, None, session, vec![work], None).await;
        all.extend(added.expect("added").tickets);
    }
    bench.merged(&all).await;
    let logs = |board: &legion_model::tickets::Board| {
        board.verdicts.values().map(|verdict| verdict.log.head().to_owned()).collect::<Vec<_>>()
    };
    let mut listed = bench.read(logs).await;
    listed.sort();
    assert_eq!(listed, ["README\none", "README\ntwo"], "each had its own tree, and nothing of the other's");
    let refs = bench.control(&["for-each-ref", "--format=%(refname)", "refs/heads"]).await;
    assert_eq!(refs, "refs/heads/legion/other/leader\nrefs/heads/legion/s/leader");
    bench.end().await;
}
