//! Examples of the events about agents, messages, runs and processes.

use std::collections::BTreeSet;

use legion_model::{
    Answer, ApprovalId, Body, DriverKind, Event, Exit, InjectionId, Key, Limits, MessageId, MessageKind, MicroUsd,
    OnRestart, Outcome, Party, PermissionMode, Permissions, ProcessId, ProjectId, RunId, Spec, StopReason, Tier,
    Urgency, Usage, Verdict,
};

use crate::ids::{agent, time, uuid};

pub fn examples() -> Vec<Event> {
    let (ann, bob) = (agent(1), agent(2));
    let (run, process, message) = (RunId(uuid(3)), ProcessId(uuid(4)), MessageId(uuid(5)));
    let (injection, approval) = (InjectionId(uuid(6)), ApprovalId(uuid(7)));
    let usage = Usage { input_tokens: 1, output_tokens: 2, cache_read_tokens: 3, cache_write_tokens: 4 };
    let blob = Body::Blob { sha256: "ab".repeat(32), bytes: 70_000, head: "the first words".to_owned() };
    let spec = Spec {
        driver: DriverKind::Command,
        command: Some(vec!["sh".to_owned(), "-c".to_owned(), "make \"it\"".to_owned()]),
        model: Some("claude-sonnet-4-5".to_owned()),
        cwd: "/work/ünï".to_owned(),
        tools: Some(BTreeSet::from(["Bash(git *)".to_owned(), "mcp__files".to_owned()])),
        permission_mode: PermissionMode::AcceptEdits,
        tier: Tier::Landlock,
        permissions: Some(Permissions {
            read: vec!["/work/ünï".to_owned()],
            write: vec!["/work/ünï/src".to_owned()],
            execute: vec!["/work/ünï/bin".to_owned()],
        }),
        limits: Limits {
            turns: Some(10),
            seconds: Some(600),
            budget: Some(MicroUsd(1_500_000)),
            headcount: Some(4),
            depth: Some(2),
            models: Some(BTreeSet::from(["claude-sonnet-4-5".to_owned()])),
        },
        on_restart: OnRestart::Resume,
        files: vec!["src/lib.rs".to_owned()],
    };
    vec![
        Event::ProjectOpened { project: ProjectId(uuid(8)), path: "/work".to_owned() },
        Event::ServiceStarted,
        Event::ServiceStopping,
        Event::AgentHired {
            agent: bob,
            name: "bob".to_owned(),
            role: Some("tester".to_owned()),
            parent: ann.into(),
            by: Party::Root,
            spec,
        },
        Event::AgentReparented { agent: bob, parent: Party::Root, name: "bob-2".to_owned() },
        Event::AgentFired { agent: bob, by: ann.into() },
        Event::AgentHeld { agent: bob },
        Event::MessageAccepted {
            message,
            from: ann.into(),
            from_name: "ann".to_owned(),
            to: Party::Root,
            message_kind: MessageKind::Approval,
            body: blob.clone(),
            urgency: Urgency::WithNext,
            by: Some(time("2026-03-04T05:06:07.123456789Z")),
            approval: Some(approval),
        },
        Event::MessageSteered { agent: bob, run, injection, message },
        Event::InjectionSeen { agent: bob, run, injection },
        Event::MessageReturned { message },
        Event::MessageExpired { message, reason: "not seen by its deadline".to_owned() },
        Event::MessageAcked { message },
        Event::RunOpened {
            agent: bob,
            run,
            number: 3,
            process,
            fresh: true,
            injection: Some(injection),
            messages: vec![message, MessageId(uuid(9))],
            deadline: Some(time("2026-03-04T05:06:07Z")),
        },
        Event::RunResumed { agent: bob, run, process, injection },
        Event::TurnNoted {
            agent: bob,
            run,
            usage,
            cost: Some(MicroUsd(5)),
            cost_total: Some(MicroUsd(6)),
            turns: Some(7),
        },
        Event::RunEnding {
            agent: bob,
            run,
            outcome: Outcome::Interrupted,
            why: "interrupted by ann".to_owned(),
            by: Some(ann.into()),
            stop: true,
        },
        Event::RunSuspected { agent: bob, run, why: "it has been silent for 300 s".to_owned() },
        Event::RunCleared { agent: bob, run },
        Event::RunEnded {
            agent: bob,
            run,
            outcome: Outcome::Failed,
            result: Body::from("a \"result\"\nof two lines, \u{1f980}"),
            error: Some("its program ended with exit code 3".to_owned()),
            exit_code: Some(3),
            usage,
            cost: Some(MicroUsd(5)),
            cost_total: Some(MicroUsd(u64::MAX)),
            turns: Some(7),
        },
        Event::ProcessStarted { process, pid: 4_711 },
        Event::ProcessRead { process, offset: u64::MAX },
        Event::ProcessStopping { process, reason: StopReason::Fired },
        Event::ProcessEnded { process, agent: bob, exit: Exit::NotStarted("no such file".to_owned()) },
        Event::ApprovalAsked {
            approval,
            agent: bob,
            process,
            request: "request-1".to_owned(),
            tool: "Bash".to_owned(),
            input: Body::from("{\"command\":\"ls\"}"),
            deadline: time("2026-03-04T05:16:07Z"),
            message,
        },
        Event::ApprovalDecided {
            approval,
            verdict: Verdict::Denied,
            by: Some(Party::Root),
            reason: Some("not here".to_owned()),
        },
        Event::ApprovalAnswered { approval },
        Event::WaitBegan { waiter: bob, target: ann },
        Event::WaitEnded { waiter: bob, target: ann },
        Event::AccessRefused {
            caller: Some(bob.into()),
            request: "POST /v1/service/down".to_owned(),
            why: "LEG0003: `bob` may not end the service".to_owned(),
        },
        Event::RefusalsOmitted { caller: Some(bob.into()), count: 7 },
        Event::SecretsHanded { agent: bob, process, secrets: vec!["LEGION_TOKEN".to_owned()] },
        Event::ProviderKeyUsed { agent: Some(bob), run: Some(run), provider: "upstream".to_owned(), calls: 7 },
        Event::TrustSet {
            path: "/home/you/project".to_owned(),
            contents: vec![".mcp.json 0f1e2d".to_owned()],
            trusted: true,
        },
        Event::KeyUsed {
            caller: bob.into(),
            key: Key { key: "run-1/tool-2".to_owned(), fingerprint: "abcdef".to_owned() },
            answer: Answer::Hired { agent: agent(10), warnings: vec!["it cannot be held".to_owned()] },
        },
    ]
}
