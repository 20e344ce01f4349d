//! What must be true when nothing is under way, and when everything has come to rest.

use legion_model::{MessageState, Organisation, Party, Urgency};

use crate::outside::Activity;
use crate::simulation::Simulation;

impl Simulation {
    /// When nothing is under way, what the state shows is so.
    pub fn inspect(&mut self) {
        let Some(service) = self.service.as_ref().filter(|service| service.is_settled()) else { return };
        if self.is_under_way() {
            return;
        }
        self.inspections += 1;
        let mut found = None;
        for agent in service.state.agents.values() {
            let Some(run) = &agent.run else { continue };
            if !self.outside.directories.get(&run.process).is_some_and(|directory| directory.alive) {
                found = Some(format!("{} shows as working and its process {} is dead", agent.id, run.process));
            }
        }
        for (process, directory) in self.outside.directories.iter().filter(|(_, directory)| directory.alive) {
            if !service.state.processes.contains_key(process) {
                found = Some(format!("the process {process} lives and nobody knows of it"));
            }
            let works = matches!(directory.activity, Activity::Turn { .. });
            let shows = service.state.agents.get(&directory.agent).is_none_or(|agent| agent.run.is_some());
            if works && !shows {
                found = Some(format!("{} works and does not show it", directory.agent));
            }
        }
        if let Some(found) = found {
            self.violate(found);
        }
    }

    /// Everything has come to rest.
    pub fn check_quiet(&mut self) {
        let Some(service) = self.service.as_ref() else {
            return self.violate("the service does not run at the end".to_owned());
        };
        if !service.is_settled() {
            return self.violate("the service has something to append and does not".to_owned());
        }
        let state = &service.state;
        let found =
            self.broken_rest(state).or_else(|| self.broken_delivery(state)).or_else(|| self.broken_money(state));
        let folded = self.folded();
        if folded != *state {
            return self.violate("the state is not the fold of the log at the end".to_owned());
        }
        if let Some(found) = found {
            return self.violate(found);
        }
        self.check_snapshot(&folded);
    }

    /// Somebody has to move next, and nobody does.
    fn broken_rest(&self, state: &Organisation) -> Option<String> {
        if let Some(agent) = state.agents.values().find(|agent| agent.run.is_some()) {
            return Some(format!("not live: the run of {} never ends: {:?}", agent.id, agent.run));
        }
        if let Some(process) = state.processes.values().next() {
            return Some(format!("not live: {process:?} is never ended"));
        }
        if let Some(approval) = state.approvals.values().next() {
            return Some(format!("not live: {approval:?} stays open"));
        }
        if !state.waits.is_empty() || !state.deadlines.is_empty() {
            return Some(format!("not live: {:?} and {:?} stay", state.waits, state.deadlines));
        }
        if let Some((process, directory)) = self.outside.directories.iter().find(|(_, directory)| directory.alive) {
            return Some(format!("{process} of {} lives at the end", directory.agent));
        }
        if let Some((run, _)) = self.audit.runs.iter().find(|(_, ended)| !**ended) {
            return Some(format!("the run {run} was opened and never ended"));
        }
        let put_off =
            |id| state.messages.get(id).is_some_and(|m: &legion_model::Message| m.urgency == Urgency::WithNext);
        let waiting = state.agents.values().find(|agent| !agent.held && !agent.queue.iter().all(put_off));
        waiting.map(|agent| format!("not live: {} messages wait for {} at the end", agent.queue.len(), agent.id))
    }

    /// Nothing is lost, nothing is given up that was taken.
    fn broken_delivery(&self, state: &Organisation) -> Option<String> {
        for (id, letter) in &self.audit.messages {
            let Party::Agent(agent) = letter.to else { continue };
            let Some(message) = state.messages.get(id) else { return Some(format!("{id} is forgotten")) };
            let lives = state.agents.contains_key(&agent);
            let taken =
                self.outside.conversations.get(&agent).is_some_and(|conversation| conversation.consumed.contains(id));
            let fine = match message.state {
                MessageState::Acted => taken || letter.acked || !lives,
                MessageState::Expired => !lives || !taken,
                MessageState::Accepted => {
                    let held = state.agents.get(&agent).is_some_and(|agent| agent.held);
                    !lives || held || letter.urgency == Urgency::WithNext
                }
                MessageState::Injected | MessageState::Seen => false,
            };
            if !fine {
                let kind = letter.kind;
                return Some(format!("{id} ({kind:?} to {agent}) ends as {:?}, taken: {taken}", message.state));
            }
        }
        None
    }

    /// Every turn is paid for once.
    fn broken_money(&self, state: &Organisation) -> Option<String> {
        state.agents.values().find_map(|agent| {
            let spent = self.outside.conversations.get(&agent.id).map_or(0, |conversation| conversation.spent);
            (agent.spent.0 != spent).then(|| format!("{} spent {spent} and shows {}", agent.id, agent.spent.0))
        })
    }
}
