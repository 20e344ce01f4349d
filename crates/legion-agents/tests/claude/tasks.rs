//! Tasks of the program's own: commands in the background, and subagents.

use legion_agents::AgentEvent;
use serde_json::json;

use crate::agent::{Agent, Place};
use crate::record::programs;

/// Every task that began has ended.
fn assert_no_task_is_open(agent: &Agent) {
    let mut open = Vec::new();
    let mut any = false;
    for event in &agent.events {
        match event {
            AgentEvent::BackgroundStarted { id } => {
                any = true;
                open.push(id);
            }
            AgentEvent::BackgroundEnded { id } => open.retain(|other| *other != id),
            _ => {}
        }
    }
    assert!(any && open.is_empty(), "{:?}", agent.events);
}

#[tokio::test]
async fn a_command_in_the_background_ends_after_its_turn_and_starts_one_of_its_own() {
    for (version, program) in programs() {
        let mut place = Place::new(version, program).await;
        place.spec.tools = Some(["Bash(while *)".to_owned()].into());
        let command = json!({"command": place.wait_for("go"), "run_in_background": true});
        let script = json!([{"tool": "Bash", "input": command}, {"text": "it runs"}, {"text": "it ended"}]);
        let mut agent = place.start(&format!("go @@{script}@@")).await;
        assert_eq!(agent.turn_ends().await.text, "it runs");
        let started = |event: &AgentEvent| matches!(event, AgentEvent::BackgroundStarted { .. });
        let ended = |event: &AgentEvent| matches!(event, AgentEvent::BackgroundEnded { .. });
        assert!(agent.events.iter().any(started) && !agent.events.iter().any(ended), "{:?}", agent.events);
        place.directory.file("work/go", "");
        assert_eq!(agent.turn_ends().await.text, "it ended");
        assert_no_task_is_open(&agent);
        assert_eq!(agent.end().await, Some(0));
        place.record("background", &agent);
    }
}

#[tokio::test]
async fn a_subagent_works_inside_and_its_words_are_not_the_agents() {
    for (version, program) in programs() {
        let place = Place::new(version, program).await;
        let file = place.directory.path().join("work/sub.txt");
        let inner = json!([
            {"tool": "Write", "input": {"file_path": file, "content": "from below"}},
            {"text": "the subagent is done"},
        ]);
        let input = json!({
            "description": "write a file", "subagent_type": "general-purpose", "run_in_background": false,
            "prompt": format!("write it @@{inner}@@"),
        });
        let script = json!([{"tool": "Agent", "input": input}, {"text": "my subagent is done"}]);
        let mut agent = place.start(&format!("delegate @@{script}@@")).await;
        assert_eq!(agent.turn_ends().await.text, "my subagent is done");
        assert_eq!(place.directory.read("work/sub.txt"), "from below");
        let calls = agent.events.iter().filter(|event| matches!(event, AgentEvent::ToolCall { .. })).count();
        assert_eq!(calls, 1, "{:?}", agent.events);
        let said = AgentEvent::Text { text: "the subagent is done".to_owned() };
        assert!(!agent.events.contains(&said));
        assert_no_task_is_open(&agent);
        assert_eq!(agent.end().await, Some(0));
        place.record("subagent", &agent);
    }
}

#[tokio::test]
async fn an_interrupt_closes_the_task_of_a_long_command() {
    for (version, program) in programs() {
        let mut place = Place::new(version, program).await;
        place.spec.tools = Some(["Bash(while *)".to_owned()].into());
        let script = json!([{"tool": "Bash", "input": {"command": place.wait_for("never")}}, {"text": "never"}]);
        let mut agent = place.start(&format!("wait @@{script}@@")).await;
        agent.until("the task", |event| matches!(event, AgentEvent::BackgroundStarted { .. }).then_some(())).await;
        agent.interrupt().await;
        agent.turn_ends().await;
        assert_no_task_is_open(&agent);
        agent.end().await;
        place.record("interrupt-task", &agent);
    }
}
