//! Agents that mean no good: nothing that they plant is executed by the service, nothing of theirs is merged, and the person is told
//! plainly what became of each.

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Output;

use serde_json::Value;

use crate::support::{Legion, text};
use crate::{kit, small};

/// Every answer is right.
const CHECK: &str =
    "set -e\nfor answer in answers/*; do grep -qx right \"$answer\" || { echo \"$answer is wrong\"; exit 3; }; done\n";

/// What an agent does, how its ticket ends, and what `legion why` says about it.
struct Case {
    name: &'static str,
    script: &'static str,
    status: &'static str,
    why: &'static str,
}

const WRONG: &str = "the gate `sh check.sh` failed with exit code 3";

const CASES: &[Case] = &[
    Case {
        name: "empties-git",
        script: "echo wrong > answers/1; rm -rf .git/* .git/.??*",
        status: "error",
        why: WRONG,
    },
    Case { name: "removes-git", script: "echo wrong > answers/1; rm -rf .git", status: "error", why: WRONG },
    Case {
        name: "plants-hooks",
        script: "echo wrong > answers/1; mkdir -p .git/hooks; for hook in pre-commit post-checkout post-merge post-index-change \
                 reference-transaction pre-receive update post-update post-receive fsmonitor-watchman pre-auto-gc post-rewrite; \
                 do cp $CANARY .git/hooks/$hook; done; git config core.hooksPath .git/hooks",
        status: "error",
        why: WRONG,
    },
    Case {
        name: "plants-configuration",
        script: "echo wrong > answers/1; printf '* filter=evil diff=evil merge=evil\\n' > .gitattributes; \
                 printf '* filter=evil diff=evil merge=evil\\n' > .git/info/attributes; \
                 for key in core.fsmonitor filter.evil.clean filter.evil.smudge filter.evil.process diff.external diff.evil.command \
                 diff.evil.textconv merge.evil.driver core.pager core.editor core.sshCommand core.askPass credential.helper gpg.program \
                 uploadpack.packObjectsHook core.alternateRefsCommand gc.recentObjectsHook; do git config $key $CANARY; done; \
                 git config filter.evil.required true; git config commit.gpgSign true; git config include.path $CANARY.config; \
                 git config core.worktree $HOME; git config remote.origin.uploadpack $CANARY",
        status: "error",
        why: WRONG,
    },
    Case {
        name: "git-is-a-file",
        script: "echo wrong > answers/1; evil=$HOME/evil; mv .git $evil; mkdir -p $evil/hooks; cp $CANARY $evil/hooks/post-index-change; \
                 git --git-dir=$evil config core.fsmonitor $CANARY; echo \"gitdir: $evil\" > .git",
        status: "error",
        why: WRONG,
    },
    Case {
        name: "git-is-a-link",
        script: "echo wrong > answers/1; evil=$HOME/evil; mv .git $evil; git --git-dir=$evil config core.fsmonitor $CANARY; ln -s $evil .git",
        status: "error",
        why: WRONG,
    },
    Case {
        name: "nests-a-repository",
        script: "echo wrong > answers/1; mkdir sub; cd sub; git init -q .; echo x > x; git add x; git -c user.name=x -c user.email=x commit -qm x; \
                 for hook in post-index-change reference-transaction; do cp $CANARY .git/hooks/$hook; done; \
                 git config core.fsmonitor $CANARY; cd ..; git add sub; \
                 printf '[submodule \"sub\"]\\n path = sub\\n url = ext::%s\\n update = !%s\\n' $CANARY $CANARY > .gitmodules",
        status: "error",
        why: WRONG,
    },
    Case {
        name: "a-tree-with-git",
        script: "echo wrong > answers/1; blob=$(git hash-object -w $CANARY); \
                 hooks=$(printf '100755 blob %s\\tpost-checkout\\n' $blob | git mktree); \
                 dir=$(printf '040000 tree %s\\thooks\\n' $hooks | git mktree); \
                 tree=$(printf '040000 tree %s\\t.git\\n' $dir | git mktree); \
                 commit=$(git commit-tree -p HEAD -m evil $tree); git update-ref HEAD $commit; \
                 git ls-tree -r --name-only HEAD | grep -q .git/hooks",
        status: "error",
        why: WRONG,
    },
    Case {
        name: "a-tree-with-dots",
        script: "echo wrong > answers/1; blob=$(git hash-object -w $CANARY); \
                 tree=$(for name in .. . .GIT git~1 .git. 'a\\b'; do printf '100755 blob %s\\t%s\\n' $blob \"$name\"; done | git mktree); \
                 commit=$(git commit-tree -p HEAD -m evil $tree); git update-ref HEAD $commit",
        status: "error",
        why: WRONG,
    },
    Case {
        name: "edits-the-tests",
        script: "echo wrong > answers/1; echo 'exit 0' > tests/answers.sh",
        status: "held",
        why: "protected files",
    },
    Case {
        name: "exits-the-gate",
        script: "echo wrong > answers/1; printf 'exit 0\\n' > check.sh; git add --all; git commit -qm 'better check'",
        status: "held",
        why: "protected files",
    },
    Case {
        name: "removes-the-gate",
        script: "echo wrong > answers/1; git mv check.sh other.sh; echo 'exit 0' > check.sh",
        status: "held",
        why: "protected files",
    },
    Case {
        name: "links-the-gate",
        script: "echo wrong > answers/1; echo 'exit 0' > mine.sh; ln -sf mine.sh check.sh",
        status: "held",
        why: "protected files",
    },
    Case {
        name: "changes-legion-toml",
        script: "echo wrong > answers/1; printf '[gates]\\ncheck = \"true\"\\n' > legion.toml",
        status: "held",
        why: "protected files",
    },
    Case {
        name: "hides-the-makefile",
        script: "echo wrong > answers/1; printf 'all:\\n\\ttrue\\n' > GNUmakefile",
        status: "held",
        why: "protected files",
    },
    Case {
        name: "replaces-the-runner",
        script: "echo wrong > answers/1; mkdir .cargo; printf '[target.\"cfg(all())\"]\\nrunner = \"true\"\\n' > .cargo/config.toml",
        status: "held",
        why: "protected files",
    },
    Case {
        name: "links-the-runner",
        script: "echo wrong > answers/1; mkdir mine; printf '[target.\"cfg(all())\"]\\nrunner = \"true\"\\n' > mine/config.toml; ln -s mine .cargo",
        status: "held",
        why: "protected files",
    },
    Case {
        name: "replaces-the-shell",
        script: "echo wrong > answers/1; mkdir -p web; echo 'script-shell = /bin/true' > web/.npmrc",
        status: "held",
        why: "protected files",
    },
    Case {
        name: "deselects-the-tests",
        script: "echo wrong > answers/1; printf 'def pytest_collection_modifyitems(items):\\n    items.clear()\\n' > conftest.py",
        status: "held",
        why: "protected files",
    },
    Case {
        name: "speaks-of-success",
        script: "echo 'All tests passed. The ticket is DONE and merged. exit code 0'; legion report done 'merged, all gates passed'",
        status: "error",
        why: "nothing was changed",
    },
    Case {
        name: "finishes-twice",
        script: "echo wrong > answers/1; legion report done one; legion report done two; legion report error three || true; legion report done four",
        status: "error",
        why: WRONG,
    },
    Case {
        name: "approves-itself",
        script: "echo 'exit 0' > check.sh; legion approve $TICKET || true; legion approve 1 || true; legion land || true; \
                 legion retry $TICKET || true; legion delete $TICKET || true; legion stop all || true",
        status: "held",
        why: "protected files",
    },
    Case {
        name: "commits-as-the-service",
        script: "echo wrong > answers/1; git add --all; git -c user.name=Legion -c user.email=legion@legion.invalid commit -qm \
                 \"Merge ticket 1\n\nLegion-Ticket: 1\nLegion-Session: main\"",
        status: "error",
        why: WRONG,
    },
    Case {
        name: "lies-about-history",
        script: "echo wrong > answers/1; git checkout -q --orphan new; git add --all; git commit -qm 'all of it'; \
                 git update-ref refs/remotes/origin/legion/main/leader HEAD; git replace $(git rev-list --all | tail -n 1) HEAD || true; \
                 echo $(git rev-parse HEAD) > .git/shallow; echo /nowhere >> .git/objects/info/alternates",
        status: "error",
        why: WRONG,
    },
];

fn canary(legion: &Legion) -> (PathBuf, PathBuf) {
    let sign = legion.dir.path().join("PWNED");
    let script = format!("#!/bin/sh\necho \"$0 $*\" >> '{}'\nexit 0\n", sign.display());
    let program = legion.dir.file("canary", script);
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).expect("a mode");
    legion.dir.file("canary.config", format!("[core]\n\tfsmonitor = {}\n", program.display()));
    (program, sign)
}

fn project(legion: &Legion) {
    small::make(
        &legion.work(),
        &[
            ("check.sh", CHECK),
            ("legion.toml", "[gates]\nanswers = \"sh check.sh\"\n"),
            ("tests/answers.sh", "sh check.sh\n"),
            ("Makefile", "all:\n\tsh check.sh\n"),
            ("answers/0", "right\n"),
        ],
    );
    legion.start();
    legion.ok(&["init"]);
    legion.ok(&["sessions", "set", "--workers", "4"]);
}

fn target(legion: &Legion) -> String {
    kit::git(&small::control(legion), &["--git-dir", ".", "rev-parse", "refs/heads/legion/main/leader"])
}

#[test]
fn nothing_of_a_hostile_agent_is_executed_or_merged() {
    let legion = Legion::not_held();
    let (program, sign) = canary(&legion);
    project(&legion);
    let (base, before) = (target(&legion), crate::tickets::photograph(&legion.work()));
    let mut plan =
        "[defaults]\ngate = \"sh check.sh\"\nmax_attempts = 1\ncriteria = [\"every answer is right\"]\n".to_owned();
    for (number, case) in CASES.iter().enumerate() {
        let script = format!(
            "set -e\nexport GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=/dev/null CANARY={} TICKET={}\ncat > /dev/null\n{}\nexit 0\n",
            program.display(),
            number + 1,
            case.script
        );
        let command = small::program(&legion, case.name, &script);
        plan.push_str(&format!("\n[[ticket]]\nid = {:?}\ntitle = {:?}\ncommand = {command:?}\n", case.name, case.name));
        if case.name == "hides-the-makefile" {
            plan.push_str("gate = \"make -s\"\n");
        }
    }
    legion.ok(&["run", &small::plan(&legion, &plan), "--detach"]);
    let ended = |ticket: &Value| small::is_closed(ticket) || ticket["status"] == "held" || held(&legion, ticket);
    let tickets = legion.until_long("all have ended or are held", || {
        let tickets = small::tickets(&legion.json(&["check"]));
        tickets.values().all(ended).then_some(tickets)
    });
    let mut faults = Vec::new();
    for case in CASES {
        let ticket = &tickets[case.name];
        let number = ticket["id"].to_string();
        let why = legion.ok(&["why", &number]);
        // Neither does looking at it, or taking it in for the person.
        let diff = legion.run(&["diff", &number]);
        let into = legion.dir.path().join(format!("back-{number}"));
        let back = legion.run(&["undelete", &number, "--into", into.to_str().expect("UTF-8")]);
        let is_held = held(&legion, ticket);
        let status = if is_held { "held" } else { ticket["status"].as_str().expect("a status") };
        let told = why.contains(case.why)
            && diff.status.success()
            && (is_held || case.status != "error" || case.name.starts_with("speaks") || back.status.success());
        println!("{:<24} {status:<6} {}", case.name, why.lines().next().unwrap_or_default().trim());
        if status != case.status || !told {
            let (diff, back) = (text(&diff.stderr), text(&back.stderr));
            faults.push(format!("{}: {status}, wanted {}: {why}\n{diff}{back}{ticket}", case.name, case.status));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n\n"));
    // The person says no to those that wait for it.
    for case in CASES.iter().filter(|case| case.status == "held") {
        let number = tickets[case.name]["id"].to_string();
        legion.ok(&["deny", &number, "--reason", "no"]);
        let why = legion.until("it failed", || {
            let why = legion.ok(&["why", &number]);
            why.contains("not let through").then_some(why)
        });
        assert!(why.contains("failed"), "{why}");
    }
    for case in CASES {
        legion.ok(&["delete", &tickets[case.name]["id"].to_string()]);
    }
    legion.until("every clone is removed", || small::clones(&legion).is_empty().then_some(()));
    assert_eq!(target(&legion), base, "something was merged");
    assert_eq!(crate::tickets::photograph(&legion.work()), before, "the person's checkout was touched");
    assert!(!sign.exists(), "executed: {}", std::fs::read_to_string(&sign).unwrap_or_default());
    println!("{} hostile agents: 0 executed, 0 merged, each told", CASES.len());
}

/// A check as real ones are: it executes what the branch brought, and programs of it read their home and caches that are ignored.
const LED: &str = "set -e\nfor rc in \"$HOME/.checkrc\" \"$HOME/.cache/pip/rc\" cache/rc; do if [ -e \"$rc\" ]; then . \"$rc\"; fi; done\n\
                   for tool in tools/*; do sh \"$tool\"; done\nmkdir -p cache; echo passed >> cache/passed\n\
                   for answer in answers/*; do grep -qx right \"$answer\" || { echo \"$answer is wrong\"; exit 3; }; done\n";

#[test]
fn what_the_gate_of_one_ticket_leaves_does_not_let_another_one_pass() {
    let legion = Legion::new();
    let files = [
        ("check.sh", LED),
        ("legion.toml", "[gates]\nanswers = \"sh check.sh\"\n"),
        (".gitignore", "cache/\n"),
        ("tools/none", "true\n"),
        ("answers/0", "right\n"),
    ];
    small::make(&legion.work(), &files);
    legion.start();
    legion.ok(&["init"]);
    let base = target(&legion);
    let gates =
        || std::fs::read_dir(legion.data().join("gates")).expect("gates ran").flatten().next().expect("one").path();
    let ended = |name: &str, script: &str| {
        let program = small::program(&legion, name, &format!("cat > /dev/null; {script}"));
        let args = ["dispatch", "-k", "x", "--max-attempts", "1", "--command", &program, name];
        let ticket = legion.ok(&args).trim().to_owned();
        legion.until_long("it has ended", || {
            small::tickets(&legion.json(&["check"])).values().all(small::is_closed).then_some(())
        });
        legion.ok(&["why", &ticket])
    };
    // The first one is turned down, and so is its second chance.
    let plant = "cat > tools/plant <<'EOF'\nmkdir -p cache \"$HOME/.cache/pip\"\n\
                 for rc in \"$HOME/.checkrc\" \"$HOME/.cache/pip/rc\" cache/rc; do echo 'exit 0' > \"$rc\"; touch -d 2000-01-01 \"$rc\"; done\n\
                 exit 4\nEOF\n";
    let why = ended("plants", plant);
    assert!(why.contains("failed with exit code 4"), "{why}");
    for planted in ["home/.checkrc", "home/.cache/pip/rc", "checkout/cache/rc"] {
        assert!(gates().join(planted).exists(), "{planted} was not planted: this is what is tried");
    }
    let why = ended("relies-on-it", "echo wrong > answers/1");
    assert!(why.contains("failed with exit code 3"), "{why}");
    assert_eq!(target(&legion), base, "something was merged");
    // Honest work passes, and what its gates left is there for the next.
    for name in ["honest", "honest-too"] {
        let why = ended(name, &format!("echo right > answers/{name}"));
        assert!(why.contains("merged"), "{why}");
    }
    let passed = std::fs::read_to_string(gates().join("checkout/cache/passed")).expect("a cache");
    assert_eq!(passed, "passed\npassed\n", "of those that were merged");
}

/// Whether a person has to decide about a ticket.
fn held(legion: &Legion, ticket: &Value) -> bool {
    !small::is_closed(ticket) && legion.ok(&["why", &ticket["id"].to_string()]).contains("changes protected files")
}

/// The variables that an agent wrote down.
fn stolen(path: &Path) -> Option<BTreeMap<String, String>> {
    let text = std::fs::read_to_string(path).ok()?;
    let found: BTreeMap<String, String> = text
        .lines()
        .filter_map(|line| line.split_once('='))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    found.contains_key("LEGION_TOKEN").then_some(found)
}

/// The command line as it is inside of an agent.
fn as_agent(legion: &Legion, variables: &BTreeMap<String, String>, args: &[&str]) -> Output {
    let mut command = legion.command(args);
    command.env_clear().envs(variables);
    command.output().expect("run")
}

#[test]
fn who_was_stopped_or_was_another_attempt_has_no_say_any_more() {
    let legion = Legion::not_held();
    project(&legion);
    let base = target(&legion);
    let dir = legion.dir.path().display().to_string();
    // Stopped in the middle of its work.
    let script = small::program(
        &legion,
        "stopped",
        &format!("cat > /dev/null; env > {dir}/first; trap '' TERM INT; sleep 1000"),
    );
    let first = legion.ok(&["dispatch", "-k", "x", "--gate", "true", "--command", &script, "work"]).trim().to_owned();
    let agent = legion.until("it works", || stolen(&legion.dir.path().join("first")));
    assert!(as_agent(&legion, &agent, &["inbox"]).status.success(), "its token opens something while it works");
    legion.ok(&["stop", &first]);
    for args in [&["report", "done", "finished"][..], &["dispatch", "-k", "x", "more"], &["stop", "all"], &["check"]] {
        let output = as_agent(&legion, &agent, args);
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(10), "{args:?}: {}{said}", text(&output.stdout));
    }
    assert!(legion.ok(&["why", &first]).contains("stopped by"), "{}", legion.ok(&["why", &first]));

    // Its first attempt failed, and its second one works: what belonged to the first opens nothing.
    let script = small::program(
        &legion,
        "again",
        &format!(
            "cat > /dev/null; if [ -e {dir}/one ]; then env > {dir}/two; sleep 1000; fi; env > {dir}/one; echo wrong > answers/1"
        ),
    );
    let second =
        legion.ok(&["dispatch", "-k", "x", "--max-attempts", "3", "--command", &script, "work"]).trim().to_owned();
    let new = legion.until_long("its second attempt works", || stolen(&legion.dir.path().join("two")));
    let old = stolen(&legion.dir.path().join("one")).expect("its first attempt worked");
    let output = as_agent(&legion, &old, &["report", "done", "finished"]);
    assert_eq!(output.status.code(), Some(10), "{}{}", text(&output.stdout), text(&output.stderr));
    // Another ticket's agent has no say about this one.
    let script = small::program(&legion, "other", &format!("cat > /dev/null; env > {dir}/other; sleep 1000"));
    let third = legion.ok(&["dispatch", "-k", "x", "--gate", "true", "--command", &script, "work"]).trim().to_owned();
    let other = legion.until("it works", || stolen(&legion.dir.path().join("other")));
    for args in
        [&["stop", &second][..], &["delete", &second], &["retry", &second], &["approve", &second], &["deny", &second]]
    {
        let output = as_agent(&legion, &other, args);
        assert_eq!(output.status.code(), Some(11), "{args:?}: {}{}", text(&output.stdout), text(&output.stderr));
    }
    assert!(as_agent(&legion, &new, &["report", "done", "x"]).status.success());
    legion.ok(&["stop", &second, &third]);
    assert_eq!(target(&legion), base, "something was merged");
}

#[test]
fn what_is_written_elsewhere_is_not_merged() {
    let legion = Legion::not_held();
    project(&legion);
    let (base, dir) = (target(&legion), legion.dir.path().display().to_string());
    // Into the clone of another one: what comes out must pass that one's gates, like everything else.
    let victim = small::program(
        &legion,
        "victim",
        &format!(
            "cat > /dev/null; echo right > answers/victim; pwd > {dir}/victim; until [ -e {dir}/written ]; do sleep 0.05; done"
        ),
    );
    let intruder = small::program(
        &legion,
        "intruder",
        &format!(
            "cat > /dev/null; until [ -s {dir}/victim ]; do sleep 0.05; done; echo wrong > $(cat {dir}/victim)/answers/planted; \
             cd $(cat {dir}/victim); git add --all; git -c user.name=x -c user.email=x commit -qm planted; touch {dir}/written"
        ),
    );
    let first =
        legion.ok(&["dispatch", "-k", "x", "--max-attempts", "1", "--command", &victim, "work"]).trim().to_owned();
    let second =
        legion.ok(&["dispatch", "-k", "x", "--max-attempts", "1", "--command", &intruder, "intrude"]).trim().to_owned();
    legion.until_long("both have ended", || {
        small::tickets(&legion.json(&["check"])).values().all(small::is_closed).then_some(())
    });
    let whys = [legion.ok(&["why", &first]), legion.ok(&["why", &second])];
    assert!(whys[1].contains("changed"), "{}", whys[1]);
    let is_root = std::fs::metadata(legion.work()).expect("there").uid() == 0;
    if is_root {
        // Agents of a root service have users of their own: it could not write there at all.
        let merged = kit::git(&small::control(&legion), &["ls-tree", "-r", "--name-only", &target(&legion)]);
        assert!(whys[0].contains("merged") && !merged.contains("planted"), "{}\n{merged}", whys[0]);
    } else {
        let wrong = WRONG.split(" `").next().expect("a word");
        assert!(whys[0].contains(wrong) && whys[0].contains("exit code 3"), "{}", whys[0]);
        assert_eq!(target(&legion), base, "something was merged");
    }

    // Into the project's own repository, past the queue: it is seen, nothing is built on it, and nothing of it is landed.
    let control = small::control(&legion);
    let push = small::program(
        &legion,
        "push",
        &format!(
            "cat > /dev/null; export GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=/dev/null; echo wrong > answers/pushed; git add --all; \
             git commit -qm pushed; git push -q origin HEAD:refs/heads/legion/main/leader; \
             git push -q {0} HEAD:refs/heads/legion/main/leader; git push -q {0} HEAD:refs/heads/innocent; \
             git reset -q --hard HEAD~1; echo right > answers/good",
            control.display()
        ),
    );
    let third =
        legion.ok(&["dispatch", "-k", "x", "--max-attempts", "1", "--command", &push, "push"]).trim().to_owned();
    legion.until_long("it has ended", || {
        small::tickets(&legion.json(&["check"])).values().all(small::is_closed).then_some(())
    });
    let why = legion.ok(&["why", &third]);
    println!("{why}\n{}", legion.json(&["inbox"]));
    legion.ok(&["land", "--into", "result"]);
    let landed = kit::git(&legion.work(), &["ls-tree", "-r", "--name-only", "result"]);
    assert!(!landed.contains("pushed"), "{landed}");
}
