//! What agents take of the machine now, for whoever asks. Nothing is looked at for it: the watch's own looks are told.

use std::time::Duration;

use legion_model::AgentId;
use legion_sandbox::{Admission, Limits, machine};

use super::holder::Holders;
use super::takes::Takes;
use crate::Engine;

/// What agents take of the machine now, and how the machine is.
#[derive(Debug, Clone, PartialEq)]
pub struct MachineUsage {
    pub memory_bytes: u64,
    pub available_bytes: u64,
    /// No agent starts into these, unless it would be alone.
    pub reserve_bytes: u64,
    /// The share of the last ten seconds in which a program waited for memory; `None` where the kernel does not say.
    pub pressure_percent: Option<f64>,
    /// CPUs that this service may use.
    pub cores: u32,
    /// What each agent may write to its outputs.
    pub output_bytes_max: u64,
    pub trees: Vec<TreeOfAgent>,
    pub waiting: Vec<WaitingStart>,
}

/// The tree of processes of one agent.
#[derive(Debug, Clone, PartialEq)]
pub struct TreeOfAgent {
    pub agent: AgentId,
    /// `None` until it was looked at.
    pub takes: Option<Takes>,
    /// The most memory that it was seen to take.
    pub memory_bytes_peak: u64,
    /// What its program wrote to its outputs.
    pub output_bytes: u64,
    pub limits: Limits,
    pub holders: Holders,
    /// What it took too much of: it is being ended.
    pub over: Option<String>,
}

/// A start that waits for room on the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WaitingStart {
    pub agent: AgentId,
    pub why: Admission,
    /// What its kind was seen to take.
    pub estimate_bytes: u64,
    pub since: Duration,
}

impl Engine {
    /// What agents take of this machine, by the last look, which is half a second old at most.
    pub fn machine_usage(&self) -> MachineUsage {
        let containment = &self.inner.containment;
        let machine = machine();
        let mut trees = containment.watch.told();
        trees.sort_by_key(|tree| tree.agent);
        MachineUsage {
            memory_bytes: machine.memory_bytes,
            available_bytes: machine.available_bytes,
            reserve_bytes: containment.places.reserve_bytes(machine),
            pressure_percent: machine.pressure_percent.map(f64::from),
            cores: std::thread::available_parallelism()
                .map_or(1, |cores| u32::try_from(cores.get()).unwrap_or(u32::MAX)),
            output_bytes_max: self.inner.output_bytes_max,
            trees,
            waiting: containment.places.waiting(self.inner.clock.mono_ms()),
        }
    }
}
