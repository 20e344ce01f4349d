//! Examples of the events about landings, clones, roles and teams.

use legion_model::tickets::{Duty, GateVerdict, Item, Judgement, PlaceKey, Role, Team, TicketId};
use legion_model::{AttemptId, Body, DriverKind, Event, GateRunId, LandingId, Party};

use crate::ids::{time, uuid};
use crate::tickets::{gate, session};

pub fn examples() -> Vec<Event> {
    let (ticket, attempt, session) = (TicketId(3), AttemptId(uuid(11)), session());
    let (landing, run) = (LandingId(uuid(13)), GateRunId(uuid(14)));
    let place = PlaceKey::of_attempt(&session, ticket, 2);
    vec![
        Event::ImportQueued {
            session: session.clone(),
            number: 1,
            commit: "1".repeat(40),
            branch: Some("hotfix".to_owned()),
            by: Party::Root,
        },
        Event::LandingBegan {
            session: session.clone(),
            landing,
            item: Item::Attempt { ticket, attempt },
            onto: "d".repeat(40),
        },
        Event::LandingBuilt {
            session: session.clone(),
            landing,
            commit: "e".repeat(40),
            tree: "f".repeat(40),
            gates: vec![gate()],
        },
        Event::GateBegan {
            session: session.clone(),
            landing,
            run,
            gate: gate(),
            deadline: time("2026-03-04T05:22:07Z"),
        },
        Event::GateJudged {
            session: session.clone(),
            landing,
            tree: "f".repeat(40),
            verdict: Box::new(Judgement {
                run,
                gate: gate().id(),
                name: "tests".to_owned(),
                verdict: GateVerdict::Failed,
                exit_code: Some(101),
                ms: 8_300,
                log: Body::from("test refunds ... FAILED"),
                at: time("2026-03-04T05:06:15Z"),
            }),
        },
        Event::LandingDelayed {
            session: session.clone(),
            landing,
            tries: 1,
            until: time("2026-03-04T05:06:16Z"),
            why: "no space left on device".to_owned(),
        },
        Event::LandingEnded {
            session: session.clone(),
            landing,
            moved: true,
            conflict: true,
            commit: Some("e".repeat(40)),
            tree: Some("f".repeat(40)),
            why: "every gate passed".to_owned(),
        },
        Event::PlaceReleased { place: place.clone() },
        Event::PlaceRescued {
            place: place.clone(),
            commit: Some("2".repeat(40)),
            reference: Some("refs/legion/rescue/payments-2/t3/a2".to_owned()),
        },
        Event::PlaceRemoved { place: place.clone() },
        Event::PlaceDelayed {
            place,
            tries: 3,
            until: time("2026-03-04T05:06:20Z"),
            why: "no space left on device".to_owned(),
        },
        Event::RoleSet {
            role: Role {
                id: "security".to_owned(),
                name: "Security".to_owned(),
                description: "looks for holes".to_owned(),
                duty: Duty::Verify,
                prompt: "Look for holes.".to_owned(),
                driver: Some(DriverKind::Command),
                command: Some(vec!["audit".to_owned()]),
                model: Some("claude-sonnet-4-5".to_owned()),
                builtin: true,
            },
            by: Party::Root,
        },
        Event::RoleDeleted { role: "security".to_owned(), by: Party::Root },
        Event::TeamSet {
            team: Team {
                id: "careful_team".to_owned(),
                name: "Careful team".to_owned(),
                description: "engineer, then security".to_owned(),
                roles: vec!["engineer".to_owned(), "security".to_owned()],
                prompt: "Take your time.".to_owned(),
                builtin: true,
            },
            by: Party::Root,
        },
        Event::TeamDeleted { team: "careful_team".to_owned(), by: Party::Root },
    ]
}
