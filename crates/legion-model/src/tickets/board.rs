//! The board: everything about tickets that is true in one project.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::attempt::Attempt;
use super::landing::Judgement;
use super::names::{SessionName, TicketId};
use super::place::{Place, PlaceKey};
use super::session::{Session, SessionPhase};
use super::team::{Duty, Role, Team, builtin_roles, builtin_teams};
use super::ticket::{Status, Ticket};
use crate::ids::{AgentId, AttemptId, GateId, Party};

/// What an agent has to do with tickets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Post {
    pub ticket: TicketId,
    /// The attempt that it was hired for.
    pub attempt: AttemptId,
    /// The step of the team, for a reviewer.
    pub review: Option<u32>,
}

/// A rescue: files that were secured under a reference.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Rescue {
    pub place: PlaceKey,
    pub commit: String,
    pub reference: String,
    pub at: Timestamp,
}

/// Everything about tickets.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Board {
    pub sessions: BTreeMap<SessionName, Session>,
    /// The session that commands mean when they name none.
    pub current: Option<SessionName>,
    pub tickets: BTreeMap<TicketId, Ticket>,
    /// Who waits for whom, the other way round.
    pub dependents: BTreeMap<TicketId, BTreeSet<TicketId>>,
    /// Tickets that were deleted, with their titles.
    pub deleted: BTreeMap<TicketId, String>,
    /// Deleted tickets that were merged: they hold nobody up.
    pub deleted_done: BTreeSet<TicketId>,
    pub last_ticket: u32,
    pub places: BTreeMap<PlaceKey, Place>,
    pub rescues: BTreeMap<TicketId, Vec<Rescue>>,
    /// Agents that were hired for tickets.
    pub posts: BTreeMap<AgentId, Post>,
    /// Last verdicts by tree and gate: a tree that passed is never tested again.
    #[serde(with = "verdicts")]
    pub verdicts: BTreeMap<(String, GateId), Judgement>,
    pub verdicts_order: VecDeque<(String, GateId)>,
    /// The user's own roles and teams; the built-in ones are not in the log.
    pub roles: BTreeMap<String, Role>,
    pub teams: BTreeMap<String, Team>,
    /// Tickets whose attempt is open, per session.
    pub open: BTreeSet<TicketId>,
    /// Tickets that are queued.
    pub queued: BTreeSet<TicketId>,
    /// Of these, those that wait for a time.
    pub delayed: BTreeSet<(Timestamp, TicketId)>,
    /// Tickets that were closed without being merged.
    pub closed_badly: BTreeSet<TicketId>,
    /// How many tickets are not closed, by session and dispatcher.
    pub unfinished: BTreeMap<SessionName, BTreeMap<Party, u32>>,
}

impl Board {
    /// Verdicts that are remembered.
    pub(super) const VERDICTS_MAX: usize = 20_000;

    /// Somebody begins to work in this directory: what was secured of the clones around it is not all any more.
    pub(crate) fn worked_in(&mut self, directory: &str) {
        for place in self.places.values_mut().filter(|place| place.holds(directory)) {
            place.dirty = true;
        }
    }

    /// The session of this name, or the current one.
    pub fn session(&self, name: Option<&SessionName>) -> Option<&Session> {
        name.or(self.current.as_ref()).and_then(|name| self.sessions.get(name))
    }

    /// Tickets of a session, by number.
    pub fn tickets_of<'a>(&'a self, session: &'a SessionName) -> impl Iterator<Item = &'a Ticket> {
        self.tickets.values().filter(move |ticket| ticket.session == *session)
    }

    /// Whether a ticket is merged, or was before it was deleted.
    pub fn is_done(&self, ticket: TicketId) -> bool {
        self.tickets.get(&ticket).map_or_else(|| self.deleted_done.contains(&ticket), Ticket::is_done)
    }

    /// Those of `ticket.after` that are not merged.
    pub fn unmet<'a>(&'a self, ticket: &'a Ticket) -> impl Iterator<Item = TicketId> + 'a {
        ticket.after.keys().copied().filter(|&upstream| !self.is_done(upstream))
    }

    /// The word for where a ticket stands.
    pub fn status(&self, ticket: &Ticket) -> Status {
        ticket.status(self.unmet(ticket).next().is_some())
    }

    pub fn dependents_of(&self, ticket: TicketId) -> impl Iterator<Item = TicketId> + '_ {
        self.dependents.get(&ticket).into_iter().flatten().copied()
    }

    /// The ticket whose open attempt this is.
    pub fn by_attempt(&self, ticket: TicketId, attempt: AttemptId) -> Option<&Ticket> {
        self.tickets.get(&ticket).filter(|ticket| ticket.attempt().is_some_and(|open| open.id == attempt))
    }

    pub fn is_active(&self, session: &SessionName) -> bool {
        self.sessions.get(session).is_some_and(|session| session.phase == SessionPhase::Active)
    }

    pub fn role(&self, id: &str) -> Option<Role> {
        self.roles.get(id).cloned().or_else(|| builtin_roles().into_iter().find(|role| role.id == id))
    }

    pub fn team(&self, id: &str) -> Option<Team> {
        self.teams.get(id).cloned().or_else(|| builtin_teams().into_iter().find(|team| team.id == id))
    }

    /// The id of the role of who does the work of an attempt.
    pub fn writer(&self, ticket: &Ticket, attempt: &Attempt) -> String {
        if attempt.resolver {
            return "resolver".to_owned();
        }
        let team = ticket.spec.team.as_deref().and_then(|team| self.team(team));
        let duty = |role: &str| self.role(role).map(|role| role.duty);
        Role::writer(ticket.spec.role.as_deref(), team.as_ref(), duty).to_owned()
    }

    /// The roles that judge what is done for a ticket, in order: reviews first, then verification.
    pub fn judges(&self, ticket: &Ticket) -> Vec<Role> {
        let team = ticket.spec.team.as_deref().and_then(|team| self.team(team));
        let roles: Vec<Role> = team.iter().flat_map(|team| &team.roles).filter_map(|role| self.role(role)).collect();
        let of = |duty| roles.iter().filter(move |role| role.duty == duty).cloned();
        of(Duty::Review).chain(of(Duty::Verify)).collect()
    }

    /// Built-in roles and the user's own, by id.
    pub fn all_roles(&self) -> Vec<Role> {
        let mut all: BTreeMap<String, Role> = builtin_roles().into_iter().map(|role| (role.id.clone(), role)).collect();
        all.extend(self.roles.clone());
        all.into_values().collect()
    }

    /// Built-in teams and the user's own, by id.
    pub fn all_teams(&self) -> Vec<Team> {
        let mut all: BTreeMap<String, Team> = builtin_teams().into_iter().map(|team| (team.id.clone(), team)).collect();
        all.extend(self.teams.clone());
        all.into_values().collect()
    }
}

/// JSON has no maps with compound keys.
mod verdicts {
    use super::*;
    use serde::{Deserializer, Serializer};

    type Verdicts = BTreeMap<(String, GateId), Judgement>;

    pub fn serialize<S: Serializer>(verdicts: &Verdicts, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(verdicts)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Verdicts, D::Error> {
        Ok(Vec::<((String, GateId), Judgement)>::deserialize(deserializer)?.into_iter().collect())
    }
}
