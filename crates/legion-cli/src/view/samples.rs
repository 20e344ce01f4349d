//! One small organisation under a fixed clock, for the tests of the views.

use jiff::Timestamp;
use legion_api::{
    Agent, AgentResources, AgentStatus, Driver, Limits, MachineState, Message, MessageKind, MessageState, OnRestart,
    Outcome, ProcessState, Report, ResourceHolder, ResourceHolders, ResourceLimits, ResourceUsage, Run, RunResult,
    StartWait, StatusReport, TakenResources, TicketCounts, TreeNode, Usage, WaitReason,
};

use super::{Look, Palette};

pub(crate) const LEADER: &str = "0b6e4f0e-77aa-4000-8000-000000000001";
pub(crate) const MANAGER: &str = "5d10c7a2-12bb-4000-8000-000000000002";
pub(crate) const WORKER: &str = "9f3377d1-05cc-4000-8000-000000000003";

pub(crate) fn look() -> Look {
    Look { now: moment("12:00:00"), palette: Palette::new(false), columns: None }
}

pub(crate) fn moment(time: &str) -> Timestamp {
    format!("2026-11-21T{time}Z").parse().expect("a sample time")
}

pub(crate) fn open_run(number: u32, since: &str) -> Run {
    Run {
        id: format!("run-{number}"),
        number,
        started_at: moment(since),
        ended_at: None,
        outcome: None,
        pid: Some(4711),
        deadline: None,
    }
}

pub(crate) fn organisation() -> TreeNode {
    let worker = node(WORKER, "slugify", MANAGER, 3);
    let worker = TreeNode { last_outcome: Some(Outcome::Failed), queued: 1, ..worker };
    let mut manager = node(MANAGER, "shaping", LEADER, 2);
    manager.status = AgentStatus::Working;
    manager.run = Some(open_run(2, "11:59:48"));
    manager.role = Some("manager".to_owned());
    manager.reports = vec![worker];
    let mut leader = node(LEADER, "leader", "root", 1);
    leader.driver = Some(Driver::Claude);
    leader.cost_usd = Some(0.0421);
    leader.last_outcome = Some(Outcome::Completed);
    leader.reports = vec![manager];
    TreeNode { parent: None, driver: None, reports: vec![leader], ..node("root", "root", "", 0) }
}

fn node(id: &str, name: &str, parent: &str, level: u32) -> TreeNode {
    TreeNode {
        id: id.to_owned(),
        name: name.to_owned(),
        role: None,
        parent: Some(parent.to_owned()),
        level,
        driver: Some(Driver::Command),
        tier: Some("full".to_owned()),
        status: AgentStatus::Idle,
        run: None,
        queued: 0,
        last_outcome: None,
        cost_usd: None,
        beside_gateway_usd: None,
        suspect: None,
        matched: true,
        reports: Vec::new(),
    }
}

pub(crate) fn messages() -> Vec<Message> {
    let approval = Message {
        kind: MessageKind::Approval,
        approval: Some("7d0d3f1c-0000-4000-8000-00000000000a".to_owned()),
        ..message("slugify", "Bash wants to run\n  sh tests/all.sh", "11:59:58")
    };
    vec![message("leader", "completed: all 4 tests pass\nsee SUMMARY.md", "11:57:00"), approval]
}

fn message(from: &str, text: &str, at: &str) -> Message {
    Message {
        id: format!("message-of-{from}"),
        from: LEADER.to_owned(),
        from_name: from.to_owned(),
        to: "root".to_owned(),
        kind: MessageKind::Report,
        text: text.to_owned(),
        at: moment(at),
        state: MessageState::Accepted,
        by: None,
        approval: None,
        reason: None,
    }
}

pub(crate) fn status() -> StatusReport {
    let agent = Agent {
        id: "root".to_owned(),
        name: "root".to_owned(),
        role: None,
        parent: None,
        level: 0,
        driver: None,
        command: None,
        model: None,
        cwd: None,
        project: None,
        tools: None,
        permission_mode: None,
        tier: None,
        permissions: None,
        limits: Limits::default(),
        on_restart: OnRestart::Idle,
        status: AgentStatus::Idle,
        run: None,
        queued: 0,
        usage: Usage::default(),
        cost_usd: None,
        beside_gateway_usd: None,
        can_steer: false,
        hired_at: None,
        suspect: None,
    };
    let report = Report {
        id: LEADER.to_owned(),
        name: "leader".to_owned(),
        role: Some("tech lead".to_owned()),
        level: 1,
        driver: Driver::Command,
        tier: Some("full".to_owned()),
        status: AgentStatus::Working,
        run: Some(open_run(3, "11:58:00")),
        queued: 2,
        cost_usd: Some(1.5),
        beside_gateway_usd: None,
        suspect: Some("silent for 60 s".to_owned()),
    };
    StatusReport { agent, inbox: messages(), reports: vec![report], tickets: TicketCounts::default() }
}

pub(crate) fn result(outcome: Outcome) -> RunResult {
    RunResult {
        id: "run-1".to_owned(),
        agent: LEADER.to_owned(),
        number: 1,
        outcome,
        result: "all is well".to_owned(),
        error: (outcome != Outcome::Completed).then(|| "exit code 1".to_owned()),
        exit_code: Some(i32::from(outcome != Outcome::Completed)),
        usage: Usage { input_tokens: 120, output_tokens: 30, cache_read_tokens: 1000, cache_write_tokens: 0 },
        cost_usd: Some(0.0123),
        turns: Some(2),
        started_at: moment("11:59:00"),
        ended_at: moment("11:59:12"),
    }
}

const MIB: u64 = 1 << 20;

pub(crate) fn resources() -> ResourceUsage {
    let taken = |mib: u64, processes, threads, percent, written_bytes, output_bytes| TakenResources {
        memory_bytes: mib * MIB,
        memory_bytes_peak: mib * MIB,
        processes,
        threads,
        cpu_percent: Some(percent),
        cpu_seconds: 7.5,
        written_bytes,
        output_bytes,
    };
    let (v1, v2, watched) = (ResourceHolder::ControlGroupV1, ResourceHolder::ControlGroupV2, ResourceHolder::Watched);
    let leader = AgentResources {
        taken: Some(taken(612, 9, 23, 104.2, Some(20 * MIB), 345_678)),
        limits: Some(ResourceLimits {
            memory_bytes: Some(12 << 30),
            processes: Some(4096),
            cpu_percent: Some(150),
            written_bytes: Some(40 << 30),
            output_bytes: Some(256 * MIB),
        }),
        held_by: Some(ResourceHolders { memory: v1, processes: v1, cpu: v1, tree: v2 }),
        ..at_work(LEADER, "leader", "root", 1)
    };
    let manager = AgentResources {
        tier: "none".to_owned(),
        state: ProcessState::Ending,
        exceeded: Some("took more memory than the 64 MiB that it may".to_owned()),
        taken: Some(taken(80, 4, 4, 16.8, None, 0)),
        limits: Some(ResourceLimits {
            memory_bytes: None,
            processes: None,
            cpu_percent: None,
            written_bytes: None,
            output_bytes: None,
        }),
        held_by: Some(ResourceHolders { memory: watched, processes: watched, cpu: watched, tree: watched }),
        ..at_work(MANAGER, "shaping", LEADER, 2)
    };
    let wait = StartWait {
        reason: WaitReason::Memory,
        missing_bytes: Some(1536 * MIB),
        estimate_bytes: 400 * MIB,
        seconds: 12,
    };
    let worker =
        AgentResources { state: ProcessState::Waiting, wait: Some(wait), ..at_work(WORKER, "slugify", MANAGER, 3) };
    ResourceUsage {
        machine: MachineState {
            cores: 2,
            memory_bytes: 24 << 30,
            available_bytes: 4300 * MIB,
            reserve_bytes: 2458 * MIB,
            memory_pressure_percent: Some(1.5),
        },
        agents: vec![leader, manager, worker],
    }
}

fn at_work(id: &str, name: &str, parent: &str, level: u32) -> AgentResources {
    AgentResources {
        id: id.to_owned(),
        name: name.to_owned(),
        parent: parent.to_owned(),
        level,
        driver: Driver::Command,
        project: None,
        tier: "full".to_owned(),
        state: ProcessState::Running,
        wait: None,
        exceeded: None,
        taken: None,
        limits: None,
        held_by: None,
        beside_gateway_usd: None,
    }
}
