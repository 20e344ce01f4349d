//! The state of one project: the fold of its log.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::agent::Agent;
use crate::approval::Approval;
use crate::bounds::Bounds;
use crate::command::{Answer, Command, Decided, Key};
use crate::event::Event;
use crate::ids::{AgentId, ApprovalId, MessageId, Party, ProcessId, ProjectId};
use crate::message::Message;
use crate::process::Process;
use crate::refusal::Refusal;
use crate::tickets::Board;

/// Everything that is true in one project.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Organisation {
    /// Limits of the service. Not part of the fold.
    #[serde(skip)]
    pub bounds: Bounds,
    /// Number of the last event.
    pub version: u64,
    /// Time of the last event.
    pub last_at: Timestamp,
    pub project: Option<(ProjectId, String)>,
    pub agents: BTreeMap<AgentId, Agent>,
    /// Agents that were fired, with their names, so that a late caller gets a good answer.
    pub fired: BTreeMap<AgentId, String>,
    pub messages: BTreeMap<MessageId, Message>,
    /// Settled messages in the order in which they settled; the oldest are forgotten first.
    pub settled: VecDeque<MessageId>,
    /// The person's unacknowledged messages, oldest first.
    pub root_inbox: VecDeque<MessageId>,
    /// Unsettled messages with a deadline.
    pub deadlines: BTreeSet<(Timestamp, MessageId)>,
    pub approvals: BTreeMap<ApprovalId, Approval>,
    pub processes: BTreeMap<ProcessId, Process>,
    /// The service goes down: no run begins.
    pub closing: bool,
    /// Who waits for whom.
    pub waits: BTreeMap<AgentId, BTreeSet<AgentId>>,
    /// Agents that have mail and no run.
    pub wanting: BTreeSet<AgentId>,
    /// Sessions, tickets, clones, the merge queue.
    pub board: Board,
    #[serde(with = "keys")]
    pub keys: BTreeMap<(Party, String), (String, Answer)>,
    pub keys_order: VecDeque<(Party, String)>,
}

impl Default for Organisation {
    fn default() -> Self {
        Self::new(Bounds::default())
    }
}

impl Organisation {
    /// Version of the fold. A snapshot made by another one is dropped. Raise it when `apply` or a noun changes.
    pub const FOLD: &'static str = "10";

    /// Nothing happened yet.
    pub fn new(bounds: Bounds) -> Self {
        Self {
            bounds,
            version: 0,
            last_at: Timestamp::UNIX_EPOCH,
            project: None,
            agents: BTreeMap::new(),
            fired: BTreeMap::new(),
            messages: BTreeMap::new(),
            settled: VecDeque::new(),
            root_inbox: VecDeque::new(),
            deadlines: BTreeSet::new(),
            approvals: BTreeMap::new(),
            processes: BTreeMap::new(),
            closing: false,
            waits: BTreeMap::new(),
            wanting: BTreeSet::new(),
            board: Board::default(),
            keys: BTreeMap::new(),
            keys_order: VecDeque::new(),
        }
    }

    /// Decides a command, and applies what it means: the events are one batch of the log.
    ///
    /// After the command's own events come those that follow from them: runs that open, messages that are steered in.
    pub fn step(&mut self, command: &Command) -> Result<Decided, Refusal> {
        if let Some(key) = &command.key
            && let Some(answer) = self.answered(command.by, key)?
        {
            return Ok(Decided { events: Vec::new(), answer });
        }
        let at = command.at.max(self.last_at);
        let (mut events, answer) = crate::decide::decide(self, command, at)?;
        if let Some(key) = &command.key {
            events.push(Event::KeyUsed { caller: command.by, key: key.clone(), answer: answer.clone() });
        }
        for event in &events {
            self.apply(event, at);
        }
        let tickets = matches!(command.order, crate::command::Order::Tickets(_));
        crate::settle::settle(self, at, &mut events, tickets);
        Ok(Decided { events, answer })
    }

    fn answered(&self, caller: Party, key: &Key) -> Result<Option<Answer>, Refusal> {
        let Some((fingerprint, answer)) = self.keys.get(&(caller, key.key.clone())) else { return Ok(None) };
        if *fingerprint == key.fingerprint {
            return Ok(Some(answer.clone()));
        }
        Err(Refusal::new(
            crate::refusal::RefusalKind::KeyReused,
            format!("the idempotency key `{}` was used for another request", key.key),
        )
        .hint("use a new key for a new request"))
    }

    /// Depth below the person: 1, 2, 3 …; 0 for the person.
    pub fn level(&self, party: Party) -> u32 {
        self.ancestors(party).count() as u32
    }

    /// The members above, the nearest first; the person is last.
    pub fn ancestors(&self, party: Party) -> impl Iterator<Item = Party> + '_ {
        let parent = move |party: Party| party.agent().and_then(|id| self.agents.get(&id)).map(|agent| agent.parent);
        std::iter::successors(parent(party), move |&party| parent(party))
    }

    /// Whether `party` stands below `above`.
    pub fn is_below(&self, party: Party, above: Party) -> bool {
        self.ancestors(party).any(|ancestor| ancestor == above)
    }

    /// Direct reports, by id.
    pub fn reports(&self, party: Party) -> impl Iterator<Item = &Agent> + '_ {
        self.agents.values().filter(move |agent| agent.parent == party)
    }

    /// Everything below, parents before their reports.
    pub fn subtree(&self, party: Party) -> Vec<AgentId> {
        let mut children: BTreeMap<Party, Vec<AgentId>> = BTreeMap::new();
        for agent in self.agents.values() {
            children.entry(agent.parent).or_default().push(agent.id);
        }
        let mut found = Vec::new();
        let mut open: VecDeque<Party> = VecDeque::from([party]);
        while let Some(next) = open.pop_front() {
            for &id in children.get(&next).map_or(&[][..], Vec::as_slice) {
                found.push(id);
                open.push_back(Party::Agent(id));
            }
        }
        found
    }

    /// How deep the levels below a member go.
    pub fn height(&self, party: Party) -> u32 {
        let base = self.level(party);
        self.subtree(party).into_iter().map(|id| self.level(Party::Agent(id)) - base).max().unwrap_or(0)
    }

    /// The name of a member, also of one that was fired.
    pub fn name(&self, party: Party) -> String {
        match party {
            Party::Root => "root".to_owned(),
            Party::Agent(id) => self
                .agents
                .get(&id)
                .map(|agent| agent.name.clone())
                .or_else(|| self.fired.get(&id).cloned())
                .unwrap_or_else(|| id.to_string()),
        }
    }

    /// Name and id, for sentences.
    pub fn called(&self, party: Party) -> String {
        match party {
            Party::Root => "root".to_owned(),
            Party::Agent(id) => format!("`{}` ({id})", self.name(party)),
        }
    }

    /// Unsettled messages to a member: for an agent, what waits or is being delivered; for the person, what is unacknowledged.
    pub fn inbox(&self, party: Party) -> Vec<&Message> {
        match party {
            Party::Root => self.root_inbox.iter().filter_map(|id| self.messages.get(id)).collect(),
            Party::Agent(id) => {
                self.messages.values().filter(|m| m.to == Party::Agent(id) && !m.is_settled()).collect()
            }
        }
    }
}

/// JSON has no maps with compound keys.
mod keys {
    use super::*;
    use serde::{Deserializer, Serializer};

    type Keys = BTreeMap<(Party, String), (String, Answer)>;

    pub fn serialize<S: Serializer>(keys: &Keys, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(keys)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Keys, D::Error> {
        Ok(Vec::<((Party, String), (String, Answer))>::deserialize(deserializer)?.into_iter().collect())
    }
}
