//! One ticket with everything that is known of it.

use jiff::Timestamp;
use legion_api as api;
use legion_model::tickets::{
    Attempt, AttemptEnd, AttemptSummary, Delay, Evidence, GateVerdict, Judgement, Phase, ProtectedChange, Review,
    Stage, Ticket, TicketId, TicketOutcome,
};
use legion_model::{Body, Organisation};

use super::text::Texts;
use super::ticket::{self, Spending};
use super::{agent, rescue, why};

/// A ticket whose texts are not fetched yet.
pub(crate) struct Asked {
    detail: api::TicketDetail,
    prompt: Body,
    context: Option<Body>,
    plan: Option<Body>,
    feedback: Option<Body>,
    /// In the order of `detail.history`, `detail.attempt.reviews` and `detail.verdicts`.
    details: Vec<Option<Body>>,
    reviews: Vec<Option<Body>>,
    logs: Vec<Body>,
}

pub(crate) fn asked(state: &Organisation, now: Timestamp, ticket: &Ticket) -> Asked {
    let spec = &ticket.spec;
    let open = ticket.attempt();
    let verdicts = verdicts(state, ticket);
    let detail = api::TicketDetail {
        ticket: ticket::ticket(state, now, &Spending::of(state), ticket),
        prompt: String::new(),
        context: None,
        criteria: spec.criteria.clone(),
        plan: None,
        command: spec.command.as_deref().map(agent::command_line),
        timeout_seconds: spec.timeout_s,
        on_upstream: ticket::on_upstream(spec.on_upstream),
        wanted_worker: spec.worker,
        feedback: None,
        why: why::why(state, ticket),
        attempt: open.map(|open| attempt(state, ticket, open)),
        history: ticket.history.iter().map(record).collect(),
        verdicts: verdicts.iter().map(|verdict| self::verdict(verdict)).collect(),
        rescues: rescue::of_ticket(state, ticket.id),
    };
    Asked {
        detail,
        prompt: spec.prompt.clone(),
        context: spec.context.clone(),
        plan: spec.plan.clone(),
        feedback: ticket.feedback.clone(),
        details: ticket.history.iter().map(|ended| ended.detail.clone()).collect(),
        reviews: open
            .iter()
            .flat_map(|open| &open.reviews)
            .map(|review| Some(review.verdict.as_ref()?.1.clone()))
            .collect(),
        logs: verdicts.into_iter().map(|verdict| verdict.log.clone()).collect(),
    }
}

/// With its texts.
pub(crate) async fn whole(mut texts: Texts<'_>, asked: Asked) -> api::TicketDetail {
    let Asked { mut detail, prompt, context, plan, feedback, details, reviews, logs } = asked;
    detail.prompt = texts.of(&prompt).await;
    detail.context = texts.of_some(context.as_ref()).await;
    detail.plan = texts.of_some(plan.as_ref()).await;
    detail.feedback = texts.of_some(feedback.as_ref()).await;
    for (review, text) in detail.attempt.iter_mut().flat_map(|attempt| &mut attempt.reviews).zip(reviews) {
        review.text = texts.of_some(text.as_ref()).await;
    }
    for (verdict, log) in detail.verdicts.iter_mut().zip(logs) {
        verdict.log = Some(texts.of(&log).await);
    }
    // What happened last matters most when not all of it fits.
    for (record, text) in detail.history.iter_mut().zip(details).rev() {
        record.detail = texts.of_some(text.as_ref()).await;
    }
    detail
}

/// Of the landing that is under way; else of the tree that was merged, with those of flaky gates before they passed.
fn verdicts<'a>(state: &'a Organisation, ticket: &'a Ticket) -> Vec<&'a Judgement> {
    let board = &state.board;
    let landing = board.sessions.get(&ticket.session).and_then(|session| session.landing.as_ref());
    if let Some(landing) = landing.filter(|landing| lands(landing, ticket.id)) {
        return landing.verdicts.iter().collect();
    }
    let Phase::Closed { outcome: TicketOutcome::Done { tree, .. }, .. } = &ticket.phase else { return Vec::new() };
    let first = (tree.clone(), legion_model::GateId(uuid::Uuid::nil()));
    let passes = board.verdicts.range(first..).take_while(|((of, _), _)| of == tree).map(|(_, verdict)| verdict);
    let flakes = ticket.history.last().into_iter().flat_map(|merged| &merged.flakes);
    let mut verdicts: Vec<&Judgement> = passes.chain(flakes).collect();
    verdicts.sort_by_key(|verdict| verdict.at);
    verdicts
}

fn lands(landing: &legion_model::tickets::Landing, id: TicketId) -> bool {
    matches!(landing.item, legion_model::tickets::Item::Attempt { ticket, .. } if ticket == id)
}

fn attempt(state: &Organisation, ticket: &Ticket, open: &Attempt) -> api::AttemptDetail {
    let cwd = open.agent.and_then(|agent| state.agents.get(&agent)).map(|agent| agent.spec.cwd.clone());
    api::AttemptDetail {
        id: open.id.to_string(),
        number: open.number,
        worker: open.worker,
        agent: open.agent.map(|agent| agent.to_string()),
        branch: ticket.session.attempt_branch(ticket.id, open.number),
        directory: cwd,
        resolver: open.resolver,
        began_at: open.began_at,
        base: open.base.clone(),
        evidence: open.evidence.as_ref().map(evidence),
        reviews: open.reviews.iter().map(review).collect(),
        held_until: match open.stage {
            Stage::Held { deadline } => Some(deadline),
            _ => None,
        },
        delayed: open.delay.as_ref().map(delayed),
    }
}

fn delayed(delay: &Delay) -> api::Delayed {
    api::Delayed { tries: delay.tries, until: delay.until, why: delay.why.clone() }
}

fn evidence(evidence: &Evidence) -> api::Evidence {
    api::Evidence {
        head: evidence.head.clone(),
        tree: evidence.tree.clone(),
        commits: evidence.commits,
        changed: evidence.changed,
        auto_committed: evidence.auto_committed,
        files: evidence.files,
        insertions: evidence.insertions,
        deletions: evidence.deletions,
        protected: evidence.protected.iter().map(protected).collect(),
        notes: evidence.notes.clone(),
    }
}

fn protected(change: &ProtectedChange) -> api::ProtectedChange {
    api::ProtectedChange { path: change.path.clone(), object: change.object.clone() }
}

fn review(review: &Review) -> api::Review {
    api::Review {
        step: review.step,
        role: review.role.clone(),
        agent: review.agent.to_string(),
        approved: review.verdict.as_ref().map(|(approved, _)| *approved),
        text: None,
    }
}

fn record(ended: &AttemptSummary) -> api::AttemptRecord {
    let (end, error) = match ended.end {
        AttemptEnd::Merged => (api::AttemptEnd::Merged, None),
        AttemptEnd::Failed(class) => (api::AttemptEnd::Failed, Some(ticket::error_class(class))),
        AttemptEnd::Stopped => (api::AttemptEnd::Stopped, None),
    };
    api::AttemptRecord {
        id: ended.id.to_string(),
        number: ended.number,
        worker: ended.worker,
        agent: ended.agent.map(|agent| agent.to_string()),
        began_at: ended.began_at,
        ended_at: ended.ended_at,
        end,
        error,
        why: ended.why.clone(),
        detail: None,
        head: ended.head.clone(),
        by: ended.by.map(|by| by.to_string()),
    }
}

/// A verdict without what the gate wrote.
pub(crate) fn verdict(judged: &Judgement) -> api::GateVerdict {
    api::GateVerdict {
        gate: judged.name.clone(),
        verdict: match judged.verdict {
            GateVerdict::Passed => api::Verdict::Passed,
            GateVerdict::Failed => api::Verdict::Failed,
            GateVerdict::TimedOut => api::Verdict::TimedOut,
            GateVerdict::NotFound => api::Verdict::NotFound,
            GateVerdict::Lost => api::Verdict::Lost,
        },
        exit_code: judged.exit_code,
        ms: judged.ms,
        at: judged.at,
        run: judged.run.to_string(),
        log: None,
    }
}
