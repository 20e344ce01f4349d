//! Real Claude Code through the gateway to the scripted model server: what it costs, what stops it, and what a crash leaves.

use legion_testkit::{ModelServer, npm};
use serde_json::{Value, json};

use crate::support::{Legion, id};

/// The provider's key. No agent may have it, and no caller's key may reach the provider.
pub const KEY: &str = "upstream-key-canary";
/// The key that the person has otherwise.
pub const OTHER_KEY: &str = "persons-own-key-canary";
const VERSION: &str = "2.1.197";

/// A service whose only way to a model is the gateway: the address that agents would find by themselves leads nowhere. Its agents
/// are held in tier `full`.
async fn with_gateway() -> Option<(Legion, ModelServer)> {
    with_gateway_in(VERSION, "full").await
}

/// As [`with_gateway`], with this version of Claude Code, and held in a tier.
pub async fn with_gateway_in(version: &str, tier: &str) -> Option<(Legion, ModelServer)> {
    let program = npm::claude(version).ok()?;
    let model = ModelServer::start().await;
    let legion = Legion::with(&[
        ("ANTHROPIC_BASE_URL", "http://127.0.0.1:9"),
        ("ANTHROPIC_API_KEY", OTHER_KEY),
        ("UPSTREAM_KEY", KEY),
        ("LEGION_TIER", tier),
        ("LEGION_CLAUDE", program.to_str().expect("UTF-8")),
        ("LEGION_GATEWAY_LISTEN", "127.0.0.1:0"),
        ("HTTPS_PROXY", "http://127.0.0.1:9"),
        ("HTTP_PROXY", "http://127.0.0.1:9"),
    ]);
    legion.start();
    let url = model.url();
    legion.ok(&["provider", "add", "upstream", "--format", "anthropic", "--url", &url, "--key-env", "UPSTREAM_KEY"]);
    Some((legion, model))
}

fn hire(legion: &Legion, steps: &Value) -> String {
    let task = format!("Work. @@{steps}@@");
    id(&legion.json(&["hire", &task, "--driver", "claude", "--model", "claude-sonnet-4-5"]))
}

fn write_step(legion: &Legion, name: &str) -> Value {
    json!({"tool": "Write", "input": {"file_path": legion.work().join(name), "content": name}})
}

fn total(legion: &Legion) -> Value {
    legion.json(&["cost"])["total"].clone()
}

fn number(line: &Value, field: &str) -> u64 {
    line[field].as_u64().unwrap_or_else(|| panic!("no {field} in {line}"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn claude_works_through_the_gateway_and_its_cost_is_known() {
    let Some((legion, model)) = with_gateway().await else { return };
    let agent = hire(&legion, &json!([write_step(&legion, "a.txt"), {"text": "all is done"}]));
    let report = legion.until("its report", || legion.reports_of(&agent).into_iter().next());
    assert!(report.contains("all is done"), "{report}");
    assert!(legion.work().join("a.txt").is_file());

    // The provider got its own key and no other secret.
    let requests = model.requests();
    assert!(requests.len() >= 2, "{}", model.dump());
    for request in &requests {
        assert_eq!(request.api_key.as_deref(), Some(KEY));
        let sent = format!("{:?} {}", request.headers, String::from_utf8_lossy(&request.raw));
        assert!(!sent.contains("lgn_") && !sent.contains(OTHER_KEY), "a secret went to the provider");
    }

    // Every call is counted, once: by agent, by model, by day, and in the agent's own figures.
    let cost = legion.json(&["cost", "--by", "agent"]);
    let line = &cost["lines"][0];
    assert_eq!(line["id"], agent.as_str(), "{cost}");
    assert_eq!(number(line, "calls"), requests.len() as u64, "{cost}\n{}", model.dump());
    assert_eq!(number(line, "unknown_calls"), 0, "{cost}");
    let nanos = number(line, "cost_nanos");
    assert!(nanos > 0, "{cost}");
    for by in ["model", "day"] {
        let lines = legion.json(&["cost", "--by", by])["lines"].as_array().expect("lines").clone();
        assert_eq!(lines.iter().map(|line| number(line, "cost_nanos")).sum::<u64>(), nanos, "by {by}");
    }
    let shown = legion.json(&["status", &agent])["agent"]["cost_usd"].as_f64().expect("a cost");
    let micro = nanos.div_ceil(1_000) as f64 / 1e6;
    assert!((shown - micro).abs() < 1e-9, "the agent shows {shown}, the gateway {micro}");

    // The agent's own log and environment hold no key.
    let urls = legion.json(&["gateway", "url"]);
    assert!(urls["anthropic"].as_str().is_some_and(|url| url.contains("/gateway/lgn_root_")), "{urls}");
    let left = std::process::Command::new("grep").args(["-rlF", KEY]).arg(legion.data()).output().expect("grep runs");
    assert_eq!(String::from_utf8_lossy(&left.stdout), "", "the key lies somewhere");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_budget_that_is_used_up_ends_the_run_and_says_so() {
    let Some((legion, model)) = with_gateway().await else { return };
    legion.ok(&["budget", "set", "agent", "0.000001"]);
    let steps: Vec<Value> = (0..20).map(|number| write_step(&legion, &format!("{number}.txt"))).collect();
    let agent = hire(&legion, &json!(steps));
    let report = legion.until("the end of the run", || legion.reports_of(&agent).into_iter().next());
    assert!(report.contains("ended by a limit"), "{report}");
    assert!(report.contains("the budget of agent") && report.contains("is used up"), "{report}");
    // One call that was under way, and side calls that began together with it; then nothing any more.
    let calls = model.requests().len();
    assert!(calls <= 3, "{calls} calls: {}", model.dump());
    assert!(!legion.work().join("5.txt").exists());
    let list = legion.json(&["budget", "list"]);
    assert_eq!(list["budgets"][0]["for"]["scope"], "agent", "{list}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_killed_service_loses_no_money_and_counts_none_twice() {
    let Some((legion, model)) = with_gateway().await else { return };
    let agent = hire(&legion, &json!([write_step(&legion, "a.txt"), {"text": "done", "gate": "later"}]));
    legion.until("the first call is settled and the second under way", || {
        let requests = model.requests().len() as u64;
        (legion.work().join("a.txt").exists() && requests >= 2 && number(&total(&legion), "calls") + 1 == requests)
            .then_some(())
    });
    let before = total(&legion);
    assert_eq!(number(&before, "unsettled_nanos"), 0);
    legion.kill_service();
    let cut = model.requests().len() as u64;
    legion.start();

    // What was settled is settled; what was set aside counts as spent.
    let after = total(&legion);
    assert!(number(&after, "charged_nanos") >= number(&before, "charged_nanos"), "{before} {after}");
    let open = number(&after, "unsettled_nanos");
    assert!(open > 0, "{after}");
    let list = legion.json(&["budget", "list"]);
    assert_eq!(list["unsettled"].as_array().map(Vec::len), Some(1), "{list}");

    // The agent's program tries again, and gets done.
    model.open("later");
    let report = legion.until_long("its report", || legion.reports_of(&agent).into_iter().next());
    assert!(report.contains("done"), "{report}");
    let calls = legion.until("every call but the one that was cut is settled", || {
        let calls = number(&total(&legion), "calls");
        (calls + 1 == model.requests().len() as u64 && calls >= cut).then_some(calls)
    });
    let settled = total(&legion);
    let each = number(&before, "charged_nanos") / number(&before, "calls");
    assert_eq!(number(&settled, "charged_nanos"), each * calls, "{before} {settled}");

    // The bill says what the cut call cost: the figures are exact again, and stay so.
    legion.ok(&["budget", "reconcile", "--spent", "0.000000777"]);
    let exact = total(&legion);
    assert_eq!(number(&exact, "charged_nanos"), each * calls + 777, "{exact}");
    assert_eq!(number(&exact, "unsettled_nanos"), 0, "{exact}");
    legion.ok(&["down"]);
    legion.start();
    let again = total(&legion);
    assert_eq!((&again["charged_nanos"], &again["calls"]), (&exact["charged_nanos"], &exact["calls"]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_agent_goes_from_its_own_login_to_a_provider_with_a_key() {
    let Some((legion, model)) = with_gateway().await else { return };
    legion.ok(&["provider", "add", "native", "--format", "anthropic", "--url", &model.url(), "--login"]);
    legion.ok(&["route", "set", "--default", "native"]);
    let agent = hire(&legion, &json!([{"text": "by my own login"}]));
    legion.until("its report", || legion.reports_of(&agent).into_iter().next());
    let before = model.requests();
    assert!(!before.is_empty());
    for request in &before {
        assert_eq!(request.api_key.as_deref(), Some(OTHER_KEY), "{}", model.dump());
    }
    legion.ok(&["route", "set", "--default", "upstream/small"]);
    legion.ok(&["tell", &agent, r#"go on @@[{"text": "by a key"}]@@"#]);
    legion.until("its second report", || {
        legion.reports_of(&agent).into_iter().find(|report| report.contains("by a key"))
    });
    let requests = model.requests();
    assert!(requests.len() > before.len());
    for request in &requests[before.len()..] {
        assert_eq!((request.api_key.as_deref(), request.model.as_str()), (Some(KEY), "small"), "{}", model.dump());
        let sent = format!("{:?} {}", request.headers, String::from_utf8_lossy(&request.raw));
        assert!(!sent.contains(OTHER_KEY) && !sent.contains("lgn_"), "a secret went to another provider");
    }
}

#[test]
fn a_named_sub_agent_has_a_row_of_its_own_in_the_matrix() {
    let legion = Legion::not_held();
    legion.start();
    legion.ok(&["provider", "add", "local", "--template", "ollama"]);
    legion.ok(&["route", "set", "--default", "local/large"]);
    let shown = legion.ok(&["route", "set", "--default", "--sub-agent", "Explore", "local/small"]);
    assert!(shown.contains("default, sub-agents `Explore`") && shown.contains("local/small"), "{shown}");
    let list = legion.json(&["route", "list"]);
    let targets = |name: Value| -> Vec<String> {
        let routes = list["routes"].as_array().expect("routes").iter();
        let of = routes.filter(|route| route["for"]["sub_agent"] == name);
        of.map(|route| route["to"].as_str().expect("a target").to_owned()).collect()
    };
    assert_eq!(
        (targets(json!("Explore")), targets(Value::Null)),
        (vec!["local/small".to_owned()], vec!["local/large".to_owned()])
    );
    legion.ok(&["route", "remove", "--default", "--sub-agent", "Explore"]);
    assert_eq!(legion.json(&["route", "list"])["routes"].as_array().map(Vec::len), Some(1));
}
