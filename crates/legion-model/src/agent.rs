//! An agent: a lasting identity in the hierarchy.

use std::collections::{BTreeSet, VecDeque};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::containment::{Permissions, Tier};
use crate::driver::DriverKind;
use crate::gateway::NanoUsd;
use crate::ids::{AgentId, MessageId, Party, ProcessId, RunId};
use crate::limits::Limits;
use crate::money::MicroUsd;
use crate::run::{Run, RunSummary, Usage};

/// What becomes of an open run when its process did not survive a restart of the service.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OnRestart {
    #[default]
    Idle,
    Resume,
}

/// How freely an agent may act without asking. The order is from strict to lax; a child is never laxer than its parent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum PermissionMode {
    Plan,
    DontAsk,
    Default,
    AcceptEdits,
}

impl PermissionMode {
    /// The word that Claude Code and our own flags use.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Plan => "plan",
            Self::DontAsk => "dontAsk",
            Self::Default => "default",
            Self::AcceptEdits => "acceptEdits",
        }
    }

    /// From the word.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Plan, Self::DontAsk, Self::Default, Self::AcceptEdits].into_iter().find(|mode| mode.as_str() == word)
    }
}

/// What an agent was hired with. Tools and permission mode are stored flattened: no look at the parent is needed later.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spec {
    pub driver: DriverKind,
    /// Program and arguments of a `command` agent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Absolute; inside the parent's.
    pub cwd: String,
    /// `None` is all that the driver has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tools: Option<BTreeSet<String>>,
    pub permission_mode: PermissionMode,
    /// How it is held to what it was given. Agents of a log that says nothing of it were not held.
    #[serde(default = "not_held")]
    pub tier: Tier,
    /// Paths that it may reach; `None` is everything in `cwd`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub permissions: Option<Permissions>,
    #[serde(default)]
    pub limits: Limits,
    #[serde(default)]
    pub on_restart: OnRestart,
    /// Files that matter for the task.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<String>,
}

fn not_held() -> Tier {
    Tier::None
}

impl Spec {
    /// The paths that it may reach in so many words.
    pub fn reach(&self) -> Permissions {
        self.permissions.clone().unwrap_or_else(|| Permissions::whole(&self.cwd))
    }
}

/// One agent of the organisation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Agent {
    pub id: AgentId,
    pub name: String,
    pub role: Option<String>,
    pub parent: Party,
    pub spec: Spec,
    pub hired_at: Timestamp,
    /// Messages that wait for it, in the order of delivery.
    pub queue: VecDeque<MessageId>,
    /// Interrupted without a word on what to do: it waits to be told.
    pub held: bool,
    /// The open run.
    pub run: Option<Run>,
    /// The process that lives, or is being started.
    pub process: Option<ProcessId>,
    /// Runs, processes and injections so far: numbers that ids are derived from.
    pub runs: u32,
    pub processes: u32,
    pub injections: u32,
    pub last_run: Option<RunSummary>,
    pub usage: Usage,
    /// Money that its own runs reported.
    pub spent: MicroUsd,
    /// The running total that its program reported last, over all of its processes.
    pub cost_reported: Option<MicroUsd>,
    /// Money spent by agents below it that were fired.
    pub spent_by_fired: MicroUsd,
    /// What of `spent` went through the gateway, exactly.
    pub metered: NanoUsd,
    /// What of `spent_by_fired` did.
    pub metered_by_fired: NanoUsd,
}

impl Agent {
    /// Of `spent`, what its programs reported themselves and the gateway did not see: they found another way to a model.
    pub fn spent_beside_gateway(&self) -> MicroUsd {
        self.spent.less(self.metered.micro())
    }

    /// The gateway's total has grown: by what, goes to the run that it was for.
    pub(crate) fn has_spent(&mut self, run: Option<RunId>, total: NanoUsd) {
        let more = total.micro().less(self.metered.micro());
        self.metered = self.metered.max(total);
        self.spent += more;
        let open = self.run.as_mut().map(|run| (run.id, &mut run.cost));
        let ended = self.last_run.as_mut().map(|run| (run.id, &mut run.cost));
        let cost = open.into_iter().chain(ended).find(|(id, _)| Some(*id) == run);
        if let Some((_, cost)) = cost {
            *cost = Some(cost.unwrap_or_default() + more);
        }
    }

    /// Whether its queue holds something that may open a run.
    pub fn has_mail(&self) -> bool {
        !self.queue.is_empty()
    }
}
