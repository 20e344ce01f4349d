//! A plan becomes tickets: its texts are stored, and what it leaves open is filled in.

use std::collections::BTreeMap;

use legion_model::plan::{CheckedPlan, CheckedTicket};
use legion_model::tickets::{GateSpec, NewTicket, Overlap, SessionName, TicketSpec};
use legion_model::{Body, DriverKind, Key, Party, ProjectId};

use super::Added;
use crate::engine::Engine;
use crate::error::EngineError;

/// What holds for a ticket when nothing is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TicketDefaults {
    pub max_attempts: u32,
    /// Of one run of its agent.
    pub timeout_s: u64,
    pub gate_timeout_s: u64,
}

const DEFAULTS: TicketDefaults = TicketDefaults { max_attempts: 3, timeout_s: 3_600, gate_timeout_s: 600 };

impl Engine {
    pub fn ticket_defaults(&self) -> TicketDefaults {
        DEFAULTS
    }

    /// Adds all tickets of a plan, with the session's settings that it names, or none.
    pub async fn plan_add(
        &self,
        project: ProjectId,
        by: Party,
        key: Option<Key>,
        session: Option<SessionName>,
        plan: &CheckedPlan,
    ) -> Result<Added, EngineError> {
        let session = self.session_named(project, session).await?;
        let name = session.clone();
        let known =
            self.read(project, move |state| state.board.sessions.get(&name).map(|known| known.settings.clone()));
        let known = known.await?;
        let mut tickets = Vec::with_capacity(plan.tickets.len());
        for (index, ticket) in plan.tickets.iter().enumerate() {
            tickets.push(NewTicket {
                local: Some(ticket.key.clone()),
                spec: self.ticket_spec(ticket).await?,
                after: Vec::new(),
                after_new: plan.graph.upstream(index).to_vec(),
            });
        }
        // What a plan does not say stays as it is; an agent's plan says nothing about the session.
        let settings = known.filter(|_| by == Party::Root).map(|mut settings| {
            settings.workers = plan.workers.unwrap_or(settings.workers);
            if plan.overlap == Overlap::Hold {
                settings.overlap = Overlap::Hold;
            }
            let caps: BTreeMap<String, u32> = plan.group_caps.clone();
            settings.group_caps.extend(caps);
            for glob in &plan.protect {
                if !settings.protect.iter().any(|known| known == glob.as_str()) {
                    settings.protect.push(glob.as_str().to_owned());
                }
            }
            settings
        });
        self.tickets_add(project, by, key, Some(session), tickets, settings).await
    }

    async fn ticket_spec(&self, ticket: &CheckedTicket) -> Result<TicketSpec, EngineError> {
        let gate = |command: &String| GateSpec {
            name: command.clone(),
            command: command.clone(),
            timeout_s: ticket.gate_timeout_seconds.unwrap_or(DEFAULTS.gate_timeout_s),
        };
        // A checkpoint that names no agent only judges the target.
        let driver = match (ticket.driver, &ticket.command, ticket.checkpoint) {
            (Some(driver), ..) => Some(driver),
            (None, Some(_), _) => Some(DriverKind::Command),
            (None, None, true) => None,
            (None, None, false) => Some(DriverKind::Claude),
        };
        Ok(TicketSpec {
            title: ticket.title.clone(),
            prompt: self.body(ticket.prompt.clone()).await?,
            context: self.optional_body(ticket.context.as_ref()).await?,
            criteria: ticket.criteria.clone(),
            plan: self.optional_body(ticket.plan.as_ref()).await?,
            checkpoint: ticket.checkpoint,
            gates: ticket.gate.iter().map(gate).collect(),
            files: ticket.files.iter().map(|glob| glob.as_str().to_owned()).collect(),
            team: ticket.team.clone(),
            role: ticket.role.clone(),
            group: ticket.group.clone(),
            worker: ticket.worker,
            driver,
            command: ticket.command.clone(),
            model: ticket.model.clone(),
            max_attempts: ticket.max_attempts.unwrap_or(DEFAULTS.max_attempts),
            timeout_s: ticket.timeout_seconds.unwrap_or(DEFAULTS.timeout_s),
            on_upstream: ticket.on_upstream,
        })
    }

    async fn optional_body(&self, text: Option<&String>) -> Result<Option<Body>, EngineError> {
        match text {
            Some(text) => self.body(text.clone()).await.map(Some),
            None => Ok(None),
        }
    }
}
