//! One small session under the fixed clock, for the tests of the views.

use std::collections::BTreeMap;

use legion_api::{
    MergeState, Overlap, QueueItem, Session, SessionPhase, SessionSettings, Stage, Ticket, TicketCounts, TicketLink,
    TicketStatus, Usage,
};

use super::samples::{WORKER, moment};

pub(crate) fn session(tickets: &[Ticket]) -> Session {
    let mut counts = TicketCounts::default();
    tickets.iter().for_each(|ticket| counts.add(ticket.status));
    Session {
        name: "auth".to_owned(),
        project: "/home/ann/shop".to_owned(),
        current: true,
        phase: SessionPhase::Active,
        branch: Some("feature/auth".to_owned()),
        base: "1111111111111111111111111111111111111111".to_owned(),
        tip: "2222222222222222222222222222222222222222".to_owned(),
        target_branch: "legion/auth/leader".to_owned(),
        settings: SessionSettings {
            workers: 3,
            overlap: Overlap::Warn,
            group_caps: BTreeMap::from([("db".to_owned(), 1)]),
            gates: Vec::new(),
            protect: vec!["tests/**".to_owned()],
        },
        opened_at: moment("11:00:00"),
        opened_by: "root".to_owned(),
        tickets: counts,
        queue: vec![QueueItem { ticket: Some(2), import: None, commit: None, branch: None }],
        landing: None,
        merged: 1,
        conflicts: 0,
        turned_down: 2,
        imports: 0,
        imported: Vec::new(),
    }
}

pub(crate) fn ticket(id: u32, title: &str, status: TicketStatus) -> Ticket {
    Ticket {
        id,
        session: "auth".to_owned(),
        local: None,
        title: title.to_owned(),
        status,
        merge: if status == TicketStatus::Done { MergeState::Merged } else { MergeState::None },
        after: Vec::new(),
        dependents: Vec::new(),
        checkpoint: false,
        worker: None,
        agent: None,
        attempts: 0,
        failures: 0,
        max_attempts: 3,
        stage: None,
        added_at: moment("11:00:00"),
        began_at: None,
        attempt_began_at: None,
        closed_at: None,
        retry_at: None,
        working_seconds: 0,
        error: None,
        why: None,
        summary: None,
        commit: None,
        tree: None,
        gates: Vec::new(),
        team: None,
        role: None,
        group: None,
        driver: None,
        model: None,
        files: Vec::new(),
        by: "root".to_owned(),
        usage: Usage::default(),
        cost_usd: None,
    }
}

/// One of each kind that matters.
pub(crate) fn tickets() -> Vec<Ticket> {
    let link = |id, status| TicketLink { id, status };
    vec![
        Ticket {
            attempts: 1,
            working_seconds: 83,
            why: Some("every gate passed on the merged tree".to_owned()),
            summary: Some("wrote the schema\nand its tests".to_owned()),
            cost_usd: Some(0.25),
            ..ticket(1, "Schema", TicketStatus::Done)
        },
        Ticket {
            attempts: 2,
            failures: 1,
            working_seconds: 42,
            stage: Some(Stage::Queued),
            merge: MergeState::Queued,
            worker: Some(2),
            agent: Some(WORKER.to_owned()),
            after: vec![link(1, Some(TicketStatus::Done))],
            ..ticket(2, "Hash pass\u{1b}words", TicketStatus::Merging)
        },
        Ticket {
            checkpoint: true,
            after: vec![link(1, Some(TicketStatus::Done)), link(2, Some(TicketStatus::Merging)), link(9, None)],
            ..ticket(3, "Foundation holds", TicketStatus::Blocked)
        },
        Ticket {
            attempts: 1,
            failures: 1,
            working_seconds: 5,
            retry_at: Some(moment("12:00:30")),
            why: Some("the gate `cargo test` failed with exit code 101".to_owned()),
            ..ticket(4, "Login", TicketStatus::Queued)
        },
    ]
}
