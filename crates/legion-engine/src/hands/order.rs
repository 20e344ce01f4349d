//! What the keeper hands over with a step: everything that the hands need, taken from the state at that moment.

use std::path::Path;

use legion_model::prompt::{self, Content};
use legion_model::{
    Agent, AgentId, ApprovalId, Body, DriverKind, InjectionId, Message, MicroUsd, Organisation, Process, ProcessId,
    ProcessPhase, RunId, Step, StopReason, Tier, Verdict,
};
use uuid::Uuid;

/// What an injection carries, copied.
#[derive(Debug, Clone)]
pub(crate) struct Letter {
    pub messages: Vec<Message>,
    pub continues: bool,
}

impl Letter {
    fn of(state: &Organisation, agent: &Agent, injection: InjectionId) -> Option<Self> {
        Some(match prompt::content(state, agent, injection)? {
            Content::Messages(messages) => Self { messages: messages.into_iter().cloned().collect(), continues: false },
            Content::Continue(messages) => Self { messages: messages.into_iter().cloned().collect(), continues: true },
        })
    }
}

/// Start a program.
#[derive(Debug, Clone)]
pub(crate) struct StartOrder {
    pub process: ProcessId,
    pub number: u32,
    pub run: RunId,
    pub agent: Agent,
    pub level: u32,
    pub project_path: String,
    pub introduction: String,
    pub prompt: Option<(InjectionId, Letter)>,
    pub budget_left: Option<MicroUsd>,
    /// No other agent has a process in its directory, or below it.
    pub is_alone: bool,
}

impl StartOrder {
    pub(crate) fn of(
        state: &Organisation,
        agent: AgentId,
        process: ProcessId,
        run: RunId,
        injection: Option<InjectionId>,
    ) -> Option<Self> {
        let agent = state.agents.get(&agent)?;
        let number = state.processes.get(&process)?.number;
        let prompt = injection.and_then(|injection| Some((injection, Letter::of(state, agent, injection)?)));
        Some(Self {
            process,
            number,
            run,
            level: state.level(agent.id.into()),
            project_path: state.project.as_ref().map(|(_, path)| path.clone()).unwrap_or_default(),
            introduction: prompt::introduction(state, agent),
            prompt,
            budget_left: state.budget_left(agent.id.into()),
            is_alone: is_alone(state, agent),
            agent: agent.clone(),
        })
    }
}

/// Whether nobody else has a process that works in the agent's directory, or below it.
fn is_alone(state: &Organisation, agent: &Agent) -> bool {
    let own = Path::new(&agent.spec.cwd);
    let others = state.processes.values().filter(|process| process.agent != agent.id);
    // Of an agent that was fired it is not known any more where it works.
    !others.map(|process| state.agents.get(&process.agent)).any(|other| {
        other.is_none_or(|other| {
            let directory = Path::new(&other.spec.cwd);
            directory.starts_with(own) || own.starts_with(directory)
        })
    })
}

/// Look for a process that the log knows.
#[derive(Debug, Clone)]
pub(crate) struct AdoptOrder {
    pub process: ProcessId,
    pub number: u32,
    pub agent: AgentId,
    pub driver: DriverKind,
    pub tier: Tier,
    pub cwd: String,
    /// Place in the transcript up to which facts are in the log.
    pub offset: u64,
    pub stopping: Option<StopReason>,
    /// The prompt that its first run began with.
    pub prompt: Option<InjectionId>,
    /// The service has just started.
    pub at_start: bool,
    /// The log knows that its program was executed.
    pub was_live: bool,
}

impl AdoptOrder {
    pub(crate) fn of(state: &Organisation, process: &Process, at_start: bool) -> Self {
        let agent = state.agents.get(&process.agent);
        Self {
            process: process.id,
            number: process.number,
            agent: process.agent,
            // A fired agent's process is only stopped: nothing of what it says matters any more.
            driver: agent.map_or(DriverKind::Command, |agent| agent.spec.driver),
            tier: agent.map_or(Tier::None, |agent| agent.spec.tier),
            cwd: agent.map(|agent| agent.spec.cwd.clone()).unwrap_or_default(),
            offset: process.offset,
            stopping: process.stopping,
            prompt: agent.and_then(|agent| agent.run.as_ref()).and_then(|run| run.prompt),
            at_start,
            was_live: process.phase != ProcessPhase::Starting,
        }
    }
}

/// One step for a process that is there.
#[derive(Debug, Clone)]
pub(crate) enum Task {
    Write { injection: InjectionId, driver: DriverKind, letter: Letter, steer: bool },
    Answer { approval: ApprovalId, request: String, input: Body, verdict: Verdict, reason: Option<String> },
    Interrupt { run: RunId, number: u32 },
    Probe,
    Stop { reason: StopReason },
}

impl Task {
    /// The task of a step. `None` when the state no longer wants it.
    pub(crate) fn of(state: &Organisation, step: &Step) -> Option<Self> {
        Some(match step {
            Step::Write { agent, injection, .. } => {
                let agent = state.agents.get(agent)?;
                let steer = agent.run.as_ref()?.prompt != Some(*injection);
                let letter = Letter::of(state, agent, *injection)?;
                Self::Write { injection: *injection, driver: agent.spec.driver, letter, steer }
            }
            Step::Answer { approval, .. } => {
                let open = state.approvals.get(approval)?;
                let (verdict, reason) = open.verdict.clone()?;
                Self::Answer {
                    approval: *approval,
                    request: open.request.clone(),
                    input: open.input.clone(),
                    verdict,
                    reason,
                }
            }
            Step::Interrupt { run, number, .. } => Self::Interrupt { run: *run, number: *number },
            Step::Probe { .. } => Self::Probe,
            Step::Stop { reason, .. } => Self::Stop { reason: *reason },
            Step::Start { .. } | Step::Work { .. } | Step::Drop { .. } | Step::Due(_) => return None,
        })
    }

    /// The id under which it is written, when it is written.
    pub(crate) fn id(&self) -> Option<Uuid> {
        match self {
            Self::Write { injection, .. } => Some(injection.0),
            Self::Answer { approval, .. } => Some(approval.0),
            Self::Interrupt { run, number } => Some(super::interrupt_id(*run, *number)),
            Self::Probe | Self::Stop { .. } => None,
        }
    }
}
