//! Attempts: in parallel, in order, again after a failure, after a conflict, and stopped.

use legion_model::Party;
use legion_model::tickets::{AttemptEnd, ErrorClass, OnUpstream, SessionSettings, Status, TicketChanges};

use crate::support::{Bench, PATIENCE, gate, ticket, until};

#[tokio::test(flavor = "multi_thread")]
async fn tickets_run_in_parallel_and_a_dependent_begins_on_what_was_merged() {
    let bench = Bench::with(&[("README", "hello\n")], SessionSettings::default()).await;
    // Each of the two waits for the other to run: one after the other would never end.
    let meet = bench.directory.dir("meet");
    let wait = |own: &str, other: &str| {
        let meet = meet.display();
        format!("touch {meet}/{own}; while [ ! -e {meet}/{other} ]; do sleep 0.02; done; echo {own} > {own}")
    };
    let mut last = ticket("last", "cat one two > both");
    last.after_new = [(0, OnUpstream::Wait), (1, OnUpstream::Wait)].into();
    let tickets = vec![ticket("one", &wait("one", "two")), ticket("two", &wait("two", "one")), last];
    let ids = bench.add(tickets).await;
    bench.merged(&ids).await;
    assert_eq!(bench.target_file("both").await, "one\ntwo");
    assert_eq!(bench.landings().await.len(), 3);
    bench.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_ticket_says_is_what_its_agent_is_told() {
    let bench = Bench::with(&[("README", "hello\n")], SessionSettings::default()).await;
    let mut full = ticket("full", "cat > told");
    full.spec.context = Some("It is for people.".into());
    full.spec.criteria = vec!["they can read it".to_owned()];
    full.spec.plan = Some("One file.".into());
    full.spec.files = vec!["told".to_owned()];
    full.spec.gates = vec![gate("test -f told")];
    full.spec.role = Some("devops".to_owned());
    let ids = bench.add(vec![full]).await;
    bench.merged(&ids).await;
    let told = bench.target_file("told").await;
    let mut rest = told.as_str();
    for part in [
        "## Ticket #1: full\ndo what `full` says\n",
        "## Context\nIt is for people.\n",
        "## It is done when\n- they can read it\n",
        "## Gates, run on the merged tree\n- `test -f told` ends with exit code 0\n",
        "## Plan\nOne file.\n",
        "## Files it means to touch\n- told\n",
        "## Your role: DevOps\n",
        "## Where you are\n",
    ] {
        rest = rest.split_once(part).unwrap_or_else(|| panic!("{part:?} is missing, or not in its place: {told}")).1;
    }
    bench.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gate_that_fails_is_told_to_the_agent_which_then_mends_it() {
    let settings = SessionSettings { gates: vec![gate("sh check.sh")], ..Default::default() };
    let check = "grep -q right answer || { echo 'expected right, found:'; cat answer; exit 3; }\n";
    let bench = Bench::with(&[("check.sh", check), ("answer", "none\n")], settings).await;
    // What it is told is its standard input: only the real output of the gate makes it write the right thing.
    let script = "cat > told; if grep -q 'expected right, found' told; then echo right > answer; \
                  else echo wrong > answer; fi; cp told $TMPDIR/told; rm told";
    let ids = bench.add(vec![ticket("answer", script)]).await;
    bench.merged(&ids).await;
    assert_eq!(bench.target_file("answer").await, "right");
    assert_eq!(bench.landings().await.len(), 1, "the failed attempt moved nothing");
    let id = ids[0];
    let (attempts, why, detail) = bench
        .read(move |board| {
            let ticket = &board.tickets[&id];
            let first = &ticket.history[0];
            let detail = first.detail.as_ref().map(|detail| detail.head().to_owned());
            (ticket.attempts, first.why.clone(), detail.unwrap_or_default())
        })
        .await;
    assert_eq!(attempts, 2);
    assert!(why.contains("`sh check.sh` failed with exit code 3"), "{why}");
    assert_eq!(detail, "expected right, found:\nwrong");
    bench.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_that_ends_within_a_rebase_is_told_and_finishes_it() {
    let bench = Bench::with(&[("list", "a\nb\nc\n")], SessionSettings::default()).await;
    // It rebases its own two commits onto a third one; the first conflicts, and it just ends. Told of it, it goes on.
    let script = "cat > told; cp told $TMPDIR/told; rm told; export GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=/dev/null GIT_EDITOR=true; \
                  if grep -q 'git rebase --continue' $TMPDIR/told; then \
                    printf 'a\\nboth\\nc\\n' > list; git add list; git rebase --continue; \
                  else \
                    git checkout -q -b other; printf 'a\\nother\\nc\\n' > list; git commit -qam other; git checkout -q -; \
                    printf 'a\\nmine\\nc\\n' > list; git commit -qam mine; echo 2 > second; git add second; git commit -qm second; \
                    git rebase -q other || true; grep -q '<<<<<<<' list; \
                  fi";
    let ids = bench.add(vec![ticket("rebase", script)]).await;
    bench.merged(&ids).await;
    assert_eq!(bench.target_file("list").await, "a\nboth\nc");
    assert_eq!(bench.target_file("second").await, "2");
    let id = ids[0];
    let (attempts, why) =
        bench.read(move |board| (board.tickets[&id].attempts, board.tickets[&id].history[0].why.clone())).await;
    assert_eq!(attempts, 2);
    assert!(why.contains("its clone is in the middle of a rebase"), "{why}");
    bench.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conflict_goes_back_to_its_author_and_merges() {
    let bench = Bench::with(&[("list", "a\nb\nc\n")], SessionSettings::default()).await;
    let meet = bench.directory.dir("meet");
    let wait = |file: &str| format!("while [ ! -e {}/{file} ]; do sleep 0.02; done", meet.display());
    // The second one writes the same line; told of the conflict, it merges the newest target by hand.
    let first = ticket("first", "cat > /dev/null; printf 'a\\nfirst\\nc\\n' > list");
    let second = format!(
        "cat > told; if grep -q 'git add -A' told; then rm told; git add -A; git commit -qm mine; \
         git merge -q origin/legion/s/leader; printf 'a\\nfirst\\nsecond\\nc\\n' > list; git add list; git commit -qm resolved; \
         else rm told; printf 'a\\nsecond\\nc\\n' > list; {}; fi",
        wait("merged")
    );
    let ids = bench.add(vec![first, ticket("second", &second)]).await;
    bench.merged(&ids[..1]).await;
    std::fs::write(meet.join("merged"), "").expect("written");
    bench.merged(&ids).await;
    assert_eq!(bench.target_file("list").await, "a\nfirst\nsecond\nc");
    let second = ids[1];
    let (conflicts, why, detail) = bench
        .read(move |board| {
            let ticket = &board.tickets[&second];
            let detail = ticket.history[0].detail.as_ref().map(|detail| detail.head().to_owned());
            (ticket.conflicts, ticket.history[0].why.clone(), detail.unwrap_or_default())
        })
        .await;
    assert_eq!(conflicts, 1, "{:#?}", bench.transcripts(second).await);
    assert_eq!(why, "it conflicts with the newest target in list");
    assert!(detail.contains("<<<<<<<") && detail.contains("first") && detail.contains("second"), "{detail}");
    bench.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_changed_is_no_success_whatever_the_agent_says() {
    let bench = Bench::with(&[("README", "hello\n")], SessionSettings::default()).await;
    let mut lazy = ticket("lazy", "echo all done, promise");
    lazy.spec.max_attempts = 1;
    let ids = bench.add(vec![lazy]).await;
    assert_eq!(bench.closed(&ids).await, [Status::Error]);
    let why = bench.why(ids[0]).await;
    assert!(why.contains("nothing was changed"), "{why}");
    bench.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_out_of_time_is_ended_with_all_that_it_started_and_the_ticket_is_tried_again() {
    let bench = Bench::with(&[("README", "hello\n")], SessionSettings::default()).await;
    let pids = bench.directory.path().join("pids");
    let script = format!("echo $$ >> {0}; sleep 1000 & echo $! >> {0}; sleep 1000", pids.display());
    let mut slow = ticket("slow", &script);
    (slow.spec.timeout_s, slow.spec.max_attempts) = (1, 2);
    let ids = bench.add(vec![slow]).await;
    assert_eq!(bench.closed(&ids).await, [Status::Error]);
    let id = ids[0];
    let history = bench.read(move |board| board.tickets[&id].history.clone()).await;
    assert_eq!(history.len(), 2, "{history:#?}");
    for attempt in &history {
        assert_eq!(attempt.end, AttemptEnd::Failed(ErrorClass::Task), "{}", attempt.why);
        assert!(attempt.why.contains("its agent ran into a limit"), "{}", attempt.why);
    }
    let pids = std::fs::read_to_string(&pids).expect("they said who they are");
    assert_eq!(pids.lines().count(), 4, "two of each attempt: {pids}");
    for pid in pids.lines() {
        let process = std::path::Path::new("/proc").join(pid);
        until(&format!("process {pid} is gone"), || !process.exists()).await;
    }
    bench.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_ticket_stays_stopped_and_its_files_come_back() {
    let files = [("README", "hello\n"), (".gitignore", "*.o\n")];
    let bench = Bench::with(&files, SessionSettings::default()).await;
    let script = "echo changed > README; mkdir -p deep; echo untracked > deep/file; echo no > x.o; \
                  git add deep; git commit -qm one; echo later > later; touch ready; sleep 1000";
    let ids = bench.add(vec![ticket("long", script)]).await;
    let id = ids[0];
    let clone = bench.clone_of(id).await;
    bench.wait_for(&clone.join("ready")).await;
    let diff = bench.engine.ticket_diff(bench.project, id, 1 << 20).await.expect("a difference");
    let mut paths: Vec<&str> = diff.files.iter().map(|file| file.path.as_str()).collect();
    paths.sort_unstable();
    assert_eq!(paths, ["README", "deep/file", "later", "ready"]);
    assert!(diff.patch.contains("+changed") && diff.of == legion_engine::DiffOf::Working, "{}", diff.patch);
    let stopped = bench.engine.tickets_stop(bench.project, Party::Root, None, ids.clone()).await.expect("stopped");
    assert_eq!(stopped, ids);
    bench.until("its clone is removed", |board| board.places.is_empty().then_some(())).await;
    assert!(!clone.exists());
    let into = bench.directory.path().join("back");
    bench.engine.undelete(bench.project, id, None, &into).await.expect("brought back");
    let read = |path: &str| std::fs::read_to_string(into.join(path)).expect("a file");
    assert_eq!([read("README"), read("deep/file"), read("later")], ["changed\n", "untracked\n", "later\n"]);
    assert!(!into.join("x.o").exists(), "what is ignored is not kept");
    let taken = bench.engine.undelete(bench.project, id, None, &into).await;
    assert!(taken.is_err(), "nothing is written over");
    // Opened again, its new clone has that work at hand.
    let script = "cat > told; grep -q 't1-previous' told || exit 9; rm told; \
                  git merge -q origin/legion/s/t1-previous; rm -f ready; echo done > done; rm -rf deep";
    let changes = TicketChanges {
        command: Some(vec!["sh".to_owned(), "-c".to_owned(), script.to_owned()]),
        ..TicketChanges::default()
    };
    let reopened = bench.engine.ticket_retry(bench.project, Party::Root, None, id, None, changes).await;
    assert_eq!(reopened.expect("open again"), ids);
    bench.merged(&ids).await;
    assert_eq!(bench.target_file("later").await, "later");
    let merged = bench.engine.ticket_diff(bench.project, id, 1 << 20).await.expect("a difference");
    assert!(merged.of == legion_engine::DiffOf::Merged && merged.patch.contains("+done"), "{merged:?}");
    // Deleted, it can still be brought back.
    bench.engine.ticket_delete(bench.project, Party::Root, None, id, false).await.expect("deleted");
    assert!(!bench.engine.rescues(bench.project, id).await.expect("listed").is_empty());
    assert_eq!(bench.landings().await, ["Merge ticket #1: long"]);
    bench.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conflict_that_its_author_cannot_resolve_is_given_to_a_resolver() {
    let bench = Bench::with(&[("list", "a\nb\nc\n")], SessionSettings::default()).await;
    let meet = bench.directory.path().join("merged");
    let first = ticket("first", "cat > /dev/null; printf 'a\\nfirst\\nc\\n' > list");
    // The author never merges; whoever is told to resolve does, from the branch of the attempt before.
    let second = format!(
        "cat > told; if grep -q 'You resolve a merge conflict' told; then rm told; \
         git merge -q origin/legion/s/t2-previous; printf 'a\nfirst\nsecond\nc\n' > list; git commit -qam resolved; \
         else rm told; echo \"$(cat count)x\" > count; printf 'a\nsecond\nc\n' > list; \
         while [ ! -e {} ]; do sleep 0.02; done; fi",
        meet.display()
    );
    let ids = bench.add(vec![first, ticket("second", &second)]).await;
    bench.merged(&ids[..1]).await;
    std::fs::write(&meet, "").expect("written");
    bench.merged(&ids).await;
    assert_eq!(bench.target_file("list").await, "a\nfirst\nsecond\nc");
    let second = ids[1];
    let (conflicts, agents) = bench
        .read(move |board| {
            let ticket = &board.tickets[&second];
            let agents: std::collections::BTreeSet<_> = ticket.history.iter().map(|one| one.agent).collect();
            (ticket.conflicts, agents.len())
        })
        .await;
    assert_eq!((conflicts, agents), (3, 2));
    bench.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clone_is_set_up_by_the_target_and_gets_the_files_that_its_build_needs() {
    let files = [
        ("README", "hello\n"),
        (".gitignore", ".env\nset-up\n*.log\n"),
        (".worktreeinclude", "# for the build\n.env\n"),
        ("legion.toml", "[setup]\ncommand = \"echo yes > set-up; test -z \\\"$LEGION_TOKEN\\\"\"\n"),
    ];
    let bench = Bench::with(&files, SessionSettings::default()).await;
    std::fs::write(bench.person.join(".env"), "KEY=1\n").expect("written");
    std::fs::write(bench.person.join("other.log"), "no\n").expect("written");
    let ids = bench.add(vec![ticket("use them", "cat .env set-up > result; ls -A > names")]).await;
    bench.merged(&ids).await;
    assert_eq!(bench.target_file("result").await, "KEY=1\nyes");
    assert!(!bench.target_file("names").await.contains("other.log"));
    bench.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_set_up_command_that_fails_is_told_with_its_words() {
    let files = [("legion.toml", "[setup]\ncommand = \"echo no such package >&2; exit 4\"\n")];
    let bench = Bench::with(&files, SessionSettings::default()).await;
    let ids = bench.add(vec![ticket("never begins", "true")]).await;
    let id = ids[0];
    let why = bench
        .until("it is delayed", move |board| {
            board.tickets[&id].attempt().and_then(|attempt| attempt.delay.as_ref()).map(|delay| delay.why.clone())
        })
        .await;
    assert!(why.contains("no such package") && why.contains("exit code 4"), "{why}");
    let told = bench.engine.ticket_why(bench.project, id).await.expect("known");
    assert!(told.what.contains("no such package") && told.deadline.is_some(), "{told:?}");
    bench.engine.tickets_stop_all(bench.project, Party::Root, None, None).await.expect("stopped");
    assert_eq!(bench.closed(&ids).await, [Status::Stopped]);
    let gc = tokio::time::timeout(PATIENCE, bench.engine.gc(bench.project)).await.expect("it ends").expect("removed");
    // A preparation that was going on when it was stopped removes it itself.
    assert_eq!(gc.kept, Vec::<String>::new(), "its clone was never used, and nobody knew it any more");
    assert!(gc.clones <= 1, "{} clones", gc.clones);
    assert_eq!(bench.clones(), [""; 0]);
    bench.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_that_breaks_its_clone_breaks_nothing_else() {
    let bench = Bench::with(&[("README", "hello\n")], SessionSettings::default()).await;
    // Without its repository its files are still taken; a hook that it plants is run by nobody of ours.
    let planted = bench.directory.path().join("planted");
    let plant = format!(
        "for hook in pre-commit post-checkout reference-transaction post-index-change; do \
         printf '#!/bin/sh\ntouch {0}\n' > .git/hooks/$hook; chmod +x .git/hooks/$hook; done; \
         printf '[core]\nfsmonitor = touch {0}\n' >> .git/config; echo one > one",
        planted.display()
    );
    let tickets = vec![ticket("planter", &plant), ticket("breaker", "echo two > two; rm -rf .git")];
    let ids = bench.add(tickets).await;
    bench.merged(&ids).await;
    assert_eq!((bench.target_file("one").await, bench.target_file("two").await), ("one".to_owned(), "two".to_owned()));
    assert!(!planted.exists());
    bench.until("all clones are removed", |board| board.places.is_empty().then_some(())).await;
    assert!(!planted.exists());
    // One that removes all of it is told so, and the others go on.
    let ids = bench.add(vec![ticket("remover", "rm -rf \"$PWD\""), ticket("other", "echo three > three")]).await;
    assert_eq!(bench.closed(&ids).await, [Status::Error, Status::Done]);
    let why = bench.why(ids[0]).await;
    assert!(why.contains("is gone: somebody removed it"), "{why}");
    bench.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_by_the_log_for_want_of_room_is_not_lost() {
    let memory = legion_store::MemoryLog::new();
    let files = [("README", "hello\n")];
    let directory = legion_testkit::TestDir::new();
    let bench = Bench::on(directory, std::sync::Arc::new(memory.clone()), &files, SessionSettings::default()).await;
    let go = bench.directory.path().join("go");
    let script = format!("echo x > x; touch ready; while [ ! -e {} ]; do sleep 0.02; done; rm ready", go.display());
    let ids = bench.add(vec![ticket("work", &script)]).await;
    let clone = bench.clone_of(ids[0]).await;
    bench.wait_for(&clone.join("ready")).await;
    memory.set_full(true);
    std::fs::write(&go, "").expect("written");
    until("its agent has ended", || !clone.join("ready").exists()).await;
    let more = vec![ticket("more", "true")];
    let refused = bench.engine.tickets_add(bench.project, Party::Root, None, None, more, None).await;
    assert!(matches!(refused, Err(legion_engine::EngineError::DiskFull)), "{refused:?}");
    assert!(clone.join("x").exists(), "nothing is removed that the log does not know of");
    memory.set_full(false);
    bench.merged(&ids).await;
    assert_eq!(bench.target_file("x").await, "x");
    bench.end().await;
}
