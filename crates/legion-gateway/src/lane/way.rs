//! What a call carries from state to state.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, Response, StatusCode};
use jiff::Timestamp;
use legion_dialects::usage::Seen;
use legion_dialects::{Class, UpstreamError, count, error};

use crate::budget::Reservation;
use crate::cassette::Recorder;
use crate::core::Core;
use crate::directory::NoAllowance;
use crate::governor::{Closed, Permit};
use crate::lane::asked::Asked;
use crate::lane::attempt::Attempt;
use crate::lane::headers::{answer_headers, put};
use crate::lane::refusal::{Refusal, refuse};
use crate::lane::settlement::{Draft, Settlement};
use crate::lane::trace;
use crate::prices::ModelCard;
use crate::route::Stop;
use crate::settings::{Authorization, CassetteMode, Pace, Provider};
use crate::upstream::Answer;

/// Errors longer than this are not passed on whole.
const ERROR_BYTES_MAX: usize = 64 * 1024;

/// The status in the books of a call whose caller had gone before there was an answer.
const HUNG_UP: u16 = 499;

/// Money for one place.
pub(super) struct Hold {
    pub reservation: Reservation,
    pub card: Option<ModelCard>,
}

/// A provider's own words: status, headers, body without secrets.
pub(super) type Verbatim = (StatusCode, HeaderMap, Bytes);

/// Why a place did not answer.
pub(super) struct Failure {
    pub class: Class,
    pub refusal: Refusal,
    /// It was not asked a second time yet.
    pub may_again: bool,
    /// There when the provider was asked.
    pub hold: Option<Hold>,
    pub was_sent: bool,
}

pub(super) struct Way {
    pub core: Arc<Core>,
    pub asked: Arc<Asked>,
    /// Never empty; names providers of the call's own settings only.
    pub plan: Vec<Stop>,
    /// Places that were left, and why.
    pub left: Vec<String>,
    /// What the caller is told if no place answers.
    refusal: Option<Refusal>,
    /// The last place that was asked over the network.
    spent: Option<(usize, Hold)>,
    /// A settlement of its own holds the call, and settles it when it is dropped.
    pub is_held: bool,
}

impl Way {
    pub(super) fn new(core: Arc<Core>, asked: Asked, plan: Vec<Stop>) -> Self {
        Self { core, asked: Arc::new(asked), plan, left: Vec::new(), refusal: None, spent: None, is_held: false }
    }

    pub(super) fn provider(&self, index: usize) -> &Provider {
        &self.asked.settings.providers[&self.plan[index].provider]
    }

    /// The failure of a place whose lane is closed. None when it is open, and when a record answers.
    pub(super) fn closed(&self, index: usize) -> Option<Failure> {
        if self.asked.is_replay() {
            return None;
        }
        let stop = &self.plan[index];
        let closed = self.core.governor.closed(&stop.provider, &stop.model)?;
        Some(self.closed_until(index, &closed))
    }

    /// Leave to ask a place.
    pub(super) fn admit(&self, index: usize) -> Result<Permit, Box<Failure>> {
        if self.asked.is_replay() {
            return Ok(Permit::of_record());
        }
        let stop = &self.plan[index];
        self.core
            .governor
            .admit(&stop.provider, &stop.model)
            .map_err(|closed| Box::new(self.closed_until(index, &closed)))
    }

    /// Money for a place. A call that a record answers costs nothing, and is counted for its caller all the same.
    pub(super) async fn reserve(&self, nanos: u64) -> Result<Reservation, NoAllowance> {
        let (ledger, caller) = (&self.core.ledger, &self.asked.caller);
        if self.asked.is_replay() { ledger.reserve_nothing(caller).await } else { ledger.reserve(caller, nanos).await }
    }

    fn closed_until(&self, index: usize, closed: &Closed) -> Failure {
        let stop = &self.plan[index];
        let message = format!("`{stop}` takes no calls until {}: {}", closed.until, closed.why);
        let class = match closed.class {
            Class::RateLimited { .. } => Class::RateLimited { retry_after: self.until(closed.until) },
            Class::Server | Class::Unknown => Class::Overloaded,
            other => other,
        };
        let refusal = self.retry(Refusal::new(class, message), class, Some(closed.until));
        // The lane is closed already: it does not close again for this.
        Failure { class, refusal, may_again: false, hold: None, was_sent: false }
    }

    pub(super) fn failure(
        &self,
        error: UpstreamError,
        until: Option<Timestamp>,
        verbatim: Option<Verbatim>,
        again: bool,
        hold: Option<Hold>,
        was_sent: bool,
    ) -> Failure {
        let class = error.class;
        // A provider may quote what it was sent.
        let message = self.core.redactor.text(&error.message);
        let mut refusal = self.retry(Refusal::new(class, message), class, until);
        refusal.verbatim = verbatim;
        // A lane that has just been closed is not knocked at again.
        Failure { class, refusal, may_again: !again && until.is_none(), hold, was_sent }
    }

    /// When it is worth trying again.
    fn retry(&self, refusal: Refusal, class: Class, until: Option<Timestamp>) -> Refusal {
        match (class, until) {
            (Class::SpendLimit, _) => refusal.for_good(),
            (Class::RateLimited { retry_after: Some(after) }, None) => refusal.after(after),
            (Class::RateLimited { .. } | Class::Overloaded | Class::Server | Class::Unknown, Some(until)) => {
                match self.until(until) {
                    Some(after) => refusal.after(after),
                    None => refusal,
                }
            }
            _ => refusal,
        }
    }

    fn until(&self, until: Timestamp) -> Option<Duration> {
        Duration::try_from(until.duration_since(self.core.clock.now())).ok()
    }

    /// Tells the governor. Returns until when the lane is closed now, if it is.
    pub(super) fn note_failure(&self, index: usize, permit: Permit, error: &UpstreamError) -> Option<Timestamp> {
        let own_login = self.provider(index).authorization == Authorization::Passthrough;
        // One person's login says nothing about another's.
        if own_login && matches!(error.class, Class::Authentication | Class::Permission) {
            return None;
        }
        permit.failed(error.class, &self.core.redactor.text(&error.message))
    }

    /// A provider's error: what it means, and its own words without secrets.
    pub(super) async fn read_error(
        &self,
        index: usize,
        answer: Answer,
        recorder: Option<Recorder>,
    ) -> (UpstreamError, Verbatim) {
        let provider = self.provider(index);
        let Answer { status, headers, body } = answer;
        // One that breaks off or is too long is an error all the same.
        let body = body.collect(ERROR_BYTES_MAX, &self.asked.settings.limits).await.unwrap_or_default();
        if let Some(mut recorder) = recorder {
            recorder.push(&body);
            recorder.complete();
        }
        let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let mut found = error::classify(provider.dialect, status.as_u16(), &header, &body);
        if status.is_redirection() {
            // Keys do not follow where somebody points.
            found =
                UpstreamError::new(Class::Server, format!("provider `{}` points elsewhere ({status})", provider.name));
        }
        found.message = self.core.redactor.text(&found.message);
        let mut words = body.to_vec();
        self.core.redactor.mask(&mut words);
        let mut kept = answer_headers(&headers, true);
        if let Some(kind) = headers.get(CONTENT_TYPE) {
            kept.insert(CONTENT_TYPE, kind.clone());
        }
        kept.remove(http::header::LOCATION);
        for value in kept.values_mut() {
            let told = value.to_str().ok().map(|text| self.core.redactor.text(text));
            if let Some(told) = told.and_then(|told| HeaderValue::try_from(told).ok()) {
                *value = told;
            }
        }
        (found, (status, kept, words.into()))
    }

    pub(super) fn settlement(&self, index: usize, attempt: &Attempt, hold: Hold) -> Settlement {
        let Hold { reservation, card } = hold;
        let (asked, stop) = (&self.asked, &self.plan[index]);
        let wants = self.core.learned.wants(&stop.provider, &stop.model, self.core.clock.mono_ms());
        let draft = Draft {
            caller: asked.caller.clone(),
            provider: stop.provider.clone(),
            model: stop.model.clone(),
            asked_model: asked.head.model.to_string(),
            sub_agent: asked.sub_agent(),
            program_session: asked.program_session(),
            left: self.left.clone(),
            warnings: attempt.warnings.clone(),
            at: asked.at,
            arrived_ms: asked.arrived_ms,
            first_byte_ms: None,
            status: StatusCode::OK.as_u16(),
            card,
            prompt_guess: asked.prompt_guess(),
            counted: wants.then(|| count::estimate(asked.dialect, &asked.body)),
            streamed_bytes: 0,
            is_stream: false,
            is_replay: asked.is_replay(),
            seen: Seen::default(),
        };
        Settlement::new(self.core.clone(), reservation, draft)
    }

    /// Says on the answer which way the call went.
    pub(super) fn sign(&self, headers: &mut HeaderMap, index: usize, warnings: &[String]) {
        put(headers, "legion-route", &self.plan[index].to_string());
        let left = self.plan[..index].iter().map(|stop| format!("left {stop}"));
        let all: Vec<String> = left.chain(warnings.iter().cloned()).collect();
        if !all.is_empty() {
            put(headers, "legion-gateway-warnings", &all.join("; "));
        }
    }

    /// A pause that spares a provider: a record at full speed needs none.
    pub(super) fn pause_of(&self, length: Duration) -> Duration {
        match self.asked.settings.cassette {
            CassetteMode::Replay { pace: Pace::Full, .. } => Duration::ZERO,
            _ => length,
        }
    }

    /// Waits before a place is asked again. A caller that hangs up meanwhile leaves a call behind, if there was one.
    pub(super) async fn pause(&mut self, index: usize, hold: Hold, was_sent: bool, length: Duration) -> Hold {
        if !was_sent {
            tokio::time::sleep(length).await;
            return hold;
        }
        self.spent = Some((index, hold));
        tokio::time::sleep(length).await;
        self.spent.take().expect("it was put there above").1
    }

    /// Keeps what the caller is told: a place that can be tried again later says more than one that never answers.
    pub(super) fn remember(&mut self, index: usize, failure: Failure) {
        let Failure { refusal, hold, was_sent, .. } = failure;
        if was_sent && let Some(hold) = hold {
            self.spent = Some((index, hold));
        }
        let is_hope = |refusal: &Refusal| matches!(refusal.class, Class::RateLimited { .. } | Class::Overloaded);
        if !self.refusal.as_ref().is_some_and(is_hope) {
            // Words of a provider are for callers who speak its dialect.
            let same = self.provider(index).dialect == self.asked.dialect;
            let verbatim = refusal.verbatim.filter(|(status, ..)| same && !status.is_redirection());
            self.refusal = Some(Refusal { verbatim, ..refusal });
        }
    }

    /// No place answered.
    pub(super) fn give_up(&mut self) -> Response<Body> {
        let none = || Refusal::new(Class::Server, "no provider answered");
        let refusal = self.refusal.take().unwrap_or_else(none);
        self.refused(refusal)
    }

    /// The call ends here for want of money.
    pub(super) fn unpaid(&mut self, refusal: Refusal) -> Response<Body> {
        trace::unpaid(&self.asked.caller, &self.asked.head.model, &refusal.message);
        self.refused(refusal)
    }

    /// The call ends here. What was sent is settled.
    pub(super) fn refused(&mut self, refusal: Refusal) -> Response<Body> {
        let mut response = refuse(self.asked.dialect, refusal);
        self.settle_spent(response.status().as_u16());
        if !self.left.is_empty() {
            put(response.headers_mut(), "legion-gateway-warnings", &self.left.join("; "));
        }
        response
    }

    /// Settles a call that was sent and not answered, if there is one.
    fn settle_spent(&mut self, status: u16) {
        if let Some((index, hold)) = self.spent.take() {
            self.settlement(index, &Attempt::empty(), hold).refused(status);
        }
    }
}

impl Drop for Way {
    fn drop(&mut self) {
        // The caller hung up between two providers.
        if !self.is_held {
            self.settle_spent(HUNG_UP);
        }
    }
}
