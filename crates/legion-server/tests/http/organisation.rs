//! Status, tree, lists, inbox, messages and logs.

use http::Method;
use legion_api::paths;
use legion_model::Organisation;
use serde_json::{Value, json};

use crate::support::{Bench, PATIENCE, SLEEPER, bench};

fn names(list: &Value) -> Vec<&str> {
    list.as_array().expect("a list").iter().filter_map(|item| item["name"].as_str()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn status_has_the_form_that_scripts_rely_on() {
    let bench = bench().await;
    let worker = bench.worker("worker", None).await;
    let done = bench.done("done", "wc -w").await;
    let status = bench.get(paths::STATUS).expect(200).await;
    assert_eq!(status["agent"]["id"], json!("root"));
    let fields = |value: &Value| -> Vec<String> { value.as_object().expect("an object").keys().cloned().collect() };
    assert_eq!(fields(&status), ["agent", "inbox", "reports", "tickets"]);
    let reports = status["reports"].as_array().expect("reports");
    assert_eq!(names(&status["reports"]), ["worker", "done"]);
    let (first, second) = (&reports[0], &reports[1]);
    assert_eq!((&first["id"], &first["status"], &first["level"]), (&json!(worker.id), &json!("working"), &json!(1)));
    assert!(first["run"]["pid"].is_number() && first["run"]["number"] == json!(1), "{first}");
    assert_eq!((&first["driver"], &first["role"]), (&json!("command"), &json!(null)));
    assert_eq!((&second["id"], &second["status"], &second["run"]), (&json!(done), &json!("idle"), &json!(null)));
    let inbox = status["inbox"].as_array().expect("an inbox");
    assert_eq!(inbox.len(), 1, "{inbox:?}");
    assert_eq!(
        (&inbox[0]["from"], &inbox[0]["kind"], &inbox[0]["state"]),
        (&json!(done), &json!("report"), &json!("accepted"))
    );
    assert!(inbox[0]["text"].as_str().is_some_and(|text| text.ends_with("\n\n2")), "{}", inbox[0]);
    assert!(inbox[0]["at"].as_str().is_some_and(|at| at.ends_with('Z')), "{}", inbox[0]);

    let of_agent = bench.get(format!("{}?agent=worker", paths::STATUS)).expect(200).await;
    assert_eq!(of_agent["agent"]["command"], json!(SLEEPER));
    assert_eq!(of_agent, bench.get(paths::STATUS).by(&worker).expect(200).await);

    assert_eq!(
        bench.post(paths::INBOX_ACK, &json!({ "messages": [inbox[0]["id"]] })).expect(200).await,
        json!({ "acked": 1 })
    );
    assert_eq!(bench.get(paths::INBOX).expect(200).await, json!({ "messages": [] }));
    bench.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_tree_keeps_what_stands_above_a_match() {
    let bench = bench().await;
    bench.worker("boss", None).await;
    let lead = bench.worker("lead", Some("boss")).await;
    bench.worker("deep", Some("lead")).await;
    bench.done("idle", "true").await;
    let tree = bench.get(paths::TREE).expect(200).await;
    assert_eq!((names(&tree["reports"]), &tree["matched"]), (vec!["boss", "idle"], &json!(true)));
    assert_eq!(tree["reports"][0]["reports"][0]["reports"][0]["level"], json!(3));
    assert_eq!(tree["reports"][1]["last_outcome"], json!("completed"));

    let filtered = |query: &str| bench.get(format!("{}?{query}", paths::TREE)).expect(200);
    let tree = filtered("level=L2").await;
    let boss = &tree["reports"][0];
    assert_eq!(
        (names(&tree["reports"]), &boss["matched"], &tree["matched"]),
        (vec!["boss"], &json!(false), &json!(false))
    );
    assert_eq!((&boss["reports"][0]["matched"], &boss["reports"][0]["reports"]), (&json!(true), &json!([])));
    assert_eq!(names(&filtered("status=idle").await["reports"]), ["idle"]);
    assert_eq!(names(&filtered("parent=root&status=working").await["reports"]), ["boss"]);
    let tree = filtered(&format!("parent={}", lead.id)).await;
    assert_eq!(names(&tree["reports"][0]["reports"][0]["reports"]), ["deep"]);
    assert_eq!(filtered("level=7").await["reports"], json!([]));

    let of_lead = bench.get(format!("{}?level=1", paths::TREE)).by(&lead).expect(200).await;
    assert_eq!(
        (&of_lead["name"], &of_lead["matched"], &of_lead["reports"]),
        (&json!("lead"), &json!(false), &json!([]))
    );
    bench.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_hold_everyone_once_in_the_order_of_hiring() {
    let bench = bench().await;
    let mut ids = Vec::new();
    for number in 0..7 {
        let hired = bench.hire(&format!("a{number}"), SLEEPER).expect(201).await;
        ids.push(hired["id"].as_str().expect("an id").to_owned());
    }
    let page = |after: Option<&str>, limit: usize| {
        let after = after.map(|after| format!("&after={after}")).unwrap_or_default();
        bench.get(format!("{}?limit={limit}{after}", paths::AGENTS)).expect(200)
    };
    let mut seen = Vec::new();
    let mut after: Option<String> = None;
    loop {
        let found = page(after.as_deref(), 3).await;
        seen.extend(names(&found["agents"]).into_iter().map(str::to_owned));
        // The list changes between two pages: nobody else is skipped or repeated.
        if after.is_none() {
            bench.ask(Method::DELETE, "/v1/org/agents/a2").expect(200).await;
            bench.ask(Method::DELETE, "/v1/org/agents/a4").expect(200).await;
        }
        after = found["next"].as_str().map(str::to_owned);
        if after.is_none() {
            break;
        }
    }
    assert_eq!(seen, ["a0", "a1", "a2", "a3", "a5", "a6"]);
    let all = page(None, 500).await;
    assert_eq!((names(&all["agents"]).len(), &all["next"]), (5, &json!(null)));
    assert_eq!(names(&page(None, 5).await["agents"]).len(), 5);
    assert_eq!(page(None, 5).await["next"], json!(null), "a full last page is the last");
    bench.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_person_sees_all_projects_as_one_or_each_by_itself() {
    let bench = bench().await;
    let here = bench.worker("here", None).await;
    let mut hire = bench.hiring("there", SLEEPER);
    hire["cwd"] = json!(bench.dir("other"));
    let there = bench.post(paths::AGENTS, &hire).expect(201).await;
    let projects = bench.get(paths::PROJECTS).expect(200).await;
    let projects = projects["projects"].as_array().expect("a list");
    let paths_of: Vec<&str> = projects.iter().filter_map(|project| project["path"].as_str()).collect();
    assert_eq!(paths_of, [bench.dir("other"), bench.dir("work")]);
    assert_eq!(projects[1]["agents"], json!(1));

    assert_eq!(names(&bench.get(paths::AGENTS).expect(200).await["agents"]), ["here", "there"]);
    assert_eq!(names(&bench.get(paths::STATUS).expect(200).await["reports"]), ["there", "here"]);
    for (project, name) in [(bench.dir("work"), "here"), (bench.dir("other/below"), "there")] {
        for path in [paths::AGENTS, paths::TREE, paths::STATUS] {
            let found = bench.get(format!("{path}?project={project}")).expect(200).await;
            let list = if path == paths::AGENTS { &found["agents"] } else { &found["reports"] };
            assert_eq!(names(list), [name], "{path} of {project}");
        }
    }
    // An agent sees nothing of another project, not even that it is there.
    bench.get(format!("/v1/org/agents/{}", there["id"].as_str().expect("an id"))).by(&here).refused("LEG0005").await;
    bench.get(format!("{}?project={}", paths::AGENTS, bench.dir("other"))).by(&here).refused("LEG0005").await;
    bench.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_is_followed_from_its_receipt_to_its_end() {
    let bench = bench().await;
    let worker = bench.worker("worker", None).await;
    let text = "long ".repeat(10_000);
    let told = bench.post("/v1/org/agents/worker/messages", &json!({ "text": text, "now": true })).expect(201).await;
    assert_eq!(told["state"], json!("accepted"));
    assert!(told["delivery"].as_str().is_some_and(|words| words.contains("`command`")), "{told}");
    let path = format!("/v1/org/messages/{}", told["id"].as_str().expect("an id"));
    let message = bench.get(&path).expect(200).await;
    assert_eq!((&message["text"], &message["from"], &message["kind"]), (&json!(text), &json!("root"), &json!("tell")));
    assert_eq!(bench.get(&path[..path.len() - 20]).by(&worker).expect(200).await["id"], told["id"]);
    let peer = bench.worker("peer", None).await;
    bench.get(&path).by(&peer).refused("LEG0003").await;
    bench.get(&path[..path.len() - 20]).by(&peer).refused("LEG0005").await;
    let inbox = bench.get(paths::INBOX).by(&worker).expect(200).await;
    assert!(
        inbox["messages"].as_array().expect("a list").iter().any(|m| m["text"] == json!(text)),
        "the text is whole"
    );

    // The agent tells the person; the person acknowledges.
    let told = bench.post("/v1/org/agents/root/messages", &json!({ "text": "done" })).by(&worker).expect(201).await;
    assert_eq!((&told["to"], &told["delivery"]), (&json!("root"), &json!("it is in the person's inbox")));
    bench.post(paths::INBOX_ACK, &json!({})).expect(200).await;
    let path = format!("/v1/org/messages/{}", told["id"].as_str().expect("an id"));
    assert_eq!(bench.get(&path).expect(200).await["state"], json!("acted"));
    bench.end().await;
}

async fn lines(bench: &Bench, path: &str) -> (Vec<String>, String) {
    let page = bench.get(path).expect(200).await;
    let lines = page["lines"].as_array().expect("lines");
    let text =
        |line: &Value| format!("{} {}", line["stream"].as_str().unwrap_or("?"), line["text"].as_str().unwrap_or("?"));
    (lines.iter().map(text).collect(), page["next"].as_str().expect("a place").to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn logs_are_the_agents_own_lines_and_go_on_where_they_ended() {
    let bench = bench().await;
    let id = bench.done("talker", "sh -c 'cat; echo; echo oops >&2; seq 3'").await;
    let path = format!("/v1/org/agents/{id}/logs");
    let (all, next) = lines(&bench, &path).await;
    let mut sorted = all.clone();
    sorted.sort();
    assert_eq!(sorted, ["stderr oops", "stdout 1", "stdout 2", "stdout 3", "stdout do it"]);
    assert_eq!(lines(&bench, &format!("{path}?lines=1")).await.0, all[all.len() - 1..]);
    assert_eq!(lines(&bench, &format!("{path}?after={next}")).await.0, Vec::<String>::new());
    bench.post(format!("/v1/org/agents/{id}/messages"), &json!({ "text": "again" })).expect(201).await;
    let agent: legion_model::AgentId = id.parse().expect("a UUID");
    let project = bench.engine.project_of(agent).await.expect("it is there");
    let second =
        move |state: &Organisation| state.agents[&agent].last_run.as_ref().filter(|run| run.number == 2).map(drop);
    bench.engine.until(project, PATIENCE, second).await.expect("the engine lives").expect("the second run ends");
    let (more, _) = lines(&bench, &format!("{path}?after={next}")).await;
    assert_eq!(more.len(), 5, "{more:?}");
    assert!(more.contains(&"stdout again".to_owned()), "{more:?}");
    bench.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fire_keeps_the_reports_when_it_is_told_to() {
    let bench = bench().await;
    let boss = bench.worker("boss", None).await;
    let report = bench.worker("report", Some("boss")).await;
    let fired = bench.ask(Method::DELETE, "/v1/org/agents/boss?keep_reports=true").expect(200).await;
    assert_eq!(fired, json!({ "fired": [boss.id], "kept": [report.id], "ended": true }));
    let kept = bench.get("/v1/org/agents/report").expect(200).await;
    assert_eq!((&kept["parent"], &kept["level"], &kept["status"]), (&json!("root"), &json!(1), &json!("working")));
    bench.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_service_says_what_it_is_and_ends_when_it_is_told() {
    let mut bench = bench().await;
    bench.worker("worker", None).await;
    let info = bench.get(paths::SERVICE).expect(200).await;
    assert_eq!((&info["pid"], &info["data_dir"]), (&json!(1), &json!("/data")));
    assert_eq!(bench.get(paths::HEALTH).expect(200).await, json!({ "status": "healthy" }));
    let down = bench.post(paths::SERVICE_DOWN, &json!({ "keep": true })).expect(200).await;
    assert_eq!(down, json!({ "ended": 0, "kept": 1 }));
    assert_eq!(bench.down.recv().await, Some(true));
    let down = bench.ask(Method::POST, paths::SERVICE_DOWN).expect(200).await;
    assert_eq!(down, json!({ "ended": 1, "kept": 0 }));
    assert_eq!(bench.down.recv().await, Some(false));
    bench.end().await;
}
