//! Interrupts, wherever a turn stands.

use legion_agents::TurnOutcome;
use serde_json::json;

use crate::agent::{DEADLINE, Place};
use crate::record::programs;

#[tokio::test]
async fn an_interrupt_ends_a_turn_that_streams_and_the_next_message_is_answered() {
    for (version, program) in programs() {
        let place = Place::new(version, program).await;
        let script = json!([{"text": "a text that does not end", "hold": "for ever"}, {"text": "second"}]);
        let mut agent = place.start(&format!("talk @@{script}@@")).await;
        let session = place.session.to_string();
        let asked = || (!place.server.conversation(&session).is_empty()).then_some(());
        place.server.until(DEADLINE, "the request", |_| asked()).await;
        agent.interrupt().await;
        let ended = agent.turn_ends().await;
        assert_eq!(ended.outcome, TurnOutcome::Interrupted, "{ended:?}");
        agent.say(r#"again @@[{"text": "here I am"}]@@"#).await;
        assert_eq!(agent.turn_ends().await.text, "here I am");
        assert_eq!(agent.end().await, Some(0));
        place.record("interrupt-streaming", &agent);
    }
}

#[tokio::test]
async fn an_interrupt_ends_a_tool() {
    for (version, program) in programs() {
        let mut place = Place::new(version, program).await;
        place.spec.tools = Some(["Bash(while *)".to_owned()].into());
        let script = json!([{"tool": "Bash", "input": {"command": place.wait_for("never")}}, {"text": "never"}]);
        let mut agent = place.start(&format!("wait @@{script}@@")).await;
        agent.calls("Bash").await;
        agent.answers_a_probe().await;
        agent.interrupt().await;
        assert_eq!(agent.turn_ends().await.outcome, TurnOutcome::Interrupted);
        agent.interrupt().await;
        agent.end().await;
        place.record("interrupt-tool", &agent);
    }
}
