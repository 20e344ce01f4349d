//! A ticket from its dispatch to its merge, over REST.

use legion_api::{Diff, DiffOf, MergeState, TicketDetail, TicketStatus, Verdict, paths};
use serde_json::{Value, json};

use crate::repo::repo;

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_is_worked_on_tested_and_merged_and_everything_says_so() {
    let repo = repo().await;
    let script = "echo one > one.txt && git add . && git commit --quiet -m one && echo said";
    let mut first = repo.ticket("the first", script);
    first["gate"] = json!(["test -f one.txt", "echo tested"]);
    first["files"] = json!(["one.txt"]);
    let done = repo.post(paths::TICKETS, &first).expect(201).await;
    assert_eq!(done["tickets"], json!([1]));
    let position = done["position"].as_u64().expect("a number");
    let mut second = repo.ticket("the second", "echo two > two.txt");
    second["after"] = json!(["#1"]);
    assert_eq!(repo.dispatch(&second).await, 2);

    let detail: TicketDetail = serde_json::from_value(repo.closed(1).await).expect("a ticket");
    let ticket = &detail.ticket;
    assert_eq!((ticket.status, ticket.merge), (TicketStatus::Done, MergeState::Merged), "{detail:?}");
    assert_eq!((ticket.attempts, ticket.worker, ticket.stage), (1, None, None));
    assert_eq!((ticket.dependents.as_slice(), ticket.by.as_str()), (&[2][..], "root"));
    assert!(ticket.agent.is_some() && ticket.closed_at >= ticket.began_at && ticket.error.is_none());
    assert_eq!((detail.prompt.as_str(), detail.criteria.as_slice()), ("do the first", &["it is there".to_owned()][..]));
    assert_eq!(detail.history.len(), 1);
    assert_eq!(detail.history[0].end, legion_api::AttemptEnd::Merged);
    let verdicts: Vec<_> =
        detail.verdicts.iter().map(|said| (said.gate.as_str(), said.verdict, said.exit_code)).collect();
    assert_eq!(verdicts.len(), 2, "{verdicts:?}");
    assert!(verdicts.iter().all(|(_, verdict, exit)| (*verdict, *exit) == (Verdict::Passed, Some(0))), "{verdicts:?}");
    let log = detail.verdicts.iter().find(|said| said.gate == "echo tested").and_then(|said| said.log.clone());
    assert!(log.expect("a log").contains("tested"));

    repo.closed(2).await;
    let session = repo.get("/v1/sessions/s").expect(200).await;
    assert_eq!((&session["merged"], &session["tickets"]["done"]), (&json!(2), &json!(2)), "{session}");
    assert_ne!(session["tip"], json!(repo.base));
    let diff: Diff = serde_json::from_value(repo.get("/v1/tickets/1/diff").expect(200).await).expect("a diff");
    assert_eq!((diff.of, diff.files.len(), diff.cut), (DiffOf::Merged, 1, false));
    assert_eq!((diff.files[0].path.as_str(), diff.files[0].additions, diff.files[0].deletions), ("one.txt", 1, 0));
    assert!(diff.text.contains("+one"), "{}", diff.text);

    let deps = repo.get("/v1/tickets/2/deps").expect(200).await;
    let upstream = &deps["dependencies"][0];
    assert_eq!(
        (&deps["ticket_id"], &upstream["id"], &upstream["merge_status"]),
        (&json!(2), &json!(1), &json!("merged"))
    );
    assert_eq!((&upstream["diff_summary"], &upstream["status"]), (&json!(["one.txt +1 -0"]), &json!("done")));
    let why = repo.get("/v1/tickets/1/why").expect(200).await;
    assert_eq!((&why["mover"]["who"], &why["deadline"]), (&json!("nobody"), &Value::Null));
    assert_eq!(repo.get(paths::TICKETS_WHY).expect(200).await["tickets"], json!([]));
    let said = repo.get("/v1/tickets/1/log").expect(200).await;
    assert!(said["lines"].to_string().contains("said"), "{said}");

    let status = repo.bench.get(paths::STATUS).expect(200).await;
    assert_eq!((&status["tickets"]["total"], &status["tickets"]["done"]), (&json!(2), &json!(2)));
    let kinds =
        ["attempt-began", "attempt-collected", "landing-began", "gate-judged", "landing-ended", "ticket-closed"];
    let stream = repo.get(&format!("{}?after={position}&ticket=1", paths::EVENTS));
    let events = crate::events::until_all(stream, &kinds).await;
    assert_eq!(events.first().map(|event| event.kind.as_str()), Some("ticket-added"));
    assert!(events.iter().all(|event| event.ticket == Some(1)));
    repo.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_that_fails_says_why_with_the_real_output_and_is_tried_again_with_other_words() {
    let repo = repo().await;
    let mut ticket = repo.ticket("red", "echo x > x.txt");
    ticket["gate"] = json!("echo why it is red; exit 3");
    ticket["max_attempts"] = json!(1);
    let number = repo.dispatch(&ticket).await;
    let failed: TicketDetail = serde_json::from_value(repo.closed(number).await).expect("a ticket");
    assert_eq!(failed.ticket.status, TicketStatus::Error, "{failed:?}");
    assert_eq!(failed.ticket.error, Some(legion_api::ErrorClass::Task));
    let last = failed.history.last().expect("an attempt");
    assert_eq!((last.end, last.error), (legion_api::AttemptEnd::Failed, Some(legion_api::ErrorClass::Task)));
    assert!(last.detail.as_ref().expect("the output").contains("why it is red"), "{last:?}");
    let whys = repo.get(paths::TICKETS_WHY).expect(200).await;
    assert_eq!(
        (&whys["tickets"][0]["ticket"], &whys["tickets"][0]["mover"]["who"]),
        (&json!(number), &json!("person"))
    );

    let again =
        json!({ "feedback": "the gate was wrong", "gate": "test -f x.txt", "gate_timeout": "2m", "max_attempts": 2 });
    let opened = repo.post(&format!("/v1/tickets/{number}/retry"), &again).expect(200).await;
    assert_eq!(opened, json!({ "tickets": [number] }));
    let merged: TicketDetail = serde_json::from_value(repo.closed(number).await).expect("a ticket");
    assert_eq!((merged.ticket.status, merged.ticket.attempts), (TicketStatus::Done, 2), "{merged:?}");
    assert_eq!((merged.ticket.gates[0].timeout_seconds, merged.ticket.max_attempts), (120, 2));
    repo.post(&format!("/v1/tickets/{number}/retry"), &json!({})).refused("LEG0006").await;
    repo.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_stopped_agent_left_is_brought_back() {
    let repo = repo().await;
    let number = repo.dispatch(&repo.ticket("left", "echo precious > precious.txt; sleep 1000")).await;
    repo.agent_at_work(number).await;
    // Its agent writes the file after its program began: the diff shows it as soon as it is there.
    let path = format!("/v1/tickets/{number}/diff");
    let deadline = std::time::Instant::now() + crate::support::PATIENCE;
    loop {
        let diff = repo.get(&path).expect(200).await;
        if diff["text"].to_string().contains("precious") {
            assert_eq!(diff["of"], json!("working"));
            break;
        }
        assert!(std::time::Instant::now() < deadline, "{diff}");
        tokio::task::yield_now().await;
    }
    repo.post(&format!("/v1/tickets/{number}/stop"), &json!({})).expect(200).await;
    let id = crate::repo::ticket_id(number);
    repo.until("its files to be secured", move |state| state.board.rescues.get(&id).map(|_| ())).await;
    let rescues = repo.get(&format!("/v1/tickets/{number}/rescues")).expect(200).await;
    assert_eq!((&rescues["rescues"][0]["number"], &rescues["rescues"][0]["ticket"]), (&json!(1), &json!(number)));
    assert_eq!(repo.get(paths::RESCUES).expect(200).await["rescues"].as_array().map(Vec::len), Some(1));

    let undelete = format!("/v1/tickets/{number}/undelete");
    let into = repo.bench.dir("back");
    let back = repo.post(&undelete, &json!({ "into": into })).expect(200).await;
    assert_eq!((&back["into"], &back["rescue"]["number"]), (&json!(into), &json!(1)));
    assert_eq!(repo.bench.directory.read("back/precious.txt"), "precious\n");
    for (body, code) in [
        (json!({ "into": into }), "LEG0001"),
        (json!({ "into": "back" }), "LEG0001"),
        (json!({ "into": repo.bench.dir("other2"), "rescue": 2 }), "LEG0005"),
    ] {
        repo.post(&undelete, &body).refused(code).await;
    }
    // A ticket that was deleted has its files, too.
    repo.ask(http::Method::DELETE, &format!("/v1/tickets/{number}")).expect(200).await;
    let again = repo.post(&undelete, &json!({ "into": repo.bench.dir("again") })).expect(200).await;
    assert_eq!((&again["rescue"]["deleted"], &again["rescue"]["title"]), (&json!(true), &json!("left")));
    repo.end().await;
}
