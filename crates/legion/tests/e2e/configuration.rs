//! Files by which an agent could configure the next agent, or have the person's own programs execute something.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::json;

use crate::containment::{full, run, said};
use crate::kit::git;
use crate::small;
use crate::support::{kill, shims_below};

/// What looks empty, or cannot be made.
const NAMES: [&str; 5] =
    [".claude/settings.json", ".claude/settings.local.json", ".codex/config.toml", ".mcp.json", ".env"];

/// All names below a directory.
fn names(root: &Path) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut open = vec![root.to_owned()];
    while let Some(dir) = open.pop() {
        for entry in fs::read_dir(&dir).expect("a directory").flatten() {
            let path = entry.path();
            if path.is_dir() && !path.is_symlink() {
                open.push(path.clone());
            }
            found.insert(path.strip_prefix(root).expect("below it").display().to_string());
        }
    }
    found
}

/// Lines that say of each try whether it went through.
fn tries(tries: &[(&str, &str)]) -> String {
    let one = |(name, line): &(&str, &str)| {
        format!("if ({line}) > /dev/null 2>&1; then echo {name}=open; else echo {name}=shut; fi\n")
    };
    tries.iter().map(one).collect()
}

#[test]
fn what_configures_agent_programs_looks_empty_until_that_very_content_is_trusted() {
    let legion = full(&[]);
    legion.dir.file("work/.mcp.json", "{\"mcpServers\": {}}");
    legion.dir.file("work/.claude/settings.json", "{\"hooks\": {}}");
    legion.start();
    let look = "cat .mcp.json .claude/settings.json; echo end";
    let hired = run(&legion, "full", look);
    assert_eq!(said(&hired), "end", "{hired}");
    let control = run(&legion, "none", look);
    assert!(said(&control).contains("mcpServers") && said(&control).contains("hooks"), "{control}");

    // No agent trusts anything, by itself or for itself.
    let asked = run(
        &legion,
        "full",
        "legion trust .; echo code=$?; legion trust --list; echo code=$?; legion trust --remove .; echo code=$?",
    );
    assert_eq!(said(&asked).matches("code=11").count(), 3, "{asked}");
    assert_eq!(legion.json(&["trust", "--list"])["contents"], json!([]));

    let trusted = legion.json(&["trust", "."]);
    assert_eq!(trusted["contents"].as_array().map(Vec::len), Some(2), "{trusted}");
    assert_eq!(legion.json(&["trust", "--list"]), trusted);
    let seen = run(&legion, "full", look);
    assert!(said(&seen).contains("mcpServers") && said(&seen).contains("hooks"), "{seen}");
    let changing = tries(&[
        ("append", "echo >> .mcp.json"),
        ("remove", "rm -f .mcp.json"),
        ("move", "mv .claude away"),
        ("replace", "echo x > new && mv new .claude/settings.json"),
    ]);
    let kept = run(&legion, "full", &changing);
    assert_eq!(said(&kept).matches("=shut").count(), 4, "what is trusted can be changed: {kept}");

    // One byte.
    legion.dir.file("work/.mcp.json", "{\"mcpServers\":  {}}");
    let changed = run(&legion, "full", look);
    assert!(!said(&changed).contains("mcpServers") && said(&changed).contains("hooks"), "{changed}");
    legion.ok(&["trust", "--remove", "."]);
    assert_eq!(legion.json(&["trust", "--list"])["contents"], json!([]));
    assert_eq!(said(&run(&legion, "full", look)), "end");
    legion.fails(12, &["trust", "--remove", "."]);
    legion.fails(2, &["trust", legion.dir.dir("nothing").to_str().expect("UTF-8")]);

    let audit = legion.json(&["audit"]);
    let events = audit["events"].as_array().expect("events");
    let of_kind = |kind: &str| events.iter().filter(|event| event["kind"] == kind).count();
    assert_eq!((of_kind("trust-set"), of_kind("access-refused")), (2, 3), "{audit}");
}

#[test]
fn an_agent_cannot_make_what_configures_the_next_one_and_nothing_is_left_behind() {
    let legion = full(&[]);
    legion.start();
    let mut script = String::new();
    for name in NAMES {
        let line = format!("mkdir -p $(dirname {name}) && echo planted > {name}");
        script.push_str(&tries(&[(name, &line)]));
    }
    script.push_str(&tries(&[
        ("move", "mv .claude away && mkdir .claude && echo planted > .claude/settings.json"),
        ("remove", "rm -rf .claude .mcp.json && echo planted > .mcp.json"),
        ("link", "ln -sfn nowhere .env && test -L .env"),
    ]));
    script.push_str("mkdir -p .claude/commands && echo mine > .claude/commands/own.md && echo end");
    let held = run(&legion, "full", &script);
    assert_eq!(said(&held).matches("=shut").count(), NAMES.len() + 3, "{held}");
    assert!(said(&held).contains("end"), "{held}");
    let left = [".claude", ".claude/commands", ".claude/commands/own.md", "agent.sh"].map(str::to_owned);
    assert_eq!(names(&legion.work()), left.into());
    fs::remove_dir_all(legion.work().join(".claude")).expect("it is ours");
    // The control: each of them is possible where nothing is held.
    let control = run(&legion, "none", &script);
    assert_eq!(said(&control).matches("=open").count(), NAMES.len() + 3, "{control}");
    // What is there now is masked, and stays.
    let look = run(&legion, "full", "cat .claude/settings.json .mcp.json; ls -A .codex; echo end");
    assert_eq!(said(&look), "end", "{look}");
    for name in [".claude", ".codex", ".mcp.json", ".env", "away"] {
        let path = legion.work().join(name);
        let _ = fs::remove_dir_all(&path).or_else(|_| fs::remove_file(&path));
    }

    // While somebody works the names are taken; when all is killed they are free with the next start.
    let before = names(&legion.work());
    let agents = [legion.hire("one", "sleep 600"), legion.hire("two", "sleep 600")];
    let taken = || legion.work().join(".mcp.json").is_dir() && legion.work().join(".claude/settings.json").is_dir();
    legion.until("the names are taken", || taken().then_some(()));
    legion.until("both work", || agents.iter().all(|agent| legion.status_of(agent) == "working").then_some(()));
    legion.ok(&["fire", &agents[0]]);
    assert!(taken(), "the other one works on");
    let shims = shims_below(&legion.data());
    legion.kill_service();
    for pid in shims.into_iter().chain(legion.agent_processes()) {
        kill(pid, "KILL");
    }
    legion.until("all is gone", || legion.agent_processes().is_empty().then_some(()));
    legion.start();
    legion.until("nothing is left", || (names(&legion.work()) == before).then_some(()));
}

#[test]
fn a_ticket_neither_sees_nor_changes_tracked_configuration() {
    let legion = full(&[]);
    let work = legion.work();
    let tracked =
        [(".claude/settings.json", "{\"hooks\": {}}\n"), (".mcp.json", "{\"mcpServers\": {}}\n"), ("a.txt", "a\n")];
    small::make(&work, &tracked);
    let base = git(&work, &["rev-parse", "HEAD"]);
    let script = "cat > /dev/null
        export GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=/dev/null
        status=$(git status --porcelain)
        seen=$(cat .mcp.json .claude/settings.json)
        (echo planted > .mcp.json; rm -f .claude/settings.json; mkdir -p .codex; echo planted > .codex/config.toml; echo planted > .env) 2> /dev/null
        echo \"status:$status seen:$seen\" > seen.txt
        git add --all && git commit --quiet --message one || exit 3
        echo b > a.txt; git commit --quiet --all --message two || exit 4
        echo c > left.txt";
    let command = small::program(&legion, "worker", script);
    legion.start();
    let ticket = legion.ok(&["dispatch", "-k", "x", "--gate", "true", "--command", &command, "work"]).trim().to_owned();
    legion.until_long("it is closed", || {
        small::tickets(&legion.json(&["check"])).values().all(small::is_closed).then_some(())
    });
    let why = legion.ok(&["why", &ticket]);
    assert!(why.contains("merged"), "{why}");
    legion.ok(&["land", "--into", "result"]);
    assert_eq!(git(&work, &["show", "result:seen.txt"]), "status: seen:", "{why}");
    let changed = git(&work, &["diff", "--name-status", &base, "result"]);
    assert_eq!(changed, "M\ta.txt\nA\tleft.txt\nA\tseen.txt");
}

/// What an agent would plant for the person's git to execute.
const PLANTED: [(&str, &str); 10] = [
    ("hook", "echo x > .git/hooks/pre-commit"),
    ("configure", "git config core.fsmonitor ./evil"),
    ("append", "echo '[core] fsmonitor = ./evil' >> .git/config"),
    ("attributes", "echo '* filter=evil' > .git/info/attributes"),
    ("swap-hooks", "mv .git/hooks .git/old && mkdir .git/hooks"),
    ("swap-config", "cp .git/config new && mv new .git/config"),
    ("swap-all", "cp -r .git new.git && mv .git old.git && mv new.git .git"),
    ("worktree", "mkdir -p .git/worktrees/w && echo ../../../evil > .git/worktrees/w/commondir"),
    ("unlink", "rm -f .git/config"),
    ("elsewhere", "echo ../evil > .git/commondir"),
];

#[test]
fn what_the_persons_git_executes_is_not_the_agents_to_change() {
    let legion = full(&[]);
    let work = legion.work();
    small::make(&work, &[("a.txt", "a\n"), (".gitignore", "agent.sh\n")]);
    fs::create_dir(work.join(".git/worktrees")).expect("it is not there");
    let configuration = fs::read(work.join(".git/config")).expect("a configuration");
    let before = names(&work.join(".git/hooks"));
    legion.start();
    let commit = "export GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=/dev/null
        echo b > a.txt; echo new > new.txt; git add --all
        git -c user.name=A -c user.email=a@example.org commit --quiet --message 'By the agent' && echo committed
        git switch --quiet --create other && git switch --quiet main && echo switched\n";
    let held = run(&legion, "full", &format!("{}{commit}", tries(&PLANTED)));
    let said_held = said(&held);
    assert_eq!(said_held.matches("=shut").count(), PLANTED.len(), "{held}");
    assert!(said_held.contains("committed") && said_held.contains("switched"), "{held}");
    assert_eq!(fs::read(work.join(".git/config")).expect("it is there"), configuration);
    assert_eq!(names(&work.join(".git/hooks")), before);
    // Neither left behind by the agent, nor by us.
    for name in [".git/commondir", ".git/config.worktree", ".git/info/attributes", ".mcp.json"] {
        assert!(!work.join(name).exists(), "{name}");
    }
    assert_eq!(git(&work, &["log", "-1", "--format=%s"]), "By the agent");
    assert_eq!(git(&work, &["status", "--porcelain"]), "");

    // In tier `landlock` it cannot be held, and that is said; the control is there too.
    let words = ["hire", "x", "--driver", "command", "--command", "true", "--tier", "landlock"];
    let warnings = legion.json(&words)["warnings"].to_string();
    assert!(warnings.contains("hooks and configuration"), "{warnings}");
    let control = run(&legion, "none", &tries(&PLANTED));
    assert_eq!(said(&control).matches("=open").count(), PLANTED.len(), "{control}");
}

#[test]
fn a_repository_without_hooks_is_left_as_it_was() {
    let legion = full(&[]);
    let work = legion.work();
    small::make(&work, &[("a.txt", "a\n"), (".gitignore", "agent.sh\n")]);
    for name in [".git/hooks", ".git/info"] {
        fs::remove_dir_all(work.join(name)).expect("it is there");
    }
    git(&work, &["config", "extensions.worktreeConfig", "true"]);
    let before = names(&work);
    legion.start();
    let script = tries(&[
        ("hook", "mkdir -p .git/hooks && echo x > .git/hooks/pre-commit"),
        ("attributes", "mkdir -p .git/info && echo x > .git/info/attributes"),
        ("worktree", "echo '[core] fsmonitor = ./evil' > .git/config.worktree"),
    ]);
    let held = run(&legion, "full", &format!("{script}git status --porcelain && echo status"));
    assert_eq!(said(&held).matches("=shut").count(), 3, "{held}");
    assert!(said(&held).ends_with("status"), "{held}");
    let mut after = names(&work);
    after.remove("agent.sh");
    assert_eq!(after, before);
}

#[test]
fn the_persons_git_works_beside_two_agents_and_the_first_that_ends_opens_nothing_for_the_other() {
    let legion = full(&[]);
    let work = legion.work();
    small::make(&work, &[("a.txt", "a\n"), (".gitignore", "*.sh\nready\ngo\n")]);
    fs::remove_dir_all(work.join(".git/hooks")).expect("it is there");
    git(&work, &["config", "extensions.worktreeConfig", "true"]);
    let planted = [
        ("hook", "mkdir -p .git/hooks && echo x > .git/hooks/pre-commit"),
        ("elsewhere", "echo ../evil > .git/commondir"),
        ("worktree", "echo '[core] fsmonitor = ./evil' > .git/config.worktree"),
        ("settings", "mkdir -p .claude && echo planted > .claude/settings.json"),
    ];
    let waiting = "touch ready; until test -e go; do sleep 0.1; done\n";
    legion.dir.file("work/two.sh", format!("{waiting}{}", tries(&planted)));
    let before = names(&work);
    legion.start();
    let one = legion.hire("one", "sleep 600");
    legion.until("the first one works", || (legion.status_of(&one) == "working").then_some(()));
    let two = legion.hire("two", "sh two.sh");
    legion.until("the second one works", || work.join("ready").exists().then_some(()));

    let needed = [".git/hooks", ".git/commondir", ".git/config.worktree", ".claude/settings.json"];
    let there = || needed.iter().all(|name| work.join(name).exists());
    assert!(there(), "{:?}", names(&work));
    fs::write(work.join("a.txt"), "b\n").expect("it is ours");
    assert_eq!(git(&work, &["status", "--porcelain"]), " M a.txt");
    git(&work, &["commit", "--quiet", "--all", "--message", "By the person"]);
    git(&work, &["switch", "--quiet", "--create", "other"]);
    git(&work, &["config", "user.nickname", "p"]);
    assert!(git(&work, &["log", "--format=%s"]).starts_with("By the person"));
    git(&work, &["fsck"]);

    legion.ok(&["fire", &one]);
    let noted = || fs::read_to_string(legion.data().join("placeholders.json")).unwrap_or_default();
    legion.until("nothing is kept for the first one", || (!noted().contains(&one)).then_some(()));
    assert!(there() && noted().contains(&two), "{}", noted());
    fs::write(work.join("go"), "").expect("it is ours");
    let run = legion.json(&["wait", &two, "--timeout", "60"]);
    assert_eq!(said(&run).matches("=shut").count(), planted.len(), "{run}");
    for name in ["ready", "go"] {
        fs::remove_file(work.join(name)).expect("it is there");
    }
    legion.until("nothing is left", || (!noted().contains(&two)).then_some(()));
    let left = names(&work).into_iter().filter(|name| !name.starts_with(".git/")).collect::<BTreeSet<_>>();
    let began = before.into_iter().filter(|name| !name.starts_with(".git/")).collect();
    assert_eq!(left, began);
    assert!(!needed.iter().any(|name| work.join(name).exists()), "{:?}", names(&work));
}
