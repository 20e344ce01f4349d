//! The proof that a message was taken up: the echo, and the id in the session file.

use legion_testkit::until;
use serde_json::json;
use uuid::Uuid;

use crate::agent::{Agent, DEADLINE, Place};
use crate::record::programs;

async fn is_proved(agent: &Agent, injection: Uuid) {
    until(DEADLINE, "the message in the session file", async || match agent.conversation.proof(injection) {
        Some(Ok(true)) => Ok(()),
        other => Err(format!("{other:?}")),
    })
    .await;
}

#[tokio::test]
async fn a_prompt_a_later_message_and_a_steered_one_are_echoed_and_then_in_the_file() {
    for (version, program) in programs() {
        let mut place = Place::new(version, program).await;
        place.spec.tools = Some(["Bash(while *)".to_owned()].into());
        let (first, never) = (Uuid::new_v4(), Uuid::new_v4());
        let mut agent = place.start_as(first, r#"go @@[{"text": "one"}]@@"#).await;
        agent.sees(first).await;
        is_proved(&agent, first).await;
        agent.turn_ends().await;

        let script = json!([{"tool": "Bash", "input": {"command": place.wait_for("go")}}, {"text": "done"}]);
        let second = agent.say(&format!("wait @@{script}@@")).await;
        agent.sees(second).await;
        is_proved(&agent, second).await;

        agent.calls("Bash").await;
        let steered = agent.steer("hurry").await;
        agent.answers_a_probe().await;
        // It was read and is queued, with its id in the file: that is no proof.
        assert!(!agent.conversation.proof(steered).unwrap().unwrap());
        place.directory.file("work/go", "");
        agent.sees(steered).await;
        is_proved(&agent, steered).await;
        agent.turn_ends().await;
        assert!(!agent.conversation.proof(never).unwrap().unwrap());
        assert_eq!(agent.end().await, Some(0));
    }
}

#[tokio::test]
async fn a_message_that_was_queued_when_the_program_was_killed_is_not_proved() {
    for (version, program) in programs() {
        let mut place = Place::new(version, program).await;
        place.spec.tools = Some(["Bash(while *)".to_owned()].into());
        let script = json!([{"tool": "Bash", "input": {"command": place.wait_for("go")}}, {"text": "done"}]);
        let mut agent = place.start(&format!("wait @@{script}@@")).await;
        agent.calls("Bash").await;
        let steered = agent.steer("hurry").await;
        agent.answers_a_probe().await;
        agent.child.kill().await.unwrap();
        place.directory.file("work/go", "");
        assert!(!agent.conversation.proof(steered).unwrap().unwrap());
        let mut agent = place.start_as(steered, r#"hurry @@[{"text": "I do"}]@@"#).await;
        agent.sees(steered).await;
        assert_eq!(agent.turn_ends().await.text, "I do");
        is_proved(&agent, steered).await;
        assert_eq!(agent.end().await, Some(0));
    }
}
