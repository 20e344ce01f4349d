//! Examples of the events about sessions, tickets and attempts.

use std::collections::{BTreeMap, BTreeSet};

use legion_model::tickets::{
    AttemptEnd, ErrorClass, Evidence, GateSpec, OnUpstream, Overlap, PlaceKey, ProtectedChange, SessionName,
    SessionSettings, TicketId, TicketOutcome, TicketSpec, UpstreamPolicy,
};
use legion_model::{AttemptId, Body, DriverKind, Event, Party};

use crate::ids::{agent, time, uuid};

pub fn session() -> SessionName {
    "payments-2".parse().expect("a name")
}

pub fn gate() -> GateSpec {
    GateSpec { name: "tests".to_owned(), command: "cargo test --workspace".to_owned(), timeout_s: 900 }
}

fn settings() -> SessionSettings {
    SessionSettings {
        workers: 4,
        overlap: Overlap::Hold,
        group_caps: BTreeMap::from([("database".to_owned(), 1)]),
        gates: vec![gate()],
        protect: vec!["deploy/**".to_owned()],
    }
}

pub fn examples() -> Vec<Event> {
    let (ann, bob) = (agent(1), agent(2));
    let (ticket, attempt, session) = (TicketId(3), AttemptId(uuid(11)), session());
    let place = PlaceKey::of_attempt(&session, ticket, 2);
    let review = PlaceKey::of_review(&session, ticket, 2, 1);
    let protected = ProtectedChange { path: ".github/workflows/ci.yml".to_owned(), object: Some("c".repeat(40)) };
    let spec = TicketSpec {
        title: "Refunds, \"partial\"".to_owned(),
        prompt: Body::from("Write them."),
        context: Some(Body::from("Payments lie in `src/pay`.")),
        criteria: vec!["a refund is never more than was paid".to_owned()],
        plan: Some(Body::from("Keep to `docs/pay.md`.")),
        checkpoint: true,
        gates: vec![gate()],
        files: vec!["src/pay/**".to_owned()],
        team: Some("backend_team".to_owned()),
        role: Some("engineer".to_owned()),
        group: Some("database".to_owned()),
        worker: Some(2),
        driver: Some(DriverKind::Command),
        command: Some(vec!["sh".to_owned(), "work.sh".to_owned()]),
        model: Some("claude-sonnet-4-5".to_owned()),
        max_attempts: 3,
        timeout_s: 3_600,
        on_upstream: OnUpstream::Skip,
    };
    let evidence = Evidence {
        head: "a".repeat(40),
        tree: "b".repeat(40),
        commits: 2,
        changed: true,
        auto_committed: true,
        files: 3,
        insertions: 40,
        deletions: 5,
        protected: BTreeSet::from([protected.clone()]),
        notes: vec!["a nested repository was left out".to_owned()],
    };
    vec![
        Event::SessionOpened {
            session: session.clone(),
            base: "d".repeat(40),
            branch: Some("main".to_owned()),
            settings: settings(),
            by: Party::Root,
        },
        Event::SessionSet { session: session.clone(), settings: settings(), by: Party::Root },
        Event::SessionUsed { session: session.clone() },
        Event::SessionCompleted { session: session.clone(), by: Party::Root },
        Event::SessionReopened { session: session.clone(), by: Party::Root },
        Event::SessionDeleted { session: session.clone(), by: Party::Root },
        Event::TicketAdded {
            ticket,
            session: session.clone(),
            local: Some("refunds".to_owned()),
            spec: Box::new(spec.clone()),
            after: vec![TicketId(1), TicketId(2)],
            policies: vec![UpstreamPolicy { upstream: TicketId(2), on_upstream: OnUpstream::Fail }],
            by: ann.into(),
        },
        Event::TicketReopened {
            ticket,
            spec: Some(Box::new(spec)),
            feedback: Some(Body::from("mind the rounding")),
            by: Party::Root,
        },
        Event::TicketClosed {
            ticket,
            outcome: TicketOutcome::Done { commit: "e".repeat(40), tree: "f".repeat(40) },
            why: "every gate passed on the merged tree".to_owned(),
            by: Some(Party::Root),
        },
        Event::TicketDeleted { ticket, by: Party::Root },
        Event::AttemptBegan {
            ticket,
            attempt,
            number: 2,
            worker: 1,
            place: Some(place.clone()),
            agent: Some(bob),
            fresh: true,
            resolver: true,
        },
        Event::AttemptPrepared { ticket, attempt, base: "d".repeat(40) },
        Event::AttemptReported { ticket, attempt, done: true, summary: "refunds, with tests".to_owned() },
        Event::AttemptContinued { ticket, attempt },
        Event::AttemptRan { ticket, attempt },
        Event::AttemptCollected { ticket, attempt, evidence: Box::new(evidence) },
        Event::ReviewBegan { ticket, attempt, step: 1, role: "qa".to_owned(), agent: agent(12), place: review },
        Event::ReviewPrepared { ticket, attempt, step: 1 },
        Event::ReviewReminded { ticket, attempt, step: 1 },
        Event::ReviewGiven { ticket, attempt, step: 1, approved: true, summary: Body::from("each criterion holds") },
        Event::AttemptHeld { ticket, attempt, changes: vec![protected], deadline: time("2026-03-05T05:06:07Z") },
        Event::AttemptApproved { ticket, attempt, by: Party::Root },
        Event::AttemptQueued { ticket, attempt },
        Event::AttemptEnded {
            ticket,
            attempt,
            end: AttemptEnd::Failed(ErrorClass::Task),
            why: "the gate `tests` failed with exit code 101".to_owned(),
            detail: Some(Body::from("test refunds ... FAILED")),
            retry_at: Some(time("2026-03-04T05:06:08Z")),
            by: Some(Party::Root),
        },
        Event::AttemptDelayed {
            ticket,
            attempt,
            tries: 2,
            until: time("2026-03-04T05:06:09Z"),
            why: "no space left on device".to_owned(),
        },
    ]
}
