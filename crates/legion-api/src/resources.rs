use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Driver;

/// What agents take of the machine now, and how the machine is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ResourceUsage {
    pub machine: MachineState,
    /// Agents that have a process, or whose start waits for room; those of which the caller may see it. Most memory first.
    pub agents: Vec<AgentResources>,
}

/// How the machine is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct MachineState {
    /// CPUs that the service may use.
    pub cores: u32,
    pub memory_bytes: u64,
    /// Memory that programs could still get.
    pub available_bytes: u64,
    /// Memory that is kept free: no agent starts into it, unless it would be alone.
    pub reserve_bytes: u64,
    /// The share of the last ten seconds in which a program waited for memory, in per cent; null where the kernel does not say.
    pub memory_pressure_percent: Option<f64>,
}

/// What the processes of one agent do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ProcessState {
    Running,
    /// Its start waits for room on the machine.
    Waiting,
    /// It took too much of something, and is being ended.
    Ending,
}

impl ProcessState {
    /// The word used in JSON and on screens.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Waiting => "waiting",
            Self::Ending => "ending",
        }
    }
}

/// What one agent takes, with its whole tree of processes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct AgentResources {
    pub id: String,
    pub name: String,
    /// UUID of the parent, or `root`.
    pub parent: String,
    pub level: u32,
    pub driver: Driver,
    /// Directory of the project that the agent belongs to.
    pub project: Option<String>,
    /// How it is held: `full`, `landlock` or `none`.
    pub tier: String,
    pub state: ProcessState,
    /// Why its start waits; null when it does not.
    pub wait: Option<StartWait>,
    /// What it took too much of, while it is being ended.
    pub exceeded: Option<String>,
    /// What it takes; null until it was looked at, for half a second at most.
    pub taken: Option<TakenResources>,
    /// What it may take; null while its start waits.
    pub limits: Option<ResourceLimits>,
    /// By what that is held; null while its start waits.
    pub held_by: Option<ResourceHolders>,
    /// Dollars that its programs reported and the gateway did not see, as they have a login of their own and call their provider
    /// directly: routes and budgets of the gateway do not hold for them. Absent when there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub beside_gateway_usd: Option<f64>,
}

/// What one tree of processes takes, by the last look.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct TakenResources {
    /// Where a control group counts it, with the files that the kernel keeps in memory for it.
    pub memory_bytes: u64,
    /// The most that it was seen to take.
    pub memory_bytes_peak: u64,
    pub processes: u64,
    /// Processes and threads: what the limit of processes counts.
    pub threads: u64,
    /// CPU time per time between the last two looks, in hundredths of a core: 150 is one core and a half. Null after the first look.
    pub cpu_percent: Option<f64>,
    /// CPU time so far.
    pub cpu_seconds: f64,
    /// Bytes sent to disks so far; null when the kernel does not tell this service.
    pub written_bytes: Option<u64>,
    /// What its program wrote to its outputs so far.
    pub output_bytes: u64,
}

/// What one tree of processes may take; null is no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ResourceLimits {
    pub memory_bytes: Option<u64>,
    /// Processes and threads.
    pub processes: Option<u64>,
    /// Hundredths of a core.
    pub cpu_percent: Option<u32>,
    /// Bytes sent to disks.
    pub written_bytes: Option<u64>,
    /// What its program may write to its outputs.
    pub output_bytes: Option<u64>,
}

/// By what one resource of a tree is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ResourceHolder {
    /// A control group of version 2.
    #[serde(rename = "cgroup-v2")]
    ControlGroupV2,
    /// A control group of version 1.
    #[serde(rename = "cgroup-v1")]
    ControlGroupV1,
    /// The kernel's own count of a user namespace, in tier `full`.
    UserNamespace,
    /// Nothing in the kernel: it is looked at twice a second.
    Watched,
}

impl ResourceHolder {
    /// The word used in JSON and on screens.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ControlGroupV2 => "cgroup-v2",
            Self::ControlGroupV1 => "cgroup-v1",
            Self::UserNamespace => "user-namespace",
            Self::Watched => "watched",
        }
    }
}

/// By what the resources of one tree are held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ResourceHolders {
    pub memory: ResourceHolder,
    pub processes: ResourceHolder,
    pub cpu: ResourceHolder,
    /// That the tree ends as a whole; `watched` is by the shim and the tier.
    pub tree: ResourceHolder,
}

/// For what a start waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum WaitReason {
    /// The free memory does not cover what it and those that run may yet take.
    Memory,
    /// Programs of this machine wait for memory.
    Pressure,
}

/// Why a start waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StartWait {
    pub reason: WaitReason,
    /// So much memory is missing; null when it waits for something else.
    pub missing_bytes: Option<u64>,
    /// What its kind was seen to take.
    pub estimate_bytes: u64,
    /// How long it has waited.
    pub seconds: u64,
}
