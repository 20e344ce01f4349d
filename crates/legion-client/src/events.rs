//! The events of the log, as they happen.

use std::time::Duration;

use futures_util::{Stream, stream};
use http::header::CONTENT_TYPE;
use http_body_util::BodyExt;
use legion_api::{Event, Problem, ProblemCode, paths};
use tokio::time::{sleep, timeout};

use crate::backoff::Backoff;
use crate::body::read_all;
use crate::call::{Call, excerpt};
use crate::connection::ExchangeError;
use crate::project::ProjectClient;
use crate::query::PathAndQuery;
use crate::sse::{Frame, Parser};
use crate::stopwatch::Stopwatch;
use crate::{Body, BoxError, Client, ClientError};

/// The kind of an event that says that the reader was too slow. It is not in the log.
const LAGGED: &str = "lagged";
/// The service sends a comment at least every 15 s; after four missed ones the connection is taken for dead.
const SILENCE_MAX: Duration = Duration::from_secs(60);
/// How much of a refusal is read.
const REFUSAL_BYTES_MAX: usize = 64 * 1024;

impl Client {
    /// Returns the events after a number; without one, those that happen from now on.
    ///
    /// A cut connection is made again, with pauses of 100 ms doubling to 5 s, from the last event that was handed out: none is skipped and
    /// none comes twice. When the service stays away for longer than the client's patience, or refuses, the stream gives that error and
    /// ends.
    pub fn events(&self, after: Option<u64>) -> impl Stream<Item = Result<Event, ClientError>> + Send + Unpin + use<> {
        follow(self.clone(), PathAndQuery::new(paths::EVENTS), after)
    }
}

impl ProjectClient {
    /// As [`Client::events`], of this project only.
    pub fn events(&self, after: Option<u64>) -> impl Stream<Item = Result<Event, ClientError>> + Send + Unpin + use<> {
        follow(self.client.clone(), self.path(paths::EVENTS), after)
    }
}

fn follow(
    client: Client,
    path: PathAndQuery,
    last: Option<u64>,
) -> impl Stream<Item = Result<Event, ClientError>> + Send + Unpin + use<> {
    let feed = Feed { client, path, last, open: None, backoff: Backoff::new(), failing_since: None };
    Box::pin(stream::unfold(Some(feed), |feed| async {
        let mut feed = feed?;
        match feed.next().await {
            Ok(event) => Some((Ok(event), Some(feed))),
            Err(error) => Some((Err(error), None)),
        }
    }))
}

struct Feed {
    client: Client,
    path: PathAndQuery,
    /// The last number handed out, or where the service said that the reader stands.
    last: Option<u64>,
    open: Option<Open>,
    backoff: Backoff,
    failing_since: Option<Stopwatch>,
}

struct Open {
    url: String,
    body: Body,
    parser: Parser,
    /// Frames that arrived and were not handed out yet, the next one last.
    frames: Vec<Frame>,
}

/// Why a connection brings no more events.
enum Cut {
    /// Make another one.
    Again(BoxError),
    /// Make another one; nothing is wrong with the service.
    Lagged,
    /// Another one would be no better.
    Final(ClientError),
}

impl Feed {
    async fn next(&mut self) -> Result<Event, ClientError> {
        loop {
            let cut = match &mut self.open {
                None => match connect(&self.client, &self.path, self.last).await {
                    Ok(open) => {
                        self.open = Some(open);
                        continue;
                    }
                    Err(cut) => cut,
                },
                Some(open) => match open.frame().await {
                    Ok(frame) => {
                        // Only what really arrives ends a failure: a service that accepts and hangs up at once is no service yet.
                        self.backoff.reset();
                        self.failing_since = None;
                        match self.take(frame) {
                            Ok(Some(event)) => return Ok(event),
                            Ok(None) => continue,
                            Err(cut) => cut,
                        }
                    }
                    Err(cut) => cut,
                },
            };
            self.open = None;
            match cut {
                Cut::Again(source) => self.pause(source).await?,
                Cut::Lagged => sleep(self.backoff.next()).await,
                Cut::Final(error) => return Err(error),
            }
        }
    }

    /// Returns the event of a frame, unless it is no event or one that was handed out before.
    fn take(&mut self, frame: Frame) -> Result<Option<Event>, Cut> {
        let url = self.open.as_ref().map(|open| open.url.clone()).unwrap_or_default();
        let Some(data) = frame.data else {
            // An id without data says where the reader stands, so that a cut before the first event loses nothing.
            if let Some(number) = frame.id.and_then(|id| id.parse().ok()) {
                self.last = Some(self.last.map_or(number, |last: u64| last.max(number)));
            }
            return Ok(None);
        };
        let event: Event = serde_json::from_str(&data).map_err(|error| {
            Cut::Final(ClientError::Protocol {
                url,
                what: format!("{error} in the event {}", excerpt(data.as_bytes())),
            })
        })?;
        if event.kind == LAGGED {
            // What was missed follows, unless the service goes on from where this reader has not been.
            let follows = self.last.is_none_or(|last| event.number <= last);
            return if follows { Ok(None) } else { Err(Cut::Lagged) };
        }
        if self.last.is_some_and(|last| event.number <= last) {
            return Ok(None);
        }
        self.last = Some(event.number);
        Ok(Some(event))
    }

    /// Waits before the next connection, or gives up.
    async fn pause(&mut self, source: BoxError) -> Result<(), ClientError> {
        let since = *self.failing_since.get_or_insert_with(Stopwatch::start);
        let patience = self.client.patience;
        let bound = if self.client.shared.was_reached() { patience.lost } else { patience.unreached };
        let pause = self.backoff.next();
        if since.elapsed() + pause > bound {
            return Err(ClientError::Unreachable { url: self.client.url(), source });
        }
        sleep(pause).await;
        self.client.shared.rediscover();
        Ok(())
    }
}

async fn connect(client: &Client, path: &PathAndQuery, last: Option<u64>) -> Result<Open, Cut> {
    let path = path.clone().with_some("after", last);
    let call = Call::get(path).events(last);
    let target = client.shared.target();
    let url = target.transport.url();
    let request = call.request(&target).map_err(Cut::Final)?;
    // A connection of its own: the stream would block a warm one for ever.
    let exchange = target.connections.exchange(&target.transport, request, false);
    let exchanged = match timeout(client.call_timeout, exchange).await {
        Ok(Ok(exchanged)) => exchanged,
        Ok(Err(ExchangeError::NotConnected(source))) => return Err(Cut::Again(source)),
        Ok(Err(ExchangeError::Lost(source))) => {
            client.shared.reached();
            return Err(Cut::Again(source));
        }
        Err(elapsed) => return Err(Cut::Again(elapsed.into())),
    };
    client.shared.reached();
    let (head, body) = exchanged.into_parts().0.into_parts();
    let is_stream = head
        .headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|kind| kind.split(';').next().is_some_and(|kind| kind.trim() == "text/event-stream"));
    if head.status.is_success() && is_stream {
        return Ok(Open { url, body, parser: Parser::default(), frames: Vec::new() });
    }
    let read = timeout(client.call_timeout, read_all(body, REFUSAL_BYTES_MAX)).await;
    let bytes = read.ok().and_then(Result::ok).unwrap_or_default();
    match serde_json::from_slice::<Problem>(&bytes) {
        Ok(problem) if matches!(problem.code, ProblemCode::ShuttingDown | ProblemCode::Busy) => {
            Err(Cut::Again(problem.detail.into()))
        }
        Ok(problem) => Err(Cut::Final(problem.into())),
        Err(_) => {
            let what = format!("status {} {} instead of events", head.status.as_u16(), excerpt(&bytes));
            Err(Cut::Final(ClientError::Protocol { url, what }))
        }
    }
}

impl Open {
    async fn frame(&mut self) -> Result<Frame, Cut> {
        loop {
            if let Some(frame) = self.frames.pop() {
                return Ok(frame);
            }
            let chunk = match timeout(SILENCE_MAX, self.body.frame()).await {
                Ok(Some(Ok(chunk))) => chunk,
                Ok(Some(Err(source))) => return Err(Cut::Again(source)),
                Ok(None) => return Err(Cut::Again("the stream ended".into())),
                Err(elapsed) => return Err(Cut::Again(elapsed.into())),
            };
            let Some(bytes) = chunk.data_ref() else { continue };
            self.frames = self.parser.push(bytes).map_err(|_| {
                let what = format!("an event is longer than {} bytes", crate::sse::EVENT_BYTES_MAX);
                Cut::Final(ClientError::Protocol { url: self.url.clone(), what })
            })?;
            self.frames.reverse();
        }
    }
}
