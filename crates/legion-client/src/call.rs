//! One call: built once, tried until it is answered or patience ends.

use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HOST, USER_AGENT};
use http::{HeaderValue, Method, Request, StatusCode};
use legion_api::paths::IDEMPOTENCY_KEY;
use legion_api::{Problem, ProblemCode};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::time::{sleep, timeout};

use crate::backoff::Backoff;
use crate::body::{ReadError, read_all};
use crate::client::{Client, Target};
use crate::connection::ExchangeError;
use crate::query::PathAndQuery;
use crate::stopwatch::Stopwatch;
use crate::{BoxError, ClientError, Patience};

/// The largest answer that is read. A tree of 10,000 agents takes about a tenth of it.
const ANSWER_BYTES_MAX: usize = 64 * 1024 * 1024;
/// How much of a foreign answer is shown.
const EXCERPT_CHARS_MAX: usize = 200;
/// What the service accepts as a key.
const KEY_BYTES_MAX: usize = 128;

const AGENT: &str = concat!("legion/", env!("CARGO_PKG_VERSION"));

/// A request before it has an address.
#[derive(Debug)]
pub(crate) struct Call {
    method: Method,
    path: String,
    body: Option<Bytes>,
    key: Option<HeaderValue>,
    accept: &'static str,
    last_event: Option<u64>,
    timeout: Option<Duration>,
    patience: Option<Patience>,
    /// Whether it may be sent again after a connection broke.
    repeatable: bool,
}

impl Call {
    pub(crate) fn get(path: PathAndQuery) -> Self {
        Self {
            method: Method::GET,
            path: path.into_string(),
            body: None,
            key: None,
            accept: "application/json",
            last_event: None,
            timeout: None,
            patience: None,
            repeatable: true,
        }
    }

    /// A call that changes something, under the given key or a fresh one.
    pub(crate) fn change(method: Method, path: PathAndQuery, key: Option<&str>) -> Result<Self, ClientError> {
        let key = match key {
            Some(key) => checked_key(key)?,
            None => HeaderValue::from_str(&uuid::Uuid::new_v4().to_string()).expect("a uuid is visible ASCII"),
        };
        Ok(Self { method, key: Some(key), ..Self::get(path) })
    }

    pub(crate) fn json(mut self, body: &impl Serialize) -> Result<Self, ClientError> {
        let body = serde_json::to_vec(body).map_err(|error| ClientError::Invalid {
            what: format!("the request cannot be written as JSON: {error}"),
        })?;
        self.body = Some(body.into());
        Ok(self)
    }

    pub(crate) fn events(mut self, last: Option<u64>) -> Self {
        self.accept = "text/event-stream";
        self.last_event = last;
        self
    }

    pub(crate) fn within(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    pub(crate) fn patience(mut self, patience: Patience) -> Self {
        self.patience = Some(patience);
        self
    }

    /// Never sends it twice, whatever happens to the connection.
    pub(crate) fn once(mut self) -> Self {
        self.repeatable = false;
        self
    }

    pub(crate) fn request(&self, target: &Target) -> Result<Request<Bytes>, ClientError> {
        let mut request = Request::new(self.body.clone().unwrap_or_default());
        *request.method_mut() = self.method.clone();
        *request.uri_mut() =
            self.path.parse().map_err(|_| ClientError::Invalid { what: format!("`{}` is no path", self.path) })?;
        let headers = request.headers_mut();
        headers.insert(HOST, target.host.clone());
        headers.insert(USER_AGENT, HeaderValue::from_static(AGENT));
        headers.insert(ACCEPT, HeaderValue::from_static(self.accept));
        if let Some(bearer) = &target.bearer {
            headers.insert(AUTHORIZATION, bearer.clone());
        }
        if self.body.is_some() {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        if let Some(key) = &self.key {
            headers.insert(IDEMPOTENCY_KEY, key.clone());
        }
        if let Some(number) = self.last_event {
            headers.insert("last-event-id", HeaderValue::from(number));
        }
        Ok(request)
    }
}

fn checked_key(key: &str) -> Result<HeaderValue, ClientError> {
    let fits = (1..=KEY_BYTES_MAX).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic());
    fits.then(|| HeaderValue::from_str(key).ok()).flatten().ok_or_else(|| ClientError::Invalid {
        what: format!("an idempotency key has 1 to {KEY_BYTES_MAX} visible ASCII characters"),
    })
}

/// An answer that was read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    url: String,
    status: StatusCode,
    body: Bytes,
}

impl Answer {
    /// Reads the body as JSON.
    pub(crate) fn read<T: DeserializeOwned>(&self) -> Result<T, ClientError> {
        serde_json::from_slice(&self.body)
            .map_err(|error| self.foreign(format!("{error} in {} {}", self.status.as_u16(), excerpt(&self.body))))
    }

    /// Reads the body as JSON; null when the service had nothing to say.
    pub(crate) fn read_some<T: DeserializeOwned>(&self) -> Result<Option<T>, ClientError> {
        if self.status == StatusCode::NO_CONTENT { Ok(None) } else { self.read().map(Some) }
    }

    fn problem(&self) -> Option<Problem> {
        serde_json::from_slice(&self.body).ok()
    }

    fn checked(self) -> Result<Self, ClientError> {
        if self.status.is_success() {
            return Ok(self);
        }
        match self.problem() {
            Some(problem) => Err(problem.into()),
            None => Err(self.foreign(format!("status {} {}", self.status.as_u16(), excerpt(&self.body)))),
        }
    }

    fn foreign(&self, what: String) -> ClientError {
        ClientError::Protocol { url: self.url.clone(), what }
    }
}

/// The beginning of a foreign answer, on one line.
pub(crate) fn excerpt(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(&body[..body.len().min(4 * EXCERPT_CHARS_MAX)]);
    let shown: String = text.chars().take(EXCERPT_CHARS_MAX).map(|c| if c.is_control() { ' ' } else { c }).collect();
    format!("`{}`", shown.trim())
}

/// Why one try brought no answer.
enum TryError {
    /// Worth another try.
    Unanswered {
        sent: bool,
        source: BoxError,
    },
    Final(ClientError),
}

impl Client {
    /// Makes a call: repeats it, unchanged, while the service cannot be reached and patience lasts.
    pub(crate) async fn call(&self, call: &Call) -> Result<Answer, ClientError> {
        let patience = call.patience.unwrap_or(self.patience);
        let mut backoff = Backoff::new();
        let mut failing_since = None;
        loop {
            let target = self.shared.target();
            let (url, sent, source) = match self.try_once(call, &target).await {
                Ok(answer) => match answer.problem().filter(|_| !answer.status.is_success()) {
                    // It was not done, and the service that comes next will do it.
                    Some(problem) if problem.code == ProblemCode::ShuttingDown => {
                        (answer.url.clone(), false, problem_source(problem))
                    }
                    _ => return answer.checked(),
                },
                Err(TryError::Unanswered { sent, source }) => (target.transport.url(), sent, source),
                Err(TryError::Final(error)) => return Err(error),
            };
            let since = *failing_since.get_or_insert_with(Stopwatch::start);
            let bound = if self.shared.was_reached() { patience.lost } else { patience.unreached };
            let pause = backoff.next();
            if (sent && !call.repeatable) || since.elapsed() + pause > bound {
                return Err(match source.downcast::<Ended>() {
                    Ok(ended) => ended.0.into(),
                    Err(source) => ClientError::Unreachable { url, source },
                });
            }
            sleep(pause).await;
            self.shared.rediscover();
        }
    }

    async fn try_once(&self, call: &Call, target: &Target) -> Result<Answer, TryError> {
        let request = call.request(target).map_err(TryError::Final)?;
        let url = target.transport.url();
        let after = call.timeout.unwrap_or(self.call_timeout);
        let exchange = async {
            let exchanged = target.connections.exchange(&target.transport, request, call.repeatable).await;
            let exchanged = exchanged.map_err(|error| match error {
                ExchangeError::NotConnected(source) => TryError::Unanswered { sent: false, source },
                ExchangeError::Lost(source) => {
                    self.shared.reached();
                    TryError::Unanswered { sent: true, source }
                }
            })?;
            self.shared.reached();
            let (response, sender) = exchanged.into_parts();
            let (head, body) = response.into_parts();
            match read_all(body, ANSWER_BYTES_MAX).await {
                Ok(body) => {
                    target.connections.keep(sender);
                    Ok(Answer { url: url.clone(), status: head.status, body })
                }
                Err(ReadError::TooLong) => {
                    let what = format!("it is longer than {ANSWER_BYTES_MAX} bytes");
                    Err(TryError::Final(ClientError::Protocol { url: url.clone(), what }))
                }
                Err(ReadError::Broken(source)) => Err(TryError::Unanswered { sent: true, source }),
            }
        };
        match timeout(after, exchange).await {
            Ok(tried) => tried,
            Err(_) => Err(TryError::Final(ClientError::TimedOut { url: url.clone(), after })),
        }
    }
}

/// The problem of a service that is ending, kept until patience ends.
#[derive(Debug, thiserror::Error)]
#[error("the service is ending")]
struct Ended(Problem);

fn problem_source(problem: Problem) -> BoxError {
    Box::new(Ended(problem))
}
