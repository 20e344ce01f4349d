//! Defaults that the model does not look up: they are resolved before it decides, so that a replay gives the same.

use std::collections::BTreeMap;

use legion_api::ProblemCode;
use legion_engine::EngineError;
use legion_model::plan::{CheckedPlan, CheckedTicket};
use legion_model::tickets::{Duty, GateSpec, NewTicket, Role, SessionName, SessionSettings, Team, TicketSpec};
use legion_model::{Body, DriverKind, Organisation, Party, ProjectId, body};

use crate::context::Context;
use crate::fault::{Fault, Result};
use crate::guard::Caller;

/// Attempts that may fail before a ticket has failed.
const ATTEMPTS: u32 = 3;
/// Seconds of one run of an agent.
const TIMEOUT_S: u64 = 60 * 60;
/// Seconds of a gate: a cold build of a large project.
const GATE_TIMEOUT_S: u64 = 30 * 60;
/// Bytes of a plan's texts that go into the log: it takes one step of at most 64 MiB.
const INLINE_BYTES_MAX: usize = 40 * 1024 * 1024;
/// Bytes of a gate's name.
const GATE_NAME_BYTES: usize = 120;

/// What the project says where a plan is silent.
pub(crate) struct Ground {
    /// The project, when there is one.
    pub(super) project: Option<ProjectId>,
    /// The session, once it is known which one and that it is there.
    pub(crate) session: Option<(SessionName, SessionSettings)>,
    pub(crate) roles: Vec<Role>,
    pub(crate) teams: Vec<Team>,
    /// How the caller itself is run.
    driver: Option<DriverKind>,
}

/// How the agent of a ticket is run.
struct How {
    driver: DriverKind,
    command: Option<Vec<String>>,
    model: Option<String>,
}

/// Looks up what a plan for this session builds on. Without a name, it is the current one.
pub(crate) async fn ground(
    context: &Context,
    caller: Caller,
    project: ProjectId,
    session: Option<SessionName>,
) -> Result<Ground> {
    let party = caller.party();
    let look = move |state: &Organisation| Ground {
        project: Some(project),
        session: state.board.session(session.as_ref()).map(|found| (found.name.clone(), found.settings.clone())),
        roles: state.board.all_roles(),
        teams: state.board.all_teams(),
        driver: party.agent().and_then(|agent| state.agents.get(&agent)).map(|agent| agent.spec.driver),
    };
    Ok(context.engine.read(project, look).await?)
}

impl Ground {
    /// Of a caller, where there is no project yet.
    pub(crate) fn none() -> Self {
        let (roles, teams) = (legion_model::tickets::builtin_roles(), legion_model::tickets::builtin_teams());
        Self { project: None, session: None, roles, teams, driver: None }
    }

    /// `has_gates` when the target's own configuration names some.
    pub(super) fn known(&self, has_gates: bool) -> legion_model::plan::Known {
        legion_model::plan::Known {
            has_gates: has_gates || self.session.as_ref().is_some_and(|(_, settings)| !settings.gates.is_empty()),
            teams: Some(self.teams.iter().map(|team| team.id.clone()).collect()),
            roles: Some(self.roles.iter().map(|role| role.id.clone()).collect()),
        }
    }

    fn role(&self, id: &str) -> Option<&Role> {
        self.roles.iter().find(|role| role.id == id)
    }

    fn team(&self, id: Option<&String>) -> Option<&Team> {
        id.and_then(|id| self.teams.iter().find(|team| team.id == *id))
    }

    /// The role of who does the work of a ticket.
    fn writer(&self, ticket: &CheckedTicket) -> Option<&Role> {
        let duty = |role: &str| self.role(role).map(|role| role.duty);
        self.role(Role::writer(ticket.role.as_deref(), self.team(ticket.team.as_ref()), duty))
    }

    /// How the agent of a ticket is run: as the ticket says, else as the role of its writer says, else as the caller itself.
    fn how(&self, ticket: &CheckedTicket, by: Party) -> How {
        let role = self.writer(ticket);
        let of_role = role.and_then(|role| role.driver);
        let given = ticket.driver.or(ticket.command.is_some().then_some(DriverKind::Command));
        let of_caller = by.agent().and(self.driver);
        let driver = given.or(of_role).or(of_caller).unwrap_or(DriverKind::Claude);
        // What a role says of one program does not follow to another.
        let role = role.filter(|_| of_role.is_none_or(|of_role| of_role == driver));
        let has_command = driver == DriverKind::Command && ticket.command.is_none();
        How {
            driver,
            command: role.and_then(|role| role.command.clone()).filter(|_| has_command).or(ticket.command.clone()),
            model: ticket.model.clone().or_else(|| role?.model.clone()),
        }
    }

    /// Drivers of everybody who works on a ticket: its own, and those of the roles that look at it.
    fn drivers(&self, spec: &TicketSpec) -> Vec<Option<DriverKind>> {
        let roles = self.team(spec.team.as_ref()).into_iter().flat_map(|team| &team.roles);
        let judges = roles.filter_map(|id| self.role(id)).filter(|role| role.duty != Duty::Write);
        judges.map(|role| role.driver.or(spec.driver)).chain([spec.driver]).collect()
    }
}

/// The tickets of a plan, with everything resolved and their texts stored.
pub(crate) async fn new_tickets(
    context: &Context,
    caller: Caller,
    ground: &Ground,
    plan: CheckedPlan,
) -> Result<Vec<NewTicket>> {
    let upstream: Vec<Vec<usize>> = (0..plan.tickets.len()).map(|at| plan.graph.upstream(at).to_vec()).collect();
    let inline: usize =
        plan.tickets.iter().flat_map(texts).map(str::len).filter(|len| *len <= Body::INLINE_BYTES_MAX).sum();
    if inline > INLINE_BYTES_MAX {
        let (all, limit) = (inline / (1024 * 1024), INLINE_BYTES_MAX / (1024 * 1024));
        return Err(Fault::new(
            ProblemCode::TooLarge,
            format!("the plan's texts come to {all} MiB with what `[defaults]` puts into each ticket; at most {limit} MiB are allowed"),
        )
        .hint("put what is common to all tickets into a file of the repository and name the file"));
    }
    let mut tickets = Vec::with_capacity(plan.tickets.len());
    for (ticket, upstream) in plan.tickets.into_iter().zip(upstream) {
        let local = Some(ticket.key.clone());
        let policy = |at: usize| ticket.policies.get(&at).copied().unwrap_or(ticket.on_upstream);
        let after_new = upstream.into_iter().map(|at| (at, policy(at))).collect();
        let spec = spec(context, caller, ground, ticket).await?;
        tickets.push(NewTicket { local, spec, after: BTreeMap::new(), after_new });
    }
    Ok(tickets)
}

/// What of a ticket is kept in the log itself, when it is short.
fn texts(ticket: &CheckedTicket) -> impl Iterator<Item = &str> {
    let lists = ticket.criteria.iter().chain(&ticket.gate).chain(ticket.command.iter().flatten());
    let texts = [Some(&ticket.prompt), ticket.context.as_ref(), ticket.plan.as_ref(), Some(&ticket.title)];
    lists.chain(texts.into_iter().flatten()).map(String::as_str)
}

async fn spec(context: &Context, caller: Caller, ground: &Ground, ticket: CheckedTicket) -> Result<TicketSpec> {
    let has_agent = !(ticket.checkpoint && ticket.prompt.is_empty());
    let how = has_agent.then(|| ground.how(&ticket, caller.party()));
    let (driver, command, model) = match how {
        Some(how) => (Some(how.driver), how.command, how.model),
        None => (None, None, None),
    };
    let spec = TicketSpec {
        title: ticket.title,
        prompt: context.engine.body(ticket.prompt).await?,
        context: stored(context, ticket.context).await?,
        criteria: ticket.criteria,
        plan: stored(context, ticket.plan).await?,
        checkpoint: ticket.checkpoint,
        gates: gates(ticket.gate, ticket.gate_timeout_seconds),
        files: ticket.files.iter().map(|glob| glob.as_str().to_owned()).collect(),
        team: ticket.team,
        role: ticket.role,
        group: ticket.group,
        worker: ticket.worker,
        driver,
        command,
        model,
        max_attempts: ticket.max_attempts.unwrap_or(ATTEMPTS),
        timeout_s: ticket.timeout_seconds.unwrap_or(TIMEOUT_S),
        on_upstream: ticket.on_upstream,
    };
    let needs_claude = has_agent && ground.drivers(&spec).contains(&Some(DriverKind::Claude));
    if needs_claude && context.engine.claude_program().is_none() {
        return Err(no_claude(&spec.title));
    }
    Ok(spec)
}

fn no_claude(title: &str) -> Fault {
    EngineError::DriverUnavailable {
        what: format!(
            "ticket `{}` is for Claude Code, which is not installed: there is no program `claude` on the service's PATH",
            body::clip(title, 80)
        ),
        hint: "install it with `npm install -g @anthropic-ai/claude-code`, name it in LEGION_CLAUDE, or give the ticket the driver \
               `command` and a `command`"
            .to_owned(),
    }
    .into()
}

async fn stored(context: &Context, text: Option<String>) -> Result<Option<legion_model::Body>> {
    Ok(match text.filter(|text| !text.trim().is_empty()) {
        Some(text) => Some(context.engine.body(text).await?),
        None => None,
    })
}

/// Gates from their command lines.
pub(crate) fn gates(commands: Vec<String>, timeout_s: Option<u64>) -> Vec<GateSpec> {
    let gate = |command: String| GateSpec {
        name: body::clip(command.trim(), GATE_NAME_BYTES),
        command,
        timeout_s: timeout_s.unwrap_or(GATE_TIMEOUT_S),
    };
    commands.into_iter().map(gate).collect()
}

/// The settings that a plan asks for; nothing when it changes none.
pub(crate) fn settings(ground: &Ground, plan: &CheckedPlan, names_overlap: bool) -> Option<SessionSettings> {
    let (_, current) = ground.session.as_ref()?;
    let mut settings = current.clone();
    settings.workers = plan.workers.unwrap_or(settings.workers);
    if names_overlap {
        settings.overlap = plan.overlap;
    }
    if !plan.protect.is_empty() {
        settings.protect = plan.protect.iter().map(|glob| glob.as_str().to_owned()).collect();
    }
    if !plan.group_caps.is_empty() {
        settings.group_caps.clone_from(&plan.group_caps);
    }
    (settings != *current).then_some(settings)
}
