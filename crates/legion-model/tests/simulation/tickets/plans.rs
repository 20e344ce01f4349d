//! Random plans: graphs of tickets with everything that they may ask for.

use std::collections::BTreeMap;

use legion_model::tickets::{GateSpec, NewTicket, OnUpstream, Overlap, SessionSettings, TicketId, TicketSpec};
use legion_model::{Body, DriverKind};

use super::history::History;
use super::repository::FILES;
use super::work::gate;

const GATES: &[&str] = &["sound", "sound", "picky", "picky", "flaky", "slow", "missing"];

impl History {
    pub fn any_settings(&mut self) -> SessionSettings {
        let mut settings = SessionSettings { workers: self.random.between(1, 5) as u32, ..SessionSettings::default() };
        if self.random.chance(30) {
            settings.overlap = Overlap::Hold;
        }
        if self.random.chance(30) {
            settings.group_caps.insert("group-0".to_owned(), self.random.between(1, 2) as u32);
        }
        if self.random.chance(30) {
            settings.gates.push(gate("sound"));
        }
        settings
    }

    pub fn any_gates(&mut self, at_least: u64) -> Vec<GateSpec> {
        let count = at_least.max(self.random.below(3));
        let mut gates: Vec<GateSpec> = Vec::new();
        for _ in 0..count {
            let next = gate(self.random.pick(GATES).expect("not empty"));
            if !gates.contains(&next) {
                gates.push(next);
            }
        }
        gates
    }

    /// A plan of so many tickets, some after others of the plan or after tickets that are there.
    pub fn any_plan(&mut self, count: u64) -> Vec<NewTicket> {
        let there: Vec<TicketId> = self.audit.tickets.keys().copied().collect();
        let mut tickets = Vec::new();
        for index in 0..count as usize {
            let spec = self.any_spec(index);
            let (mut after_new, mut after) = (BTreeMap::new(), BTreeMap::new());
            for other in 0..index {
                if self.random.chance(60 / count.max(2)) {
                    after_new.insert(other, self.any_policy(&spec));
                }
            }
            if self.random.chance(20)
                && let Some(other) = self.random.pick(&there).copied()
            {
                after.insert(other, self.any_policy(&spec));
            }
            tickets.push(NewTicket { local: Some(format!("t{index}")), spec, after, after_new });
        }
        tickets
    }

    /// Mostly the ticket's own.
    fn any_policy(&mut self, spec: &TicketSpec) -> OnUpstream {
        if self.random.chance(70) { spec.on_upstream } else { self.any_on_upstream() }
    }

    fn any_on_upstream(&mut self) -> OnUpstream {
        *self.random.pick(&[OnUpstream::Wait, OnUpstream::Skip, OnUpstream::Fail]).expect("not empty")
    }

    fn any_spec(&mut self, index: usize) -> TicketSpec {
        let checkpoint = self.random.chance(20);
        let has_agent = !checkpoint || self.random.chance(30);
        let commands = self.habits.commands;
        let driver = if self.random.chance(commands) { DriverKind::Command } else { DriverKind::Claude };
        let team = match self.random.below(10) {
            0 => Some("solo"),
            1 | 2 => Some("backend_team"),
            3 => Some("tech_lead_team"),
            _ => None,
        };
        let team = team.filter(|team| driver == DriverKind::Claude || *team == "solo");
        let gates = self.any_gates(u64::from(checkpoint));
        let on_upstream = self.any_on_upstream();
        let files = (0..self.random.below(3)).map(|_| format!("f{}.rs", self.random.below(u64::from(FILES)))).collect();
        TicketSpec {
            title: format!("ticket {index}"),
            prompt: Body::from("do it"),
            context: None,
            criteria: vec!["it works".to_owned()],
            plan: None,
            checkpoint,
            gates,
            files,
            team: team.map(str::to_owned),
            role: None,
            group: self.random.chance(30).then(|| "group-0".to_owned()),
            worker: self.random.chance(10).then(|| self.random.between(1, 6) as u32),
            driver: has_agent.then_some(driver),
            command: (has_agent && driver == DriverKind::Command).then(|| vec!["program".to_owned()]),
            model: None,
            max_attempts: self.random.between(1, 4) as u32,
            timeout_s: self.random.between(60, 900),
            on_upstream,
        }
    }
}
