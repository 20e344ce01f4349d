//! What agents take of the machine.

use legion_api as api;
use legion_engine::{Admission, Holder, Holders, MachineUsage, Takes, TreeOfAgent, WaitingStart};
use legion_model::{Agent, Organisation, Party};

use super::agent;

/// How the machine is.
pub(crate) fn machine(usage: &MachineUsage) -> api::MachineState {
    api::MachineState {
        cores: usage.cores,
        memory_bytes: usage.memory_bytes,
        available_bytes: usage.available_bytes,
        reserve_bytes: usage.reserve_bytes,
        memory_pressure_percent: usage.pressure_percent,
    }
}

/// What the tree of one agent takes.
pub(crate) fn tree(
    state: &Organisation,
    agent: &Agent,
    tree: &TreeOfAgent,
    output_bytes_max: u64,
) -> api::AgentResources {
    let over = tree.over.is_some();
    api::AgentResources {
        state: if over { api::ProcessState::Ending } else { api::ProcessState::Running },
        exceeded: tree.over.clone(),
        taken: tree.takes.map(|takes| taken(takes, tree)),
        limits: Some(api::ResourceLimits {
            memory_bytes: tree.limits.memory_bytes_max,
            processes: tree.limits.processes_max,
            cpu_percent: tree.limits.cpu_percent_max,
            written_bytes: tree.limits.file_bytes_max,
            output_bytes: Some(output_bytes_max),
        }),
        held_by: Some(holders(tree.holders)),
        ..idle(state, agent)
    }
}

/// A start that waits.
pub(crate) fn waiting(state: &Organisation, agent: &Agent, waiting: WaitingStart) -> api::AgentResources {
    let (reason, missing_bytes) = match waiting.why {
        Admission::NoMemory { missing_bytes } => (api::WaitReason::Memory, Some(missing_bytes)),
        // What may start is no longer told as waiting.
        Admission::Pressure | Admission::Start => (api::WaitReason::Pressure, None),
    };
    let wait = api::StartWait {
        reason,
        missing_bytes,
        estimate_bytes: waiting.estimate_bytes,
        seconds: waiting.since.as_secs(),
    };
    api::AgentResources { state: api::ProcessState::Waiting, wait: Some(wait), ..idle(state, agent) }
}

fn idle(state: &Organisation, of: &Agent) -> api::AgentResources {
    api::AgentResources {
        id: of.id.to_string(),
        name: of.name.clone(),
        parent: of.parent.to_string(),
        level: state.level(Party::Agent(of.id)),
        driver: agent::driver(of.spec.driver),
        project: state.project.as_ref().map(|(_, path)| path.clone()),
        tier: of.spec.tier.as_str().to_owned(),
        state: api::ProcessState::Running,
        wait: None,
        exceeded: None,
        taken: None,
        limits: None,
        held_by: None,
        beside_gateway_usd: agent::beside_gateway(of),
    }
}

fn taken(takes: Takes, tree: &TreeOfAgent) -> api::TakenResources {
    api::TakenResources {
        memory_bytes: takes.memory_bytes,
        memory_bytes_peak: tree.memory_bytes_peak,
        processes: takes.processes,
        threads: takes.threads,
        cpu_percent: takes.cpu_percent,
        cpu_seconds: takes.cpu.as_secs_f64(),
        written_bytes: takes.written_bytes,
        output_bytes: tree.output_bytes,
    }
}

fn holders(holders: Holders) -> api::ResourceHolders {
    api::ResourceHolders {
        memory: holder(holders.memory),
        processes: holder(holders.processes),
        cpu: holder(holders.cpu),
        tree: holder(holders.tree),
    }
}

fn holder(holder: Holder) -> api::ResourceHolder {
    match holder {
        Holder::ControlGroupV2 => api::ResourceHolder::ControlGroupV2,
        Holder::ControlGroupV1 => api::ResourceHolder::ControlGroupV1,
        Holder::UserNamespace => api::ResourceHolder::UserNamespace,
        Holder::Watched => api::ResourceHolder::Watched,
    }
}
