//! Errors of the provider, and limits.

use legion_agents::{AgentEvent, TurnOutcome};
use serde_json::json;

use crate::agent::Place;
use crate::record::programs;

#[tokio::test]
async fn an_error_of_the_provider_fails_the_turn_and_not_the_process() {
    for (version, program) in programs() {
        let place = Place::new(version, program).await;
        let mut agent = place.start(r#"go @@[{"error": 400, "text": "no such thing"}]@@"#).await;
        let ended = agent.turn_ends().await;
        assert_eq!((ended.outcome, ended.text.as_str()), (TurnOutcome::Failed, ""));
        assert!(ended.error.as_ref().unwrap().contains("no such thing"), "{ended:?}");
        agent.say(r#"again @@[{"text": "fine"}]@@"#).await;
        assert_eq!(agent.turn_ends().await.text, "fine");
        assert_eq!(agent.end().await, Some(0));
        place.record("api-error", &agent);
    }
}

#[tokio::test]
async fn an_overloaded_provider_is_asked_again() {
    for (version, program) in programs() {
        let place = Place::new(version, program).await;
        let mut agent = place.start(r#"go @@[{"error": 529, "times": 1, "text": "at last"}]@@"#).await;
        assert_eq!(agent.turn_ends().await.text, "at last");
        let retrying = |event: &AgentEvent| matches!(event, AgentEvent::Retrying { attempt: 1, status: Some(529), .. });
        assert!(agent.events.iter().any(retrying), "{:?}", agent.events);
        assert_eq!(agent.end().await, Some(0));
        place.record("api-retry", &agent);
    }
}

#[tokio::test]
async fn too_many_turns_are_a_limit() {
    for (version, program) in programs() {
        let mut place = Place::new(version, program).await;
        place.spec.limits.turns = Some(1);
        place.spec.tools = Some(["Bash(echo *)".to_owned()].into());
        let call = json!({"tool": "Bash", "input": {"command": "echo 1"}});
        let script = json!([call, call, {"text": "never"}]);
        let mut agent = place.start(&format!("go @@{script}@@")).await;
        let ended = agent.turn_ends().await;
        assert_eq!(ended.outcome, TurnOutcome::Limit, "{ended:?}");
        assert!(ended.error.is_some());
        agent.end().await;
        place.record("turn-limit", &agent);
    }
}
