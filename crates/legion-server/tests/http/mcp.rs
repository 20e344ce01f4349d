//! MCP over HTTP: the same organisation, through the same guard.

use legion_api::paths;
use serde_json::{Value, json};

use crate::support::{Ask, Bench, bench};

fn call(bench: &Bench, method: &str, params: &Value) -> Ask {
    let request = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
    let accept = "application/json, text/event-stream";
    bench.post(paths::MCP, &request).header("accept", accept).header("mcp-protocol-version", "2025-06-18")
}

fn tool(bench: &Bench, name: &str, arguments: &Value) -> Ask {
    call(bench, "tools/call", &json!({ "name": name, "arguments": arguments }))
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_leads_through_mcp_under_its_own_name() {
    let bench = bench().await;
    let boss = bench.worker("boss", None).await;
    let listed = call(&bench, "tools/list", &json!({})).by(&boss).expect(200).await;
    let names: Vec<&str> =
        listed["result"]["tools"].as_array().expect("tools").iter().filter_map(|tool| tool["name"].as_str()).collect();
    for name in [
        "legion-hire",
        "legion-tell",
        "legion-interrupt",
        "legion-fire",
        "legion-status",
        "legion-inbox",
        "legion-logs",
    ] {
        assert!(names.contains(&name), "{name} in {names:?}");
    }
    let hire = json!({ "task": "do it", "name": "report", "command": "cat", "driver": "command" });
    let hired = tool(&bench, "legion-hire", &hire).by(&boss).expect(200).await;
    assert_ne!(hired["result"]["isError"], json!(true), "{hired}");
    let report = bench.get("/v1/org/agents/report").expect(200).await;
    assert_eq!((&report["parent"], &report["level"]), (&json!(boss.id), &json!(2)));

    // What it may not do, it may not do here.
    bench.worker("peer", None).await;
    let fired = tool(&bench, "legion-fire", &json!({ "agent": "peer" })).by(&boss).expect(200).await;
    assert_eq!(fired["result"]["isError"], json!(true), "{fired}");
    assert!(fired.to_string().contains("LEG0003"), "{fired}");
    bench.get("/v1/org/agents/peer").expect(200).await;
    bench.end().await;
}
