//! What must be true of every batch of the log, told once more and in another way.

use std::collections::{BTreeMap, BTreeSet};

use legion_model::tickets::{
    AttemptEnd, Duty, Evidence, GateSpec, GateVerdict, Item, OnUpstream, SessionName, SessionSettings, TicketId,
    TicketOutcome, TicketSpec,
};
use legion_model::{AgentId, AttemptId, Event, GateId, GateRunId, LandingId};

use super::history::History;
use super::repository::Repository;

pub struct KnownTicket {
    pub session: SessionName,
    pub after: BTreeMap<TicketId, OnUpstream>,
    pub spec: TicketSpec,
    pub open: Option<KnownAttempt>,
    pub outcome: Option<TicketOutcome>,
    /// Attempts since it was last opened by order, and ever.
    pub tries: u32,
    pub attempts: u32,
}

pub struct KnownAttempt {
    pub id: AttemptId,
    pub worker: u32,
    pub evidence: Option<Evidence>,
    pub approvals: usize,
    pub let_through: bool,
    pub holds_worker: bool,
}

pub struct KnownLanding {
    id: LandingId,
    item: Item,
    onto: String,
    built: Option<(String, String, Vec<GateSpec>)>,
}

pub struct KnownSession {
    pub settings: SessionSettings,
    /// Every commit that its target stood on, in order.
    pub tips: Vec<String>,
    pub landing: Option<KnownLanding>,
}

#[derive(Default)]
pub struct Audit {
    pub tickets: BTreeMap<TicketId, KnownTicket>,
    pub merged: BTreeMap<TicketId, String>,
    pub sessions: BTreeMap<SessionName, KnownSession>,
    verdicts: BTreeMap<(String, GateId), GateVerdict>,
    /// What agents were hired for: the ticket, and the step of a reviewer.
    pub posts: BTreeMap<AgentId, (TicketId, Option<u32>)>,
    pub landings: Vec<(SessionName, String)>,
    pub intruded: BTreeSet<SessionName>,
    /// Gates that run.
    gates: BTreeMap<SessionName, GateRunId>,
}

/// Attempts that end without bringing a ticket nearer to its end: conflicts, failures that pass by themselves.
const TRIES_BESIDES: u32 = 14;

impl Audit {
    pub fn files_of(&self, number: u32) -> Vec<u8> {
        let files = self.tickets.get(&TicketId(number)).map(|ticket| ticket.spec.files.as_slice()).unwrap_or_default();
        files.iter().filter_map(|glob| glob.strip_prefix('f')?.strip_suffix(".rs")?.parse().ok()).collect()
    }

    /// Why a target may not be moved to a commit.
    pub fn red(&self, session: &SessionName, landing: LandingId, commit: &str) -> Option<String> {
        let Some(open) = self.sessions.get(session).and_then(|s| s.landing.as_ref()).filter(|l| l.id == landing) else {
            return Some("the log knows no such landing".to_owned());
        };
        let Some((built, tree, gates)) = &open.built else { return Some("the log knows no merge".to_owned()) };
        if built != commit {
            return Some(format!("the log has built {built}"));
        }
        gates.iter().find_map(|gate| match self.verdicts.get(&(tree.clone(), gate.id())) {
            Some(GateVerdict::Passed) => None,
            other => Some(format!("its gate `{}` said {other:?}", gate.name)),
        })
    }

    /// A ticket that waits for one that was not merged, against what was said of the two.
    fn waits_in_vain(&self) -> Option<(TicketId, TicketId)> {
        let closed_badly = |id: &TicketId| {
            let outcome = self.tickets.get(id).and_then(|known| known.outcome.as_ref());
            outcome.is_some_and(|outcome| !matches!(outcome, TicketOutcome::Done { .. }))
        };
        let waiting = self.tickets.iter().filter(|(_, known)| known.open.is_none() && known.outcome.is_none());
        waiting
            .flat_map(|(id, known)| known.after.iter().map(move |edge| (*id, edge)))
            .find(|(_, (upstream, policy))| **policy != OnUpstream::Wait && closed_badly(upstream))
            .map(|(id, (upstream, _))| (id, *upstream))
    }

    /// The number of reviewing roles of a team; teams of these histories are the built-in ones.
    fn reviewers(spec: &TicketSpec) -> usize {
        let teams = legion_model::tickets::builtin_teams();
        let roles = legion_model::tickets::builtin_roles();
        let team = spec.team.as_ref().and_then(|id| teams.iter().find(|team| team.id == *id));
        team.map_or(0, |team| {
            let judges = |id: &&String| roles.iter().any(|role| role.id == **id && role.duty != Duty::Write);
            team.roles.iter().filter(judges).count()
        })
    }
}

impl History {
    /// Looks at the batch that was just appended.
    pub fn audit_batch(&mut self, first: usize) {
        let mut landed: BTreeMap<TicketId, String> = BTreeMap::new();
        let mut done: BTreeMap<TicketId, String> = BTreeMap::new();
        for index in first..self.log.len() {
            let event = self.log[index].event.clone();
            if let Some(found) = self.audit_event(&event, &mut landed, &mut done) {
                return self.violate(found);
            }
        }
        if landed != done {
            return self.violate(format!("landed in this batch: {landed:?}, done: {done:?}"));
        }
        if let Some((ticket, upstream)) = self.audit.waits_in_vain() {
            self.violate(format!("{ticket} waits for {upstream}, which is closed, and is not to wait"));
        }
    }

    fn audit_event(
        &mut self,
        event: &Event,
        landed: &mut BTreeMap<TicketId, String>,
        done: &mut BTreeMap<TicketId, String>,
    ) -> Option<String> {
        let audit = &mut self.audit;
        if let Some(found) = of_open_attempt(audit, event) {
            return Some(found);
        }
        match event {
            Event::SessionOpened { session, base, settings, .. } => {
                let known = KnownSession { settings: settings.clone(), tips: vec![base.clone()], landing: None };
                if audit.sessions.insert(session.clone(), known).is_some() {
                    return Some(format!("{session} was opened twice"));
                }
            }
            Event::SessionSet { session, settings, .. } => audit.sessions.get_mut(session)?.settings = settings.clone(),
            Event::SessionDeleted { session, .. } => {
                audit.sessions.remove(session);
                audit.gates.remove(session);
            }
            Event::TicketAdded { ticket, session, spec, after, policies, .. } => {
                let known = KnownTicket {
                    session: session.clone(),
                    after: after
                        .iter()
                        .map(|id| {
                            let own = policies.iter().find(|own| own.upstream == *id);
                            (*id, own.map_or(spec.on_upstream, |own| own.on_upstream))
                        })
                        .collect(),
                    spec: (**spec).clone(),
                    open: None,
                    outcome: None,
                    tries: 0,
                    attempts: 0,
                };
                if audit.tickets.insert(*ticket, known).is_some() {
                    return Some(format!("{ticket} was added twice"));
                }
            }
            Event::TicketReopened { ticket, spec, .. } => {
                let known = audit.tickets.get_mut(ticket)?;
                if known.open.is_some() || matches!(known.outcome, Some(TicketOutcome::Done { .. })) {
                    return Some(format!("{ticket} is opened again and was open or done"));
                }
                known.outcome = None;
                known.tries = 0;
                if let Some(spec) = spec {
                    known.spec = (**spec).clone();
                }
            }
            Event::TicketClosed { ticket, outcome, .. } => {
                let known = audit.tickets.get_mut(ticket)?;
                if known.open.is_some() || known.outcome.is_some() {
                    return Some(format!("{ticket} is closed and was {:?} with an open attempt", known.outcome));
                }
                known.outcome = Some(outcome.clone());
                if let TicketOutcome::Done { commit, .. } = outcome {
                    done.insert(*ticket, commit.clone());
                }
                if let TicketOutcome::Skipped { because } = outcome
                    && known.after.get(because).is_none_or(|policy| *policy == OnUpstream::Fail)
                {
                    return Some(format!("{ticket} is skipped because of {because}"));
                }
            }
            Event::TicketDeleted { ticket, .. } => {
                let known = audit.tickets.get(ticket)?;
                if known.outcome.is_none() {
                    return Some(format!("{ticket} is deleted and not closed"));
                }
            }
            Event::AttemptBegan { .. } => return self.attempt_began(event),
            Event::AttemptPrepared { ticket, base, .. } => {
                let known = &audit.tickets[ticket];
                let session = &audit.sessions[&known.session];
                let mut tips = session.tips.clone();
                // The target may have been moved a moment ago, and the log not know it yet.
                tips.extend(session.landing.as_ref().and_then(|open| open.built.as_ref()).map(|built| built.0.clone()));
                if audit.intruded.contains(&known.session) {
                    return None;
                }
                let Some(place) = tips.iter().position(|tip| tip == base) else {
                    return Some(format!("{ticket} is based on {base}, where the target never stood"));
                };
                let missing = known.after.keys().find(|upstream| {
                    let merge = audit.merged.get(upstream);
                    !merge.is_some_and(|merge| tips[..=place].contains(merge))
                });
                return missing.map(|upstream| format!("{ticket} is based on {base}, which lacks {upstream}"));
            }
            Event::AttemptCollected { ticket, attempt, evidence } => {
                if !self.repository.collected.contains(&(*attempt, evidence.head.clone())) {
                    return Some(format!("{} is taken for what {attempt} at {ticket} left", evidence.head));
                }
                open(audit, ticket)?.evidence = Some((**evidence).clone());
            }
            Event::ReviewGiven { ticket, approved: true, .. } => open(audit, ticket)?.approvals += 1,
            Event::ReviewBegan { ticket, agent, step, .. } => _ = audit.posts.insert(*agent, (*ticket, Some(*step))),
            Event::AttemptApproved { ticket, .. } => open(audit, ticket)?.let_through = true,
            Event::AttemptHeld { ticket, .. } => open(audit, ticket)?.holds_worker = false,
            Event::AttemptQueued { ticket, .. } => return self.attempt_queued(*ticket),
            Event::AttemptEnded { ticket, end, retry_at, .. } => {
                let known = audit.tickets.get_mut(ticket)?;
                known.open = None;
                if matches!(end, AttemptEnd::Merged | AttemptEnd::Stopped) && retry_at.is_some() {
                    return Some(format!("{ticket} ends with {end:?} and is tried again"));
                }
            }
            Event::LandingBegan { session, landing, item, onto } => {
                let known = audit.sessions.get_mut(session)?;
                if known.landing.is_some() {
                    return Some(format!("two landings in {session}"));
                }
                if known.tips.last() != Some(onto) {
                    return Some(format!("a landing in {session} begins on {onto}, not on the tip"));
                }
                known.landing =
                    Some(KnownLanding { id: *landing, item: item.clone(), onto: onto.clone(), built: None });
            }
            Event::LandingBuilt { session, landing, commit, tree, gates } => {
                let known = audit.sessions.get_mut(session)?;
                let settings = known.settings.clone();
                let open = known.landing.as_mut().filter(|open| open.id == *landing)?;
                let own = match &open.item {
                    Item::Attempt { ticket, .. } => audit.tickets[ticket].spec.gates.clone(),
                    Item::Import { .. } => Vec::new(),
                };
                if let Some(gate) = own.iter().chain(&settings.gates).find(|gate| !gates.contains(gate)) {
                    return Some(format!("the gate `{}` is left out", gate.name));
                }
                open.built = Some((commit.clone(), tree.clone(), gates.clone()));
            }
            Event::GateJudged { session, tree, verdict, .. } => {
                audit.gates.remove(session);
                let real = self.repository.executed.get(&verdict.run);
                let fits = verdict.verdict == GateVerdict::Lost
                    || real.is_some_and(|(real, executed)| {
                        real == tree && executed.gate == verdict.gate && executed.verdict == verdict.verdict
                    });
                if !fits {
                    return Some(format!("{verdict:?} on {tree}, and really {real:?}"));
                }
                if verdict.verdict != GateVerdict::Lost {
                    audit.verdicts.insert((tree.clone(), verdict.gate), verdict.verdict);
                }
            }
            Event::GateBegan { session, run, .. } => {
                // They share one directory.
                if let Some((other, open)) = audit.gates.iter().find(|(_, open)| *open != run) {
                    return Some(format!("the gate {run} of {session} begins while {open} of {other} runs"));
                }
                audit.gates.insert(session.clone(), *run);
            }
            Event::LandingEnded { .. } => return self.landing_ended(event, landed),
            _ => {}
        }
        None
    }

    fn attempt_began(&mut self, event: &Event) -> Option<String> {
        let Event::AttemptBegan { ticket, attempt, number, worker, agent, .. } = event else { return None };
        let audit = &mut self.audit;
        if let Some(agent) = agent {
            audit.posts.insert(*agent, (*ticket, None));
        }
        let known = audit.tickets.get(ticket)?;
        if known.open.is_some() || known.outcome.is_some() {
            return Some(format!("{ticket} begins an attempt and is open or closed"));
        }
        if let Some(upstream) = known.after.keys().find(|upstream| !audit.merged.contains_key(upstream)) {
            return Some(format!("{ticket} begins and {upstream} is not merged"));
        }
        if *number != known.attempts + 1 {
            return Some(format!("{ticket} begins attempt {number} after {}", known.attempts));
        }
        if agent.is_some()
            && let Some(found) = no_room(audit, known, *worker)
        {
            return Some(format!("{ticket} begins: {found}"));
        }
        let known = audit.tickets.get_mut(ticket)?;
        known.attempts = *number;
        known.tries += 1;
        known.open = Some(KnownAttempt {
            id: *attempt,
            worker: *worker,
            evidence: None,
            approvals: 0,
            let_through: false,
            holds_worker: agent.is_some(),
        });
        let most = known.spec.max_attempts + TRIES_BESIDES;
        (known.tries > most).then(|| format!("{ticket} is tried for the {}th time", known.tries))
    }

    fn attempt_queued(&mut self, ticket: TicketId) -> Option<String> {
        let audit = &mut self.audit;
        let known = audit.tickets.get_mut(&ticket)?;
        let wanted = Audit::reviewers(&known.spec);
        let open = known.open.as_mut()?;
        open.holds_worker = false;
        let changed = open.evidence.as_ref().is_some_and(|evidence| evidence.changed);
        if !changed && !known.spec.checkpoint {
            return Some(format!("{ticket} is queued and changes nothing"));
        }
        if changed && open.approvals != wanted {
            return Some(format!("{ticket} is queued with {} of {wanted} reviews", open.approvals));
        }
        let protects = open.evidence.as_ref().is_some_and(|evidence| !evidence.protected.is_empty());
        let known_change = |state: &legion_model::Organisation| {
            let ticket = state.board.tickets.get(&ticket)?;
            Some(open.evidence.as_ref()?.protected.is_subset(&ticket.approved))
        };
        let allowed = open.let_through || self.service.as_ref().and_then(|s| known_change(&s.state)).unwrap_or(true);
        (protects && !allowed).then(|| format!("{ticket} is queued with protected changes that nobody let through"))
    }

    fn landing_ended(&mut self, event: &Event, landed: &mut BTreeMap<TicketId, String>) -> Option<String> {
        let Event::LandingEnded { session, landing, moved, commit, tree, .. } = event else { return None };
        let audit = &mut self.audit;
        audit.gates.remove(session);
        let red = commit.as_ref().filter(|_| *moved).and_then(|commit| audit.red(session, *landing, commit));
        let known = audit.sessions.get_mut(session)?;
        let Some(open) = known.landing.take_if(|open| open.id == *landing) else {
            return Some(format!("a landing of {session} ends that was not open"));
        };
        let (true, Some(commit)) = (*moved, commit) else { return None };
        if let Some(red) = red {
            return Some(format!("{session} moved to {commit}: {red}"));
        }
        if !audit.intruded.contains(session) && self.repository.targets.get(session) != Some(commit) {
            return Some(format!("{session} is said to stand on {commit}, and does not"));
        }
        if let Item::Attempt { ticket, .. } = &open.item {
            if audit.merged.insert(*ticket, commit.clone()).is_some() {
                return Some(format!("{ticket} is merged twice"));
            }
            landed.insert(*ticket, commit.clone());
        }
        let built = self.repository.tree(commit);
        if tree.as_ref() != Some(&Repository::tree_name(built)) {
            return Some(format!("{commit} has another tree than {tree:?}"));
        }
        if *commit == open.onto {
            return None;
        }
        if self.repository.commits[commit].parents[0] != open.onto {
            return Some(format!("the first parent of {commit} is not where the target stood"));
        }
        known.tips.push(commit.clone());
        audit.landings.push((session.clone(), commit.clone()));
        let before = Repository::edits(self.repository.tree(&open.onto));
        let new: BTreeSet<u32> = Repository::edits(built).difference(&before).map(|edit| edit.ticket).collect();
        let own = match &open.item {
            Item::Attempt { ticket, .. } => ticket.0,
            Item::Import { .. } => 0,
        };
        if new.iter().any(|ticket| *ticket != own) {
            return Some(format!("the merge of {:?} holds work of {new:?}", open.item));
        }
        let lost = before.difference(&Repository::edits(built)).next().copied();
        lost.map(|lost| format!("the merge of {:?} undoes {lost:?}", open.item))
    }
}

fn open<'a>(audit: &'a mut Audit, ticket: &TicketId) -> Option<&'a mut KnownAttempt> {
    audit.tickets.get_mut(ticket)?.open.as_mut()
}

/// Facts about attempts are about the open one.
fn of_open_attempt(audit: &Audit, event: &Event) -> Option<String> {
    let (ticket, attempt) = match event {
        Event::AttemptPrepared { ticket, attempt, .. }
        | Event::AttemptReported { ticket, attempt, .. }
        | Event::AttemptContinued { ticket, attempt }
        | Event::AttemptRan { ticket, attempt }
        | Event::AttemptCollected { ticket, attempt, .. }
        | Event::ReviewBegan { ticket, attempt, .. }
        | Event::ReviewPrepared { ticket, attempt, .. }
        | Event::ReviewReminded { ticket, attempt, .. }
        | Event::ReviewGiven { ticket, attempt, .. }
        | Event::AttemptHeld { ticket, attempt, .. }
        | Event::AttemptApproved { ticket, attempt, .. }
        | Event::AttemptQueued { ticket, attempt }
        | Event::AttemptEnded { ticket, attempt, .. }
        | Event::AttemptDelayed { ticket, attempt, .. }
        | Event::LandingBegan { item: Item::Attempt { ticket, attempt }, .. } => (ticket, attempt),
        _ => return None,
    };
    let open = audit.tickets.get(ticket).and_then(|known| known.open.as_ref());
    (open.map(|open| open.id) != Some(*attempt)).then(|| format!("not about the open attempt: {event:?}"))
}

/// Whether workers, groups or files forbid another attempt.
fn no_room(audit: &Audit, ticket: &KnownTicket, worker: u32) -> Option<String> {
    let settings = &audit.sessions.get(&ticket.session)?.settings;
    let open = || audit.tickets.values().filter(|other| other.session == ticket.session && other.open.is_some());
    let busy = || open().filter(|other| other.open.as_ref().is_some_and(|attempt| attempt.holds_worker));
    if worker == 0 || worker > settings.workers {
        return Some(format!("there is no worker {worker}"));
    }
    if busy().count() >= settings.workers as usize {
        return Some(format!("all {} workers are busy", settings.workers));
    }
    if busy().any(|other| other.open.as_ref().is_some_and(|attempt| attempt.worker == worker)) {
        return Some(format!("the worker {worker} is busy"));
    }
    if ticket.spec.worker.is_some_and(|wanted| wanted <= settings.workers && wanted != worker) {
        return Some(format!("it wants another worker than {worker}"));
    }
    if let Some(group) = &ticket.spec.group
        && let Some(cap) = settings.group_caps.get(group)
        && busy().filter(|other| other.spec.group.as_ref() == Some(group)).count() >= *cap as usize
    {
        return Some(format!("the group {group} is full"));
    }
    let shares = |other: &&KnownTicket| other.spec.files.iter().any(|file| ticket.spec.files.contains(file));
    if settings.overlap == legion_model::tickets::Overlap::Hold && open().any(|other| shares(&other)) {
        return Some("its files are being worked on".to_owned());
    }
    None
}

/// Whether a queued ticket could begin now.
pub fn could_begin(audit: &Audit, ticket: &KnownTicket) -> bool {
    if ticket.open.is_some() || ticket.outcome.is_some() || !audit.sessions.contains_key(&ticket.session) {
        return false;
    }
    if !ticket.after.keys().all(|upstream| audit.merged.contains_key(upstream)) {
        return false;
    }
    if !ticket.spec.has_agent() {
        return true;
    }
    let workers = audit.sessions[&ticket.session].settings.workers;
    (1..=workers).any(|worker| no_room(audit, ticket, worker).is_none())
}
