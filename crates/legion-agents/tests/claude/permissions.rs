//! Permission requests, both answers, and their withdrawal.

use legion_agents::{AgentEvent, TurnOutcome};
use serde_json::json;

use crate::agent::Place;
use crate::record::programs;

#[tokio::test]
async fn a_permission_is_asked_for_and_given() {
    for (version, program) in programs() {
        let place = Place::new(version, program).await;
        let script = json!([{"tool": "Bash", "input": {"command": "sh -c 'echo x > made'"}}, {"text": "made"}]);
        let mut agent = place.start(&format!("make @@{script}@@")).await;
        let (request, input) = agent.is_asked().await;
        assert_eq!(input["command"], "sh -c 'echo x > made'");
        assert!(!place.directory.path().join("work/made").exists());
        agent.write(agent.conversation.allow(&request, &input.to_string())).await;
        assert_eq!(agent.turn_ends().await.text, "made");
        assert_eq!(place.directory.read("work/made"), "x\n");
        assert_eq!(agent.end().await, Some(0));
        place.record("permission-allowed", &agent);
    }
}

#[tokio::test]
async fn a_denial_is_told_to_the_model_and_its_turn_goes_on() {
    for (version, program) in programs() {
        let place = Place::new(version, program).await;
        let script = json!([
            {"tools": [
                {"tool": "Bash", "input": {"command": "sh -c 'touch one'"}},
                {"tool": "Bash", "input": {"command": "sh -c 'touch two'"}},
            ]},
            {"text": "{{result:0}} / {{result:1}}"},
        ]);
        let mut agent = place.start(&format!("make @@{script}@@")).await;
        let (request, _) = agent.is_asked().await;
        agent.write(agent.conversation.deny(&request, "not today")).await;
        let (request, _) = agent.is_asked().await;
        agent.write(agent.conversation.refuse(&request, "nobody is here")).await;
        let ended = agent.turn_ends().await;
        assert_eq!(ended.outcome, TurnOutcome::Completed);
        assert!(ended.text.contains("not today") && ended.text.contains("nobody is here"), "{ended:?}");
        assert!(ended.denials.contains(&"Bash".to_owned()), "{ended:?}");
        assert!(!place.directory.path().join("work/one").exists());
        assert!(!place.directory.path().join("work/two").exists());
        assert_eq!(agent.end().await, Some(0));
        place.record("permission-denied", &agent);
    }
}

#[tokio::test]
async fn an_interrupt_withdraws_a_pending_request() {
    for (version, program) in programs() {
        let place = Place::new(version, program).await;
        let script = json!([{"tool": "Bash", "input": {"command": "sh -c 'touch one'"}}, {"text": "never"}]);
        let mut agent = place.start(&format!("make @@{script}@@")).await;
        let (request, _) = agent.is_asked().await;
        agent.interrupt().await;
        assert_eq!(agent.turn_ends().await.outcome, TurnOutcome::Interrupted);
        assert!(agent.events.contains(&AgentEvent::ApprovalWithdrawn { request }), "{:?}", agent.events);
        agent.end().await;
        place.record("permission-withdrawn", &agent);
    }
}
