//! Events onto the board. What it does not know, and what it has already, harms nothing.

use std::collections::BTreeSet;

use jiff::Timestamp;
use legion_api::Event;
use serde_json::Value;

use super::{
    attempt::{Attempt, AttemptEnd, Stage},
    change::{Change, What},
    fields::{flag, moment, number, text, variant, word},
    state::{Board, Commit, Landing},
    ticket::{BoardTicket, Standing},
};

impl Board {
    /// Takes in an event; what it says about a ticket of the board is given back when a person may want to know.
    pub(crate) fn take(&mut self, event: &Event) -> Option<Change> {
        let body = &event.body;
        let session = word(body, "session");
        if session.is_some_and(|session| session != self.session) {
            return None;
        }
        let (ticket, what) = match event.kind.as_str() {
            "ticket-added" => {
                self.added(body, event.at);
                return None;
            }
            "landing-began" | "landing-built" | "gate-began" | "gate-judged" | "landing-ended" | "landing-delayed" => {
                self.landing(event)?
            }
            "turn-noted" | "run-ended" => {
                self.cost(event);
                return None;
            }
            _ => {
                let ticket = number(body, "ticket")?;
                (ticket, self.ticket_event(ticket, event)?)
            }
        };
        self.touch(event.at);
        let change = Change { at: event.at, ticket, what };
        if change.is_news() {
            self.note(change.clone());
        }
        Some(change)
    }

    fn touch(&mut self, at: Timestamp) {
        self.began_at.get_or_insert(at);
        self.last_at = Some(self.last_at.map_or(at, |last| last.max(at)));
    }

    fn added(&mut self, body: &Value, at: Timestamp) {
        let (Some(number), Some(spec)) = (number(body, "ticket"), body.get("spec")) else { return };
        let after = body.get("after").and_then(Value::as_array).into_iter().flatten();
        let after = after.filter_map(|upstream| upstream.as_u64()?.try_into().ok()).collect();
        let attempts_max = super::fields::number(spec, "max_attempts").unwrap_or(1);
        let ticket = BoardTicket {
            checkpoint: flag(spec, "checkpoint"),
            attempts_max,
            ..BoardTicket::queued(number, word(spec, "title").unwrap_or_default(), after)
        };
        // One that came with the beginning of the watch knows more than its first event.
        if !self.tickets.contains_key(&number) {
            self.add(ticket);
        }
        if self.tickets.contains_key(&number) {
            self.touch(at);
        }
    }

    fn ticket_event(&mut self, number: u32, event: &Event) -> Option<What> {
        let body = &event.body;
        if let (Some(agent), true) = (word(body, "agent"), self.tickets.contains_key(&number)) {
            self.agents.insert(agent.to_owned(), number);
        }
        let ticket = self.tickets.get_mut(&number)?;
        let what = match event.kind.as_str() {
            "attempt-began" => began(ticket, body, event.at)?,
            "attempt-prepared" => return stage(ticket, Stage::Running),
            "attempt-continued" => {
                ticket.standing = Standing::Open(Stage::Running);
                What::Continued
            }
            "attempt-ran" => return stage(ticket, Stage::Collecting),
            "attempt-collected" => {
                let evidence = body.get("evidence")?;
                What::Collected {
                    files: super::fields::number(evidence, "files")?,
                    insertions: evidence.get("insertions").and_then(Value::as_u64)?,
                    deletions: evidence.get("deletions").and_then(Value::as_u64)?,
                }
            }
            "review-began" => return stage(ticket, Stage::Reviewing { role: word(body, "role")?.to_owned() }),
            "review-given" => {
                let role = match &ticket.standing {
                    Standing::Open(Stage::Reviewing { role }) => role.clone(),
                    _ => "its reviewer".to_owned(),
                };
                What::Reviewed { role, approved: flag(body, "approved") }
            }
            "attempt-held" => {
                ticket.standing = Standing::Open(Stage::Held);
                What::Held
            }
            "attempt-approved" => What::Approved,
            "attempt-queued" => {
                if let Some(attempt) = ticket.attempts.last_mut() {
                    attempt.queued_at = Some(event.at);
                }
                return stage(ticket, Stage::InQueue);
            }
            "attempt-ended" => ended(ticket, body, event.at)?,
            "attempt-delayed" => {
                What::Delayed { tries: super::fields::number(body, "tries")?, why: word(body, "why")?.to_owned() }
            }
            "ticket-closed" => closed(ticket, body, event.at)?,
            "ticket-reopened" => {
                ticket.standing = Standing::Queued { not_before: None };
                What::Reopened
            }
            "ticket-deleted" => {
                ticket.standing = Standing::Stopped { why: "it was deleted".to_owned() };
                What::Deleted
            }
            _ => return None,
        };
        Some(what)
    }

    fn landing(&mut self, event: &Event) -> Option<(u32, What)> {
        let body = &event.body;
        let id = word(body, "landing")?;
        if event.kind == "landing-began" {
            let item = variant(body, "item").filter(|(kind, _)| *kind == "attempt");
            let ticket = item.and_then(|(_, attempt)| number(attempt, "ticket"));
            self.landing = Some(Landing::new(id, ticket));
            if let Some(ticket) = ticket.and_then(|ticket| self.tickets.get_mut(&ticket)) {
                if let Some(attempt) = ticket.attempts.last_mut() {
                    attempt.landing_at = Some(event.at);
                }
                ticket.standing = Standing::Open(Stage::Building);
            }
            return None;
        }
        let landing = self.landing.as_mut().filter(|landing| landing.id == id)?;
        let ticket = landing.ticket.and_then(|ticket| self.tickets.get_mut(&ticket));
        match event.kind.as_str() {
            "landing-built" => {
                landing.gates = body.get("gates").and_then(Value::as_array).cloned().unwrap_or_default();
                stage(ticket?, Stage::Built);
                None
            }
            "gate-began" => {
                let gate = body.get("gate")?;
                landing.ran.extend(landing.gates.iter().position(|known| known == gate));
                let name = word(gate, "name")?.to_owned();
                stage(ticket?, Stage::Gate { name, since: event.at });
                None
            }
            "gate-judged" => {
                let verdict = body.get("verdict")?;
                let ticket = ticket?;
                self.tally.gate_runs += 1;
                self.tally.gate_ms += verdict.get("ms").and_then(Value::as_u64).unwrap_or_default();
                ticket.standing = Standing::Open(Stage::Built);
                let exit_code = verdict.get("exit_code").and_then(Value::as_i64).and_then(|code| code.try_into().ok());
                let what = What::GateFailed {
                    name: word(verdict, "name")?.to_owned(),
                    exit_code,
                    said: text(verdict, "log").map(last_line).unwrap_or_default().to_owned(),
                };
                // The second failure ends the attempt, which says so itself.
                let first = landing.first_failure(verdict);
                (word(verdict, "verdict") == Some("failed") && first).then_some((ticket.number, what))
            }
            "landing-ended" => {
                let landing = self.landing.take()?;
                let mine = landing.ticket.is_none_or(|ticket| self.tickets.contains_key(&ticket));
                if mine {
                    self.tally.gate_hits += landing.hits(flag(body, "moved"));
                }
                if let (true, Some(commit)) = (flag(body, "moved"), word(body, "commit")) {
                    let command = |gate: &Value| word(gate, "command").map(str::to_owned);
                    let gates = landing.gates.iter().filter_map(command).collect();
                    self.commits.push(Commit { id: commit.to_owned(), ticket: landing.ticket, gates });
                }
                None
            }
            "landing-delayed" => {
                let what = What::Delayed { tries: number(body, "tries")?, why: word(body, "why")?.to_owned() };
                Some((ticket?.number, what))
            }
            _ => None,
        }
    }

    fn cost(&mut self, event: &Event) {
        let agent = event.agent.as_ref().and_then(|agent| self.agents.get(agent));
        let ticket = agent.and_then(|ticket| self.tickets.get_mut(ticket));
        // The sum of a run stands in its end; a turn's is only a part of it.
        let cost = if event.kind == "run-ended" { event.body.get("cost").and_then(Value::as_u64) } else { None };
        if let (Some(ticket), Some(cost)) = (ticket, cost) {
            *ticket.cost_micro_usd.get_or_insert(0) += cost;
        }
    }
}

impl Landing {
    fn new(id: &str, ticket: Option<u32>) -> Self {
        Self { id: id.to_owned(), ticket, gates: Vec::new(), ran: BTreeSet::new(), failed: BTreeSet::new() }
    }

    /// Gates that did not have to run because their answer for this tree was known.
    fn hits(&self, moved: bool) -> u32 {
        // Gates are asked in their order: behind the one that failed none was asked.
        let asked = if moved { self.gates.len() } else { self.ran.last().map_or(0, |last| last + 1) };
        u32::try_from(asked.saturating_sub(self.ran.len())).unwrap_or(u32::MAX)
    }

    /// Whether this verdict is the first failure of its gate here, and it will run again.
    fn first_failure(&mut self, verdict: &Value) -> bool {
        let Some(gate) = word(verdict, "gate") else { return false };
        self.failed.insert(gate.to_owned())
    }
}

fn stage(ticket: &mut BoardTicket, stage: Stage) -> Option<What> {
    ticket.standing = Standing::Open(stage);
    None
}

fn began(ticket: &mut BoardTicket, body: &Value, at: Timestamp) -> Option<What> {
    let attempt = number(body, "number")?;
    // Worker 0 is none: a checkpoint without an agent.
    let worker = number(body, "worker").filter(|worker| *worker > 0);
    ticket.attempts.retain(|known| known.number != attempt);
    ticket.attempts.push(Attempt::new(attempt, worker, at));
    ticket.standing = Standing::Open(Stage::Preparing);
    ticket.activity = None;
    Some(What::Began { attempt, worker, resolver: flag(body, "resolver") })
}

fn ended(ticket: &mut BoardTicket, body: &Value, at: Timestamp) -> Option<What> {
    let (end, held) = variant(body, "end")?;
    let why = word(body, "why").unwrap_or_default().to_owned();
    let again_at = moment(body, "retry_at");
    let end = match end {
        "merged" => AttemptEnd::Merged,
        "failed" => AttemptEnd::Failed { class: held.as_str().unwrap_or_default().to_owned() },
        _ => AttemptEnd::Stopped,
    };
    ticket.activity = None;
    let attempt = ticket.attempts.last_mut()?;
    attempt.end = Some((end.clone(), at));
    // What a conflict looks like takes more than a line.
    if !matches!(&end, AttemptEnd::Failed { class } if class == "conflict") {
        let said = text(body, "detail").map(last_line).filter(|said| !why.contains(said));
        attempt.said = said.unwrap_or_default().to_owned();
    }
    attempt.why = why.clone();
    let said = attempt.said.clone();
    if let Some(again_at) = again_at {
        ticket.standing = Standing::Queued { not_before: Some(again_at) };
    }
    match end {
        AttemptEnd::Failed { class } if again_at.is_some() => Some(What::SentBack { class, why, said }),
        // The end of the ticket comes with it, and says why.
        _ => None,
    }
}

fn closed(ticket: &mut BoardTicket, body: &Value, at: Timestamp) -> Option<What> {
    let (outcome, held) = variant(body, "outcome")?;
    let why = word(body, "why").unwrap_or_default().to_owned();
    ticket.standing = match outcome {
        "done" => Standing::Done { commit: word(held, "commit").unwrap_or_default().to_owned(), at },
        "error" => Standing::Error { class: word(held, "class").unwrap_or_default().to_owned(), why: why.clone() },
        "skipped" => Standing::Skipped { why: why.clone() },
        _ => Standing::Stopped { why: why.clone() },
    };
    Some(match &ticket.standing {
        Standing::Done { commit, .. } => What::Merged { commit: commit.clone() },
        Standing::Error { .. } => {
            let said = ticket.attempts.last().map(|attempt| attempt.said.clone()).unwrap_or_default();
            What::Closed { word: "error", why, said }
        }
        other => What::Closed { word: other.word(), why, said: String::new() },
    })
}

fn last_line(text: &str) -> &str {
    text.lines().rev().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default()
}
