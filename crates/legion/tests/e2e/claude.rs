//! Real Claude Code, both pinned versions, on the scripted model server.

use legion_testkit::{ModelServer, npm};
use serde_json::{Value, json};

use crate::support::{Legion, id, kill};

/// A service whose agents are this version of Claude Code, and the model that answers them.
pub async fn with_claude(version: &str) -> Option<(Legion, ModelServer)> {
    with_claude_in(version, "full").await
}

/// As [`with_claude`], held in a tier.
async fn with_claude_in(version: &str, tier: &str) -> Option<(Legion, ModelServer)> {
    let program = npm::claude(version).ok()?;
    let model = ModelServer::start().await;
    let legion = Legion::with(&[
        ("ANTHROPIC_BASE_URL", &model.url()),
        ("ANTHROPIC_API_KEY", "dummy-key"),
        ("LEGION_TIER", tier),
        ("LEGION_CLAUDE", program.to_str().expect("UTF-8")),
        ("HTTPS_PROXY", "http://127.0.0.1:9"),
        ("HTTP_PROXY", "http://127.0.0.1:9"),
        ("NO_PROXY", "127.0.0.1,localhost"),
    ]);
    legion.start();
    Some((legion, model))
}

/// A task that tells the model what to answer.
pub fn script(words: &str, steps: &Value) -> String {
    format!("{words} @@{steps}@@")
}

fn hire(legion: &Legion, task: &str) -> String {
    id(&legion.json(&["hire", task, "--driver", "claude", "--model", "claude-sonnet-4-5"]))
}

fn file_step(name: &str, content: &str, legion: &Legion) -> Value {
    json!({"tool": "Write", "input": {"file_path": legion.work().join(name), "content": content}})
}

/// The whole of it: hire through MCP, work, report up, tell, fire.
async fn a_leader_and_two_reports(version: &str) {
    let Some((legion, model)) = with_claude(version).await else { return };
    let worker = |name: &str| {
        let task = script(
            &format!("You are {name}."),
            &json!([file_step(&format!("{name}.txt"), name, &legion), {"text": format!("{name} is done")}, {"text": format!("{name} again")}]),
        );
        json!({"tool": "mcp__legion__legion-hire", "input": {"task": task, "name": name}})
    };
    let task = script(
        "Lead.",
        &json!([
            {"tools": [worker("ann"), worker("bob")]},
            {"text": "both are hired: {{result:0}} {{result:1}}"},
            {"text": "heard"}, {"text": "heard"}, {"text": "heard"}, {"text": "heard"},
        ]),
    );
    let leader = hire(&legion, &task);
    // Both wrote their files, and both reports reached the leader.
    legion.until("both files", || {
        let read = |name: &str| std::fs::read_to_string(legion.work().join(name)).ok();
        (read("ann.txt")? == "ann" && read("bob.txt")? == "bob").then_some(())
    });
    legion.until("both reports reached the leader", || {
        (model.saw(&leader, "ann is done") && model.saw(&leader, "bob is done")).then_some(())
    });
    // The leader's own end reached the person.
    let report = legion.until("the leader's report", || legion.reports_of(&leader).into_iter().next());
    assert!(report.contains("both are hired"), "{report}");
    legion.until("all are idle", || {
        let tree = legion.json(&["tree"]);
        (!tree.to_string().contains("\"working\"")).then_some(())
    });
    let tree = legion.json(&["tree"]);
    let reports = tree["reports"][0]["reports"].as_array().expect("reports").clone();
    assert_eq!(reports.len(), 2, "{tree}");

    // Tell to an idle agent resumes the same conversation: the model sees the earlier turns.
    let ann = reports.iter().find(|report| report["name"] == "ann").expect("ann").clone();
    let ann = id(&ann);
    legion.ok(&["tell", &ann, "once more, please"]);
    legion.until("ann's second run", || {
        let requests = model.conversation(&ann);
        let last = requests.last()?;
        (last.holds("once more, please") && last.holds("You are ann.")).then_some(())
    });

    // Fire ends the whole subtree; the process table is clean.
    legion.ok(&["fire", &leader]);
    assert_eq!(legion.json(&["tree"])["reports"], json!([]));
    legion.until("no process is left", || legion.agent_processes().is_empty().then_some(()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_leader_and_two_reports_197() {
    a_leader_and_two_reports("2.1.197").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_leader_and_two_reports_329() {
    a_leader_and_two_reports("2.1.329").await;
}

/// Told while it works: after its turn, or at its next tool boundary; and redirected.
async fn tell_and_interrupt(version: &str) {
    let Some((legion, model)) = with_claude(version).await else { return };
    let task = script(
        "Work.",
        &json!([file_step("a.txt", "a", &legion), {"text": "step two", "gate": "later"}, {"text": "second turn"}]),
    );
    let agent = hire(&legion, &task);
    legion.until("the first step is done", || legion.work().join("a.txt").exists().then_some(()));
    legion.ok(&["tell", &agent, "after your turn"]);
    assert!(!model.saw(&agent, "after your turn"));
    model.open("later");
    legion.until("told after the turn", || model.saw(&agent, "after your turn").then_some(()));
    legion.until("idle", || (legion.status_of(&agent) == "idle").then_some(()));
    let runs: Vec<_> = legion.reports_of(&agent);
    assert!(runs.len() == 2 && runs[0].contains("step two") && runs[1].contains("second turn"), "{runs:?}");

    // At the next tool boundary: the running turn sees it.
    let task = script(
        "Work on.",
        &json!([file_step("b.txt", "b", &legion), {"tool": "Read", "input": {"file_path": legion.work().join("b.txt")}, "gate": "boundary"}, {"text": "one turn"}]),
    );
    let agent = hire(&legion, &task);
    legion.until("the first step is done", || legion.work().join("b.txt").exists().then_some(()));
    legion.ok(&["tell", &agent, "at the boundary", "--now"]);
    let receipt = || legion.json(&["status", &agent]);
    legion.until("it is being delivered", || (receipt()["agent"]["queued"] == 0).then_some(()));
    model.open("boundary");
    legion.until("steered", || model.saw(&agent, "at the boundary").then_some(()));
    legion.until("idle", || (legion.status_of(&agent) == "idle").then_some(()));
    assert_eq!(legion.reports_of(&agent).len(), 1, "it was one run");

    // An interrupt ends the turn, and a message redirects.
    let task = script(
        "Talk for ever.",
        &json!([{"text": "a very long answer", "chunks": 2, "hold": "never"}, {"text": "redirected"}]),
    );
    let agent = hire(&legion, &task);
    legion.until("it talks", || (!model.conversation(&agent).is_empty()).then_some(()));
    legion.until("it works", || (legion.status_of(&agent) == "working").then_some(()));
    legion.ok(&["interrupt", &agent, "do something else"]);
    legion.until("redirected", || model.saw(&agent, "do something else").then_some(()));
    legion.until("idle", || (legion.status_of(&agent) == "idle").then_some(()));
    let runs = legion.reports_of(&agent);
    assert!(
        runs.len() == 2 && runs[0].contains("was interrupted in its run 1") && runs[1].contains("completed"),
        "{runs:?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn tell_and_interrupt_197() {
    tell_and_interrupt("2.1.197").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn tell_and_interrupt_329() {
    tell_and_interrupt("2.1.329").await;
}

/// What it may not do by itself comes to the person's inbox.
async fn permission(version: &str) {
    // Who is held is not asked.
    let Some((legion, model)) = with_claude_in(version, "none").await else { return };
    let touch = |name: &str| json!({"tool": "Bash", "input": {"command": format!("printf x > {name}; chmod 600 {name}; curl --version > /dev/null"), "description": "make a file"}});
    let agent = hire(&legion, &script("Ask.", &json!([touch("yes.txt"), touch("no.txt"), {"text": "done"}])));
    let next = || {
        legion.until("a permission request", || {
            legion
                .inbox()
                .into_iter()
                .find(|m| m["kind"] == "approval" && m["from"] == agent.as_str())
                .and_then(|m| m["approval"].as_str().map(str::to_owned))
        })
    };
    let first = next();
    legion.ok(&["approve", &first]);
    legion.until("the file", || legion.work().join("yes.txt").exists().then_some(()));
    let second = next();
    assert_ne!(first, second);
    legion.ok(&["deny", &second, "--reason", "not this one"]);
    let run = legion.json(&["wait", &agent]);
    assert_eq!(run["outcome"], "completed", "{run}");
    assert!(!legion.work().join("no.txt").exists() && model.saw(&agent, "not this one"));
    legion.fails(12, &["approve", &second]);
    assert!(
        run["cost_usd"].as_f64().is_some_and(|cost| cost > 0.0) && run["usage"]["output_tokens"].as_u64() > Some(0),
        "{run}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn permission_197() {
    permission("2.1.197").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn permission_329() {
    permission("2.1.329").await;
}

/// The service is killed in the middle of a turn, and the agent itself after that.
async fn killed(version: &str) {
    let Some((legion, model)) = with_claude(version).await else { return };
    let task =
        script("Remember the word apple.", &json!([{"text": "waiting", "gate": "go"}, {"text": "after the kill"}]));
    let agent = hire(&legion, &task);
    legion.until("the model is asked", || (!model.conversation(&agent).is_empty()).then_some(()));
    legion.kill_service();
    legion.start();
    assert_eq!(legion.status_of(&agent), "working");
    model.open("go");
    let run = legion.json(&["wait", &agent, "--timeout", "60s"]);
    assert_eq!((&run["outcome"], &run["result"]), (&"completed".into(), &"waiting".into()), "{run}");
    assert_eq!(legion.reports_of(&agent).len(), 1);

    // kill -9 of the warm process: the next message resumes the conversation.
    for pid in legion.agent_processes() {
        kill(pid, "KILL");
    }
    legion.until("its end is known", || {
        let events = legion.json(&["status", &agent]);
        (events["agent"]["status"] == "idle" && legion.agent_processes().is_empty()).then_some(())
    });
    legion.ok(&["tell", &agent, "what was the word?"]);
    legion.until("the conversation goes on", || {
        let requests = model.conversation(&agent);
        let last = requests.last()?;
        (last.holds("what was the word?") && last.holds("apple")).then_some(())
    });
    // One told in the instant of the death is a run of its own that was killed; the message went on to the next.
    legion.until("its last report", || {
        let reports = legion.reports_of(&agent);
        (reports.len() >= 2 && reports.last()?.contains(" completed its run ")).then_some(())
    });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn killed_197() {
    killed("2.1.197").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn killed_329() {
    killed("2.1.329").await;
}

/// Ten agents at work, Claude Code among them, and the service is killed under them.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn ten_mixed_agents_go_on_when_the_service_is_killed() {
    // Who is held reaches the model through the service: asked again when that was killed.
    let Some((legion, model)) = with_claude_in("2.1.329", "none").await else { return };
    legion.dir.file("work/agent.sh", "echo begun; while [ ! -e go ]; do sleep 0.05; done; echo done");
    let programs: Vec<String> = (0..7).map(|_| legion.hire("work", "sh agent.sh")).collect();
    let script = script("Work.", &json!([{"text": "waiting", "gate": "go"}]));
    let claudes: Vec<String> = (0..3).map(|_| hire(&legion, &script)).collect();
    legion.until("all work", || {
        let begun = programs.iter().all(|agent| legion.ok(&["logs", agent, "--lines", "1"]) == "begun\n");
        (begun && claudes.iter().all(|agent| !model.conversation(agent).is_empty())).then_some(())
    });
    legion.kill_service();
    legion.start();
    for agent in programs.iter().chain(&claudes) {
        assert_eq!(legion.status_of(agent), "working");
    }
    model.open("go");
    legion.dir.file("work/go", "");
    for agent in programs.iter().chain(&claudes) {
        let run = legion.json(&["wait", agent, "--timeout", "60s"]);
        assert_eq!(run["outcome"], "completed", "{run}");
        assert_eq!(legion.reports_of(agent).len(), 1, "the parent is told once");
    }
    for agent in &programs {
        assert_eq!(legion.ok(&["logs", agent, "--lines", "10"]), "begun\ndone\n");
    }
    for agent in &claudes {
        let lines = legion.ok(&["logs", agent, "--lines", "10000"]);
        let results = lines.lines().filter(|line| line.contains("\"type\":\"result\"")).count();
        assert_eq!(results, 1, "every line is there once:\n{lines}");
        assert_eq!(model.conversation(agent).len(), 1, "the model was asked once");
    }
}

/// An agent calls home while nobody is there: the call waits, and hires once.
async fn a_call_home_outlasts_a_restart(version: &str) {
    let Some((legion, model)) = with_claude(version).await else { return };
    let hire_step = json!({"tool": "mcp__legion__legion-hire", "gate": "go",
        "input": {"task": "below", "name": "below", "driver": "command", "command": "true"}});
    let leader = hire(&legion, &script("Lead.", &json!([hire_step, {"text": "hired: {{result:0}}"}])));
    legion.until("the model is asked", || (!model.conversation(&leader).is_empty()).then_some(()));
    legion.kill_service();
    model.open("go");
    // Long enough for the call to have found nobody.
    tokio::time::sleep(std::time::Duration::from_secs(2)).await;
    legion.start();
    let run = legion.json(&["wait", &leader, "--timeout", "60s"]);
    assert!(
        run["outcome"] == "completed" && run["result"].as_str().is_some_and(|text| text.contains("\"name\":\"below\"")),
        "{run}"
    );
    let tree = legion.json(&["tree"]);
    assert_eq!(tree["reports"][0]["reports"].as_array().map(Vec::len), Some(1), "{tree}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_call_home_outlasts_a_restart_197() {
    a_call_home_outlasts_a_restart("2.1.197").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_call_home_outlasts_a_restart_329() {
    a_call_home_outlasts_a_restart("2.1.329").await;
}

/// The project's own instructions are obeyed; its settings, which could execute anything and allow everything, are not.
async fn project_instructions(version: &str) {
    // Who is held is not asked.
    let Some((legion, model)) = with_claude_in(version, "none").await else { return };
    let work = legion.dir.dir("work");
    legion.dir.file("work/CLAUDE.md", "MARKER-OF-THE-PROJECT\nSee @docs/more.md for more.\n");
    legion.dir.file("work/docs/more.md", "MARKER-OF-AN-IMPORT");
    legion.dir.file("work/.claude/CLAUDE.md", "MARKER-OF-THE-FOLDER");
    legion.dir.file("work/CLAUDE.local.md", "MARKER-OF-THE-PERSON");
    legion.dir.file("work/part/CLAUDE.md", "MARKER-OF-THE-PART");
    legion.dir.file("work/part/.claude/rules/rule.md", "MARKER-OF-A-RULE");
    legion.dir.file("CLAUDE.md", "MARKER-OF-SOMEBODY-ELSE");
    legion.dir.repo("work");
    let ran = |name: &str| legion.dir.path().join(name);
    for (level, name) in [("work", "settings.json"), ("work", "settings.local.json"), ("work/part", "settings.json")] {
        let hook = json!({"type": "command", "command": format!("touch {}", ran("hooked").display())});
        let settings = json!({"hooks": {"SessionStart": [{"hooks": [hook]}]}, "env": {"SETTING": "set"},
            "permissions": {"allow": ["Bash(*)"]}});
        legion.dir.file(format!("{level}/.claude/{name}"), settings.to_string());
    }
    // What is imported from outside of the working directory the program reads only for one who has said so at its terminal.
    for (cwd, markers) in [
        (work.clone(), &["THE-PROJECT", "AN-IMPORT", "THE-FOLDER", "THE-PERSON"][..]),
        (work.join("part"), &["THE-PART", "A-RULE", "THE-PROJECT", "THE-FOLDER", "THE-PERSON"]),
    ] {
        let command = "printf \"setting=$SETTING\" > setting.txt; curl --version > /dev/null";
        let ask = json!({"tool": "Bash", "input": {"command": command, "description": "look"}});
        let task = script("Work.", &json!([ask, {"text": "done"}]));
        let args = [
            "hire",
            &task,
            "--driver",
            "claude",
            "--model",
            "claude-sonnet-4-5",
            "--cwd",
            cwd.to_str().expect("UTF-8"),
        ];
        let agent = id(&legion.json(&args));
        let first = legion.until("the model is asked", || model.conversation(&agent).into_iter().next());
        for marker in markers {
            assert!(first.holds(&format!("MARKER-OF-{marker}")), "{marker} is not read in {}", cwd.display());
        }
        assert!(!first.holds("MARKER-OF-SOMEBODY-ELSE"), "what is above the project is not its own");
        let approval = legion.until("the settings allow nothing", || {
            let inbox = legion.inbox();
            let asked = inbox.iter().find(|m| m["kind"] == "approval" && m["from"] == agent.as_str())?;
            asked["approval"].as_str().map(str::to_owned)
        });
        legion.ok(&["approve", &approval]);
        legion.json(&["wait", &agent]);
        assert_eq!(std::fs::read_to_string(cwd.join("setting.txt")).expect("it ran"), "setting=");
    }
    assert!(!ran("hooked").exists(), "no hook ran");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn project_instructions_197() {
    project_instructions("2.1.197").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn project_instructions_329() {
    project_instructions("2.1.329").await;
}

/// A text of the greatest length, which takes six times as much in JSON, reaches a conversation that goes on.
async fn the_longest_text(version: &str) {
    let Some((legion, model)) = with_claude(version).await else { return };
    let agent = hire(&legion, &script("Begin.", &json!([{"text": "begun"}, {"text": "read"}])));
    legion.json(&["wait", &agent]);
    let end = "THE-END-OF-IT";
    let text = "\u{1}".repeat(1024 * 1024 - end.len()) + end;
    let file = legion.dir.file("long.txt", text);
    let stdin = std::fs::File::open(file).expect("opened");
    let told = legion.command(&["tell", &agent, "-"]).stdin(stdin).output().expect("it runs");
    assert!(told.status.success(), "{}", crate::support::text(&told.stderr));
    legion.until("the model is asked", || model.saw(&agent, end).then_some(()));
    let run = legion.json(&["wait", &agent, "--timeout", "60s"]);
    assert_eq!((&run["outcome"], &run["result"]), (&"completed".into(), &"read".into()), "{run}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_longest_text_197() {
    the_longest_text("2.1.197").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_longest_text_329() {
    the_longest_text("2.1.329").await;
}
