//! Prompts, answers, tools, steering, probes.

use legion_agents::{AgentEvent, TurnOutcome, Usage};
use serde_json::json;

use crate::agent::Place;
use crate::record::programs;

#[tokio::test]
async fn a_prompt_is_answered() {
    for (version, program) in programs() {
        let place = Place::new(version, program).await;
        let script = json!([{"thinking": "let me see", "text": "hello"}]);
        let mut agent = place.start(&format!("greet @@{script}@@")).await;
        let ended = agent.turn_ends().await;
        assert_eq!((ended.outcome, ended.text.as_str()), (TurnOutcome::Completed, "hello"));
        let usage = Usage { input_tokens: 100, output_tokens: 20, cache_read_tokens: 40, cache_write_tokens: 10 };
        assert_eq!(ended.usage, usage);
        assert!(ended.cost.unwrap() > 0);
        let ready =
            AgentEvent::Ready { program_version: Some(version.to_owned()), session: Some(place.session.to_string()) };
        assert!(agent.events.contains(&ready), "{:?}", agent.events);
        assert!(agent.events.contains(&AgentEvent::Thought { text: "let me see".to_owned() }), "{:?}", agent.events);
        assert_eq!(agent.end().await, Some(0));
        place.record("prompt", &agent);
        let request = place.server.conversation(&place.session.to_string()).remove(0);
        assert!(request.system.to_string().contains("You are ann."));
        let never = ["AskUserQuestion", "CronCreate", "ScheduleWakeup", "SendMessage", "EnterWorktree"];
        assert!(!request.tools.iter().any(|tool| never.contains(&tool.as_str())), "{:?}", request.tools);
    }
}

#[tokio::test]
async fn tools_are_called_and_only_those_that_were_given() {
    for (version, program) in programs() {
        let mut place = Place::new(version, program).await;
        let tools = ["Write", "Bash(cat *)", "AskUserQuestion"];
        place.spec.tools = Some(tools.into_iter().map(str::to_owned).collect());
        let file = place.directory.path().join("work/a.txt");
        let script = json!([
            {"tool": "Write", "input": {"file_path": file, "content": "written"}},
            {"tools": [{"tool": "Bash", "input": {"command": "cat a.txt"}}, {"tool": "WebFetch", "input": {}}]},
            {"text": "it says {{result:1}}"},
        ]);
        let mut agent = place.start(&format!("write @@{script}@@")).await;
        assert_eq!(agent.turn_ends().await.text, "it says written");
        assert_eq!(place.directory.read("work/a.txt"), "written");
        let failed = |event: &AgentEvent| matches!(event, AgentEvent::ToolResult { is_error: true, .. });
        assert_eq!(agent.events.iter().filter(|event| failed(event)).count(), 1, "{:?}", agent.events);
        let request = place.server.conversation(&place.session.to_string()).remove(0);
        assert_eq!(request.tools, ["Bash", "Write"]);
        assert_eq!(agent.end().await, Some(0));
        place.record("tools", &agent);
    }
}

#[tokio::test]
async fn a_message_with_priority_next_reaches_the_running_turn_after_the_tool() {
    for (version, program) in programs() {
        let mut place = Place::new(version, program).await;
        place.spec.tools = Some(["Bash(while *)".to_owned()].into());
        let script = json!([{"tool": "Bash", "input": {"command": place.wait_for("go")}}, {"text": "done"}]);
        let mut agent = place.start(&format!("wait @@{script}@@")).await;
        agent.calls("Bash").await;
        let steered = agent.steer("/hurry up").await;
        agent.answers_a_probe().await;
        assert!(!agent.events.contains(&AgentEvent::InputSeen { injection: steered }));
        place.directory.file("work/go", "");
        agent.sees(steered).await;
        assert_eq!(agent.turn_ends().await.text, "done");
        let texts = place.server.user_texts(&place.session.to_string());
        assert!(texts.iter().any(|text| text.contains("/hurry up")), "{texts:?}");
        assert_eq!(agent.end().await, Some(0));
        let turns = agent.events.iter().filter(|event| matches!(event, AgentEvent::TurnEnded { .. })).count();
        assert_eq!(turns, 1);
        place.record("steer", &agent);
    }
}

#[tokio::test]
async fn a_text_that_looks_like_a_command_reaches_the_model() {
    for (version, program) in programs() {
        let place = Place::new(version, program).await;
        let mut agent = place.start("/compact is what I want to know about").await;
        assert_eq!(agent.turn_ends().await.text, "ok");
        let injection = agent.say("/clear").await;
        agent.sees(injection).await;
        assert_eq!(agent.turn_ends().await.text, "ok");
        let texts = place.server.user_texts(&place.session.to_string());
        assert!(texts.iter().any(|text| text.contains("/compact is what")), "{texts:?}");
        assert!(texts.iter().any(|text| text.ends_with("\n/clear")), "{texts:?}");
        assert_eq!(agent.end().await, Some(0));
    }
}
