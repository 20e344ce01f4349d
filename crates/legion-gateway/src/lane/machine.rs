//! One call from its route to the first byte of its answer, as an explicit state machine. What follows is the flow's.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderValue, Response, StatusCode};
use legion_dialects::first_frame::{Peek, Verdict};
use legion_dialects::usage::{Reader, Seen};
use legion_dialects::{Class, Dialect, UpstreamError, scan, translate};
use tokio::time::timeout;

use crate::cassette::Recorder;
use crate::core::Core;
use crate::governor::{Permit, effect};
use crate::lane::asked::Asked;
use crate::lane::attempt::{Attempt, prepare};
use crate::lane::border::Border;
use crate::lane::flow::Flow;
use crate::lane::headers::{answer_headers, is_stream};
use crate::lane::held::Held;
use crate::lane::outcome::Outcome;
use crate::lane::parts::{Lane, Parts, note};
use crate::lane::refusal::{Refusal, refuse};
use crate::lane::rename;
use crate::lane::settlement::{Settlement, expected, worst};
use crate::lane::way::{Failure, Hold, Way};
use crate::route::plan;
use crate::upstream::{Answer, Endpoint, Fault};

/// Bytes that are held back while the first meaningful event is looked for.
const PEEK_BYTES_MAX: usize = 1024 * 1024;
/// Before a provider is asked the same thing a second time.
const AGAIN_AFTER: Duration = Duration::from_millis(250);

/// Where a call stands.
enum State {
    /// The place in the plan that is tried next.
    Reserve {
        index: usize,
        again: bool,
    },
    Send {
        index: usize,
        again: bool,
        hold: Hold,
    },
    Peek(Sent),
    Stream {
        sent: Sent,
        begun: VecDeque<Bytes>,
    },
    /// This place did not answer.
    Failed {
        index: usize,
        failure: Failure,
    },
    Answered(Response<Body>),
}

/// A call that a provider has taken.
struct Sent {
    index: usize,
    again: bool,
    attempt: Attempt,
    answer: Answer,
    recorder: Option<Recorder>,
    permit: Permit,
    settlement: Settlement,
}

/// Answers a call.
pub(crate) async fn run(core: Arc<Core>, asked: Asked) -> Response<Body> {
    let plan = match plan(&asked.settings, &asked.caller, asked.asker(), &asked.head.model) {
        Ok(plan) => plan,
        Err(error) => return refuse(asked.dialect, Refusal::new(Class::NotFound, error.to_string()).for_good()),
    };
    let mut way = Way::new(core, asked, plan);
    let mut state = State::Reserve { index: 0, again: false };
    loop {
        state = match state {
            State::Reserve { index, again } => reserve(&mut way, index, again).await,
            State::Send { index, again, hold } => send(&mut way, index, again, hold).await,
            State::Peek(sent) => peek(&mut way, sent).await,
            State::Stream { sent, begun } => stream(&mut way, sent, begun).await,
            State::Failed { index, failure } => failed(&mut way, index, failure).await,
            State::Answered(response) => return response,
        }
    }
}

/// Money for this place.
async fn reserve(way: &mut Way, index: usize, again: bool) -> State {
    let (asked, stop) = (way.asked.clone(), &way.plan[index]);
    // A closed lane is known before any money is moved.
    if let Some(failure) = way.closed(index) {
        return State::Failed { index, failure };
    }
    let card = way.core.prices.known().card(&asked.settings, way.provider(index), &stop.model);
    let worst = worst(card.as_ref(), asked.prompt_guess(), asked.head.max_tokens);
    if let Some(most) = asked.settings.call_max_nanos.filter(|most| worst > *most && !asked.is_replay()) {
        let message = format!(
            "over budget: this call could cost {} dollars, and a single call may cost {}; ask for fewer tokens",
            dollars(worst),
            dollars(most)
        );
        return State::Answered(way.unpaid(Refusal::new(Class::RateLimited { retry_after: None }, message).for_good()));
    }
    let nanos = expected(card.as_ref(), asked.prompt_guess(), asked.head.max_tokens);
    match way.reserve(nanos).await {
        Ok(reservation) => State::Send { index, again, hold: Hold { reservation, card } },
        Err(none) => State::Answered(way.unpaid(none.into())),
    }
}

async fn send(way: &mut Way, index: usize, again: bool, hold: Hold) -> State {
    let (asked, stop) = (way.asked.clone(), way.plan[index].clone());
    let permit = match way.admit(index) {
        Ok(permit) => permit,
        Err(failure) => return State::Failed { index, failure: *failure },
    };
    let past = way.core.upstreams.past(&asked, way.provider(index), index > 0, way.core.clock.mono_ms());
    let attempt = match prepare(&asked, way.provider(index), &stop, hold.card.as_ref(), Endpoint::Generate, past) {
        Ok(attempt) => attempt,
        Err(refused) => return State::Answered(way.refused(Refusal::new(refused.class, refused.to_string()))),
    };
    // From here on a caller that hangs up leaves a call behind, and only one.
    way.is_held = true;
    let mut settlement = way.settlement(index, &attempt, hold);
    let answered = attempt.send(&way.core, &asked, way.provider(index), &stop.model).await;
    let (answer, recorder) = match answered {
        Ok(answered) => answered,
        Err(fault) => {
            tracing::debug!(provider = %stop.provider, %fault, "a provider could not be asked");
            let error = UpstreamError::new(fault.class(), format!("provider `{}`: {fault}", stop.provider));
            let was_sent = !fault.is_before_sending();
            // What we lack ourselves is no failure of the provider's.
            let until = match &fault {
                Fault::NoKey(_)
                | Fault::NoLogin
                | Fault::NotEntered(_)
                | Fault::NotRecorded
                | Fault::Address(_)
                | Fault::Authorities(_) => None,
                _ => permit.failed(error.class, &error.message),
            };
            // A provider that took all of its time would take it again.
            let again = again || matches!(fault, Fault::AnswerSlow { .. });
            // A provider that was asked may charge for what did not come back.
            let hold = if was_sent {
                settlement.lost(fault.outcome());
                None
            } else {
                settlement.take_back()
            };
            let failure = way.failure(error, until, None, again, hold, was_sent);
            return State::Failed { index, failure };
        }
    };
    if !answer.status.is_success() {
        let (error, verbatim) = way.read_error(index, answer, recorder).await;
        let until = way.note_failure(index, permit, &error);
        let failure = way.failure(error, until, Some(verbatim), again, settlement.take_back(), true);
        return State::Failed { index, failure };
    }
    State::Peek(Sent { index, again, attempt, answer, recorder, permit, settlement })
}

/// Holds the beginning of a stream back until it is known to be one: until then another provider can still answer.
async fn peek(way: &mut Way, mut sent: Sent) -> State {
    let mut begun = VecDeque::new();
    if !is_stream(&sent.answer.headers) {
        return State::Stream { sent, begun };
    }
    let mut peek = Peek::new(way.provider(sent.index).dialect);
    let (mut held, mut broke_off) = (0, None);
    let look = async {
        loop {
            let verdict = match sent.answer.body.next().await {
                None => peek.finish(),
                Some(Err(fault)) => {
                    broke_off = Some(fault.outcome());
                    return Err(UpstreamError::new(Class::Server, fault.to_string()));
                }
                Some(Ok(bytes)) => {
                    if let Some(recorder) = &mut sent.recorder {
                        recorder.push(&bytes);
                    }
                    held += bytes.len();
                    let verdict = peek.push(&bytes);
                    begun.push_back(bytes);
                    verdict
                }
            };
            match verdict {
                Verdict::Failed(error) => return Err(error),
                Verdict::Content => return Ok(()),
                Verdict::Empty => return Err(UpstreamError::new(Class::Overloaded, "the provider's answer was empty")),
                Verdict::Waiting if held >= PEEK_BYTES_MAX => return Ok(()),
                Verdict::Waiting => {}
            }
        }
    };
    // A provider that thinks for long before its first event is not one that fails.
    let looked = timeout(way.asked.settings.limits.peek_patience, look).await.unwrap_or(Ok(()));
    let Err(error) = looked else { return State::Stream { sent, begun } };
    let Sent { index, again, permit, mut settlement, recorder, .. } = sent;
    if let Some(recorder) = recorder {
        recorder.complete();
    }
    let until = way.note_failure(index, permit, &error);
    let begun = seen(way.provider(index).dialect, &begun);
    let hold = match broke_off.or_else(|| begun.usage.map(|_| Outcome::Failed)) {
        // It had begun to answer: it may charge for that.
        Some(outcome) => {
            note(&mut settlement, begun);
            settlement.lost(outcome);
            None
        }
        None => settlement.take_back(),
    };
    let failure = way.failure(error, until, None, again, hold, true);
    State::Failed { index, failure }
}

/// What was said of an answer that will not be passed on.
fn seen(dialect: Dialect, begun: &VecDeque<Bytes>) -> Seen {
    let mut reader = Reader::new(dialect, true);
    begun.iter().for_each(|bytes| reader.push(bytes));
    reader.finish()
}

/// Begins the answer. From here on nothing is tried again.
async fn stream(way: &mut Way, sent: Sent, mut begun: VecDeque<Bytes>) -> State {
    let Sent { index, attempt, answer, recorder, permit, mut settlement, .. } = sent;
    let dialect = way.provider(index).dialect;
    let across = dialect != way.asked.dialect;
    let is_stream = is_stream(&answer.headers);
    permit.succeeded();
    way.core.upstreams.answered(attempt.past, way.core.clock.mono_ms());
    if let Some(draft) = settlement.draft() {
        draft.is_stream = is_stream;
        draft.status = answer.status.as_u16();
        draft.left = std::mem::take(&mut way.left);
    }
    let renamed = rename::is_renamed(&way.asked, &way.plan[index], dialect);
    if !is_stream && (across || renamed) {
        return State::Answered(whole(way, index, attempt, answer, recorder, settlement).await);
    }
    if renamed {
        rename::begin(&mut begun, &way.asked.head.model);
    }
    let mut headers = answer_headers(&answer.headers, across);
    if is_stream {
        // Signs of life, errors and the model's name make another length of it.
        headers.remove(CONTENT_LENGTH);
    }
    if across {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    }
    way.sign(&mut headers, index, &attempt.warnings);
    let lane = if across {
        Lane::Translate(Box::new(translate::Stream::new(dialect, way.asked.dialect, attempt.memory)))
    } else {
        Lane::Bytes {
            reader: Box::new(Reader::new(dialect, is_stream)),
            border: Border::default(),
            held: Held::default(),
        }
    };
    let flow = Flow::new(Parts {
        core: way.core.clone(),
        dialect: way.asked.dialect,
        lane,
        is_stream,
        begun,
        source: answer.body,
        recorder,
        settlement,
        limits: way.asked.settings.limits.clone(),
    });
    let mut response = Response::new(Body::new(flow));
    *response.status_mut() = answer.status;
    *response.headers_mut() = headers;
    State::Answered(response)
}

/// An answer in one piece, translated in one piece.
async fn whole(
    way: &mut Way,
    index: usize,
    attempt: Attempt,
    answer: Answer,
    recorder: Option<Recorder>,
    mut settlement: Settlement,
) -> Response<Body> {
    let limits = &way.asked.settings.limits;
    let mut headers = answer_headers(&answer.headers, true);
    let collected = answer.body.collect(limits.response_bytes_max, limits).await;
    let body = match collected {
        Ok(body) => body,
        Err(fault) => {
            settlement.settle(Outcome::Cut);
            return refuse(
                way.asked.dialect,
                Refusal::new(Class::Server, format!("the provider's answer broke off: {fault}")),
            );
        }
    };
    if let Some(mut recorder) = recorder {
        recorder.push(&body);
        recorder.complete();
    }
    let dialect = way.provider(index).dialect;
    let mut reader = Reader::new(dialect, false);
    reader.push(&body);
    reader.end();
    if let Some(draft) = settlement.draft() {
        draft.seen = reader.seen().clone();
        draft.streamed_bytes = body.len() as u64;
        draft.first_byte_ms = Some(way.core.clock.mono_ms().saturating_sub(draft.arrived_ms));
    }
    let renamed = dialect == way.asked.dialect;
    let translated = if renamed {
        // One that cannot be read goes on as it is.
        let body = scan::splice_model(&body, &way.asked.head.model).unwrap_or_else(|_| body.to_vec());
        Ok((body, Vec::new()))
    } else if way.asked.head.stream {
        // Whoever asked for events cannot read anything else.
        Err(UpstreamError::new(Class::Server, "the provider did not stream its answer"))
    } else {
        translate::response(dialect, way.asked.dialect, &body, &attempt.memory)
            .map(|answered| (answered.body, answered.warnings))
    };
    match translated {
        Ok((body, lost)) => {
            let warnings: Vec<String> =
                attempt.warnings.into_iter().chain(lost.iter().map(ToString::to_string)).collect();
            if let Some(draft) = settlement.draft() {
                draft.warnings.clone_from(&warnings);
            }
            settlement.settle(Outcome::Done);
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            way.sign(&mut headers, index, &warnings);
            let mut response = Response::new(Body::from(body));
            *response.headers_mut() = headers;
            *response.status_mut() = StatusCode::OK;
            response
        }
        Err(error) => {
            settlement.settle(Outcome::Failed);
            refuse(way.asked.dialect, Refusal::new(error.class, way.core.redactor.text(&error.message)))
        }
    }
}

/// Another place, the same once more, or the end.
async fn failed(way: &mut Way, index: usize, mut failure: Failure) -> State {
    way.is_held = false;
    let effect = effect(failure.class);
    let is_last = index + 1 >= way.plan.len();
    if is_last && effect.again && failure.may_again {
        let Some(hold) = failure.hold.take() else {
            // Charged already: what comes now is a call of its own.
            tokio::time::sleep(way.pause_of(AGAIN_AFTER)).await;
            return State::Reserve { index, again: true };
        };
        let hold = way.pause(index, hold, failure.was_sent, way.pause_of(AGAIN_AFTER)).await;
        return State::Send { index, again: true, hold };
    }
    let name = failure.class.name();
    tracing::info!(left = %way.plan[index], why = name, "a provider did not answer a call");
    way.left.push(format!("{}: {name}", way.plan[index]));
    way.remember(index, failure);
    if effect.move_on && !is_last {
        return State::Reserve { index: index + 1, again: false };
    }
    State::Answered(way.give_up())
}

/// Nano-dollars for people.
fn dollars(nanos: u64) -> String {
    const DOLLAR: u64 = 1_000_000_000;
    const CENT_OF_A_CENT: u64 = DOLLAR / 10_000;
    format!("{}.{:04}", nanos / DOLLAR, nanos % DOLLAR / CENT_OF_A_CENT)
}
