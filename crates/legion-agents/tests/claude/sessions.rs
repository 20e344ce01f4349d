//! Sessions over the end of their process.

use legion_testkit::until;
use serde_json::json;
use uuid::Uuid;

use crate::agent::{DEADLINE, Place};
use crate::record::programs;

#[tokio::test]
async fn a_killed_session_is_resumed_with_all_that_was_said() {
    for (version, program) in programs() {
        let place = Place::new(version, program).await;
        let script = json!([{"text": "one"}, {"text": "two"}]);
        let injection = Uuid::new_v4();
        let mut agent = place.start_as(injection, &format!("the word is apple @@{script}@@")).await;
        let first = agent.turn_ends().await;
        until(DEADLINE, "the answer in the session file", async || {
            let file = session_text(&place);
            file.contains(r#""text":"one""#).then_some(()).ok_or(file)
        })
        .await;
        agent.kill().await;
        let launch = place.launch((Uuid::new_v4(), "x"));
        assert!(launch.args.contains(&format!("--resume={}", place.session)), "{:?}", launch.args);
        let mut agent = place.start("which word?").await;
        let second = agent.turn_ends().await;
        assert_eq!(second.text, "two");
        let texts = place.server.user_texts(&place.session.to_string());
        assert!(texts.iter().any(|text| text.contains("apple")), "{texts:?}");
        // Each costs the same; what is reported is the process's own, whether the program goes on counting or not.
        assert!(first.cost.unwrap() > 0);
        assert_eq!(second.cost, first.cost);
        assert_eq!(agent.end().await, Some(0));
        place.record("resume", &agent);
        let mut agent = place.start("and now?").await;
        assert_eq!(agent.turn_ends().await.cost, first.cost);
        agent.say("and on").await;
        assert_eq!(agent.turn_ends().await.cost, first.cost.map(|cost| 2 * cost - 1));
        assert_eq!(agent.end().await, Some(0));
        place.record("resume-after-end", &agent);
    }
}

#[tokio::test]
async fn a_session_whose_file_was_torn_at_its_start_is_started_again() {
    for (version, program) in programs() {
        let place = Place::new(version, program).await;
        let mut agent = place.start("x").await;
        agent.turn_ends().await;
        assert_eq!(agent.end().await, Some(0));
        let path = session_path(&place);
        let text = std::fs::read_to_string(&path).unwrap();
        let first_line = text.lines().next().unwrap();
        assert!(!first_line.contains(r#""type":"user""#));
        std::fs::write(&path, format!("{first_line}\n{{\"type\":\"us")).unwrap();
        let mut agent = place.start(r#"y @@[{"text": "again"}]@@"#).await;
        assert_eq!(agent.turn_ends().await.text, "again");
        assert_eq!(agent.end().await, Some(0));
    }
}

#[tokio::test]
async fn a_session_whose_file_was_torn_at_its_end_is_resumed_and_stays_whole() {
    for (version, program) in programs() {
        let place = Place::new(version, program).await;
        let mut agent = place.start("the word is apple").await;
        agent.turn_ends().await;
        assert_eq!(agent.end().await, Some(0));
        let path = session_path(&place);
        let mut text = std::fs::read_to_string(&path).unwrap();
        text.push_str(r#"{"type":"assistant","mess"#);
        std::fs::write(&path, &text).unwrap();
        let injection = Uuid::new_v4();
        let mut agent = place.start_as(injection, "and pear").await;
        agent.turn_ends().await;
        assert_eq!(agent.end().await, Some(0));
        assert!(agent.conversation.proof(injection).unwrap().unwrap());
        let mut agent = place.start("which words?").await;
        agent.turn_ends().await;
        let texts = place.server.user_texts(&place.session.to_string()).join("\n");
        assert!(texts.contains("apple") && texts.contains("pear"), "{texts}");
        assert_eq!(agent.end().await, Some(0));
    }
}

#[tokio::test]
async fn a_session_in_a_long_directory_with_odd_names_is_found() {
    for (version, program) in programs() {
        let mut place = Place::new(version, program).await;
        let name = format!("{}é 😀", "a".repeat(60));
        place.spec.cwd = place.directory.dir(format!("{name}/{name}/{name}/{name}")).display().to_string();
        let injection = Uuid::new_v4();
        let mut agent = place.start_as(injection, "x").await;
        agent.turn_ends().await;
        assert_eq!(agent.end().await, Some(0));
        assert!(agent.conversation.proof(injection).unwrap().unwrap());
        let launch = place.launch((Uuid::new_v4(), "x"));
        assert!(launch.args.contains(&format!("--resume={}", place.session)), "{:?}", launch.args);
    }
}

fn session_path(place: &Place) -> std::path::PathBuf {
    let config = legion_agents::claude::config_dir(&place.directory.path().join("home"));
    legion_agents::claude::session_file(&config, place.spec.cwd.as_ref(), place.session)
}

fn session_text(place: &Place) -> String {
    std::fs::read_to_string(session_path(place)).unwrap_or_default()
}
