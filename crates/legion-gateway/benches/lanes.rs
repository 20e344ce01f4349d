//! What the gateway adds to a call: beside a plain pass-through of the same libraries (the floor), in the same run, on a request of
//! an agent (20 tools, 41 messages, some 120 KB) that is answered by 53 events. Provider, lane and caller have a thread each, so that
//! the processor's time is the lane's alone. `cargo bench -p legion-gateway --bench lanes`.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response, Uri};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::client::conn::http1::SendRequest;
use hyper::service::service_fn;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::service::TowerToHyperService;
use legion_gateway::{
    Agents, Allowance, Call, Caller, Dialect, Directory, Gateway, NoAllowance, NotEntered, NotReleased, Options, Route,
    Settings, Target, Who, templates,
};
use legion_runtime::{Environment, Share, SystemClock, TaskScope};
use tokio::net::{TcpListener, TcpStream};
use uuid::Uuid;

/// Calls of one lane in one round.
const CALLS: usize = 400;
const ROUNDS: usize = 3;
const EVENTS: usize = 53;
/// Calls that show whether memory grows; with `LEGION_SOAK` set the long form.
const MANY: usize = 10_000;
const MANY_SOAK: usize = 1_000_000;
const BLOCKS: usize = 3;
const PATH: &str = "/gateway/lgn_bench/anthropic/v1/messages";

fn main() {
    let upstream = thread(|| async { listen().await }, serve_upstream);
    let floor_to = upstream.address.clone();
    let floor = thread(|| async { listen().await }, move |listener| serve_floor(listener, floor_to));
    let lanes = [("pass-through", Dialect::Anthropic), ("translation", Dialect::Chat)].map(|(name, dialect)| {
        let url = format!("http://{}", upstream.address);
        (name, thread(|| async { listen().await }, move |listener| serve_gateway(listener, dialect, url)))
    });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let body = Bytes::from(agent_request());
    println!("request {} bytes, {EVENTS} events, {CALLS} calls a round, best of {ROUNDS} rounds", body.len());
    let mut measured: Vec<(&str, &Thread, Vec<Round>)> =
        vec![("direct", &upstream, Vec::new()), ("floor", &floor, Vec::new())];
    measured.extend(lanes.iter().map(|(name, lane)| (*name, lane, Vec::new())));
    for _ in 0..ROUNDS {
        for (_, lane, rounds) in &mut measured {
            rounds.push(runtime.block_on(round(lane, &body)));
        }
    }
    println!("{:<14}{:>16}{:>16}{:>18}{:>20}", "", "first byte p50", "total p50", "CPU a call", "over the floor p50");
    let best: Vec<(&str, Round)> = measured.iter().map(|(name, _, rounds)| (*name, Round::best(rounds))).collect();
    let floor_round = best[1].1;
    for (name, round) in &best {
        println!(
            "{name:<14}{:>13.3} ms{:>13.3} ms{:>15.3} ms{:>17.3} ms",
            round.first_ms,
            round.total_ms,
            round.cpu_ms,
            round.total_ms - floor_round.total_ms
        );
    }
    for (name, round) in &best[2..] {
        println!(
            "{name}: {:+.3} ms CPU over the floor, {:.1} µs for each event at most",
            round.cpu_ms - floor_round.cpu_ms,
            (round.cpu_ms - floor_round.cpu_ms).max(0.0) * 1_000.0 / EVENTS as f64
        );
    }
    let small = Bytes::from_static(
        br#"{"model":"m","max_tokens":10,"stream":true,"messages":[{"role":"user","content":"hi"}]}"#,
    );
    runtime.block_on(async {
        let mut sender = connect(&lanes[0].1.address).await;
        for _ in 0..MANY / 10 {
            call(&mut sender, &small).await;
        }
        // What grows with the calls grows in each block; what fills up once does not.
        let is_soak = std::env::var_os("LEGION_SOAK").is_some();
        let blocks = if is_soak { [MANY, MANY_SOAK].as_slice() } else { &[MANY; BLOCKS] };
        for (block, calls) in blocks.iter().enumerate() {
            let before = resident() as i64;
            for _ in 0..*calls {
                call(&mut sender, &small).await;
            }
            let (block, now, grown) = (block + 1, resident() / 1024, (resident() as i64 - before) / 1024);
            println!("memory of the whole process, block {block} of {calls} calls: {grown:+} KiB, now {now} KiB");
        }
    });
}

#[derive(Clone, Copy)]
struct Round {
    first_ms: f64,
    total_ms: f64,
    cpu_ms: f64,
}

impl Round {
    fn best(rounds: &[Self]) -> Self {
        let least = |value: fn(&Self) -> f64| rounds.iter().map(value).fold(f64::INFINITY, f64::min);
        Self {
            first_ms: least(|round| round.first_ms),
            total_ms: least(|round| round.total_ms),
            cpu_ms: least(|round| round.cpu_ms),
        }
    }
}

async fn round(lane: &Thread, body: &Bytes) -> Round {
    let mut sender = connect(&lane.address).await;
    for _ in 0..CALLS / 10 {
        call(&mut sender, body).await;
    }
    let cpu = lane.cpu();
    let mut times = Vec::with_capacity(CALLS);
    for _ in 0..CALLS {
        times.push(call(&mut sender, body).await);
    }
    let cpu_ms = (lane.cpu() - cpu).as_secs_f64() * 1_000.0 / CALLS as f64;
    let median = |mut values: Vec<Duration>| {
        values.sort_unstable();
        values[values.len() / 2].as_secs_f64() * 1_000.0
    };
    Round {
        first_ms: median(times.iter().map(|(first, _)| *first).collect()),
        total_ms: median(times.iter().map(|(_, total)| *total).collect()),
        cpu_ms,
    }
}

async fn connect(address: &str) -> SendRequest<Full<Bytes>> {
    let stream = TcpStream::connect(address).await.expect("a connection");
    stream.set_nodelay(true).expect("set");
    let (sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.expect("a connection");
    tokio::spawn(connection);
    sender
}

async fn call(sender: &mut SendRequest<Full<Bytes>>, body: &Bytes) -> (Duration, Duration) {
    sender.ready().await.expect("a connection");
    let request = Request::post(PATH).header("host", "bench").header("content-type", "application/json");
    let began = Instant::now();
    let answer =
        sender.send_request(request.body(Full::new(body.clone())).expect("a request")).await.expect("an answer");
    assert_eq!(answer.status(), 200);
    let mut body = answer.into_body();
    let mut first = None;
    let mut bytes = 0;
    while let Some(frame) = body.frame().await {
        first.get_or_insert_with(|| began.elapsed());
        bytes += frame.expect("whole").data_ref().map_or(0, Bytes::len);
    }
    assert!(bytes > 1_000, "an answer of {bytes} bytes");
    (first.expect("bytes came"), began.elapsed())
}

/// A thread with one server.
struct Thread {
    address: String,
    schedstat: std::path::PathBuf,
}

impl Thread {
    /// Time that the thread was on a processor.
    fn cpu(&self) -> Duration {
        let text = std::fs::read_to_string(&self.schedstat).expect("the kernel counts");
        Duration::from_nanos(text.split(' ').next().expect("a number").parse().expect("a number"))
    }
}

fn thread<L, S, T>(listen: L, serve: S) -> Thread
where
    L: AsyncFnOnce() -> TcpListener + Send + 'static,
    S: FnOnce(TcpListener) -> T + Send + 'static,
    T: Future<Output = ()>,
{
    let (tell, told) = channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let listener = listen().await;
            let thread = std::fs::read_link("/proc/thread-self").expect("a thread");
            tell.send((listener.local_addr().expect("bound").to_string(), thread)).expect("heard");
            serve(listener).await;
        });
    });
    let (address, thread) = told.recv().expect("it listens");
    Thread { address, schedstat: std::path::Path::new("/proc").join(thread).join("schedstat") }
}

async fn listen() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").await.expect("a port")
}

type Answer = Response<BoxBody<Bytes, hyper::Error>>;

async fn serve_upstream(listener: TcpListener) {
    let (messages, chat) = (Arc::new(message_events()), Arc::new(chat_events()));
    accept(listener, move |request: Request<Incoming>| {
        let events = if request.uri().path().ends_with("completions") { chat.clone() } else { messages.clone() };
        async move {
            request.into_body().collect().await.expect("a request");
            // An event is on its way before the next is made.
            let stream = futures_util::stream::unfold((events, 0), |(events, index)| async move {
                tokio::task::yield_now().await;
                let event = events.get(index)?.clone();
                Some((Ok::<_, hyper::Error>(Frame::data(event)), (events, index + 1)))
            });
            let answer = Response::builder().header("content-type", "text/event-stream");
            Ok::<Answer, Infallible>(
                answer.body(BoxBody::new(StreamBody::new(Box::pin(stream).into_sync()))).expect("an answer"),
            )
        }
    })
    .await;
}

/// Makes a stream that is polled by one thread only fit to be boxed.
trait IntoSync: Sized {
    fn into_sync(self) -> SyncStream<Self> {
        SyncStream(std::sync::Mutex::new(self))
    }
}
impl<S: futures_util::Stream + Unpin> IntoSync for S {}
struct SyncStream<S>(std::sync::Mutex<S>);
impl<S: futures_util::Stream + Unpin> futures_util::Stream for SyncStream<S> {
    type Item = S::Item;
    fn poll_next(
        self: std::pin::Pin<&mut Self>,
        context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<S::Item>> {
        std::pin::Pin::new(&mut *self.0.lock().expect("whole")).poll_next(context)
    }
}

async fn serve_floor(listener: TcpListener, upstream: String) {
    let mut connector = HttpConnector::new();
    connector.set_nodelay(true);
    let client: Client<HttpConnector, Full<Bytes>> = Client::builder(TokioExecutor::new()).build(connector);
    accept(listener, move |request: Request<Incoming>| {
        let (client, upstream) = (client.clone(), upstream.clone());
        async move {
            let body = request.into_body().collect().await.expect("a request").to_bytes();
            let uri: Uri = format!("http://{upstream}/v1/messages").parse().expect("an address");
            let request = Request::post(uri).header("content-type", "application/json").body(Full::new(body));
            let answer = client.request(request.expect("a request")).await.expect("an answer");
            Ok::<Answer, Infallible>(answer.map(BoxBody::new))
        }
    })
    .await;
}

async fn serve_gateway(listener: TcpListener, dialect: Dialect, url: String) {
    let provider = match dialect {
        Dialect::Anthropic => legion_gateway::Provider {
            authorization: legion_gateway::Authorization::None,
            url,
            ..templates::anthropic("one")
        },
        Dialect::Chat | Dialect::Responses => templates::vllm("one", &url),
    };
    let route = Route {
        who: Who::Default,
        agents: Agents::All,
        asked: None,
        target: Target { provider: "one".to_owned(), model: Some("m".to_owned()) },
        fallbacks: Vec::new(),
    };
    let settings =
        Settings { providers: [("one".to_owned(), provider)].into(), routes: vec![route], ..Settings::default() };
    let dir = tempfile::tempdir().expect("a directory");
    let options = Options {
        clock: Arc::new(SystemClock::new()),
        tasks: TaskScope::new(),
        data_dir: dir.path().to_owned(),
        environment: Arc::new(Environment::default()),
        share: Share::ALL,
    };
    let gateway = Gateway::new(Arc::new(Books(Arc::new(settings))), options).expect("a gateway");
    let router = gateway.router();
    loop {
        let (stream, _) = listener.accept().await.expect("a connection");
        stream.set_nodelay(true).expect("set");
        let service = TowerToHyperService::new(router.clone());
        let connection = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service);
        tokio::spawn(connection);
    }
}

async fn accept<F, T>(listener: TcpListener, answer: F)
where
    F: Fn(Request<Incoming>) -> T + Clone + Send + 'static,
    T: Future<Output = Result<Answer, Infallible>> + Send + 'static,
{
    loop {
        let (stream, _) = listener.accept().await.expect("a connection");
        stream.set_nodelay(true).expect("set");
        let connection = hyper::server::conn::http1::Builder::new()
            .serve_connection(TokioIo::new(stream), service_fn(answer.clone()));
        tokio::spawn(connection);
    }
}

struct Books(Arc<Settings>);

#[async_trait]
impl Directory for Books {
    async fn caller(&self, _: &str) -> Option<Caller> {
        Some(Caller { agent: Some("a".to_owned()), ..Caller::default() })
    }
    fn settings(&self) -> Arc<Settings> {
        self.0.clone()
    }
    async fn allowance(&self, _: &Caller, nanos: u64) -> Result<Allowance, NoAllowance> {
        Ok(Allowance { id: Uuid::from_u128(1), nanos: nanos.saturating_mul(1_000) })
    }
    async fn key_used(&self, _: &Caller, _: &str) -> Result<(), NotEntered> {
        Ok(())
    }
    fn settle(&self, call: Call) {
        assert!(!call.estimated, "{call:?}");
    }
    async fn refused(&self, _: Result<&Caller, Option<&str>>, _: &str, _: &str) {}
    async fn release(&self, _: Uuid) -> Result<(), NotReleased> {
        Ok(())
    }
    fn lane_closed(&self, _: legion_gateway::ClosedLane) {}
    fn lane_opened(&self, _: &str, _: Option<&str>) {}
}

/// Like one of an agent in the middle of its work.
fn agent_request() -> String {
    let filler = |index: usize, bytes: usize| {
        format!("line {index} of some code or prose that an agent reads ").repeat(bytes / 52)
    };
    let tools: Vec<String> = (0..20)
        .map(|index| {
            format!(
                r#"{{"name":"tool_{index}","description":"{}","input_schema":{{"type":"object","properties":{{"path":{{"type":"string","description":"where"}},"count":{{"type":"integer"}}}},"required":["path"]}}}}"#,
                filler(index, 900)
            )
        })
        .collect();
    let messages: Vec<String> = (0..41)
        .map(|index| match (index, index % 2) {
            (0, _) => format!(r#"{{"role":"user","content":"{}"}}"#, filler(index, 1_000)),
            (_, 1) => format!(
                r#"{{"role":"assistant","content":[{{"type":"text","text":"{}"}},{{"type":"tool_use","id":"toolu_{index}","name":"tool_1","input":{{"path":"/src/{index}","count":{index}}}}}]}}"#,
                filler(index, 400)
            ),
            _ => format!(
                r#"{{"role":"user","content":[{{"type":"tool_result","tool_use_id":"toolu_{}","content":"{}"}}]}}"#,
                index - 1,
                filler(index, 4_100)
            ),
        })
        .collect();
    format!(
        r#"{{"model":"claude","max_tokens":32000,"stream":true,"system":[{{"type":"text","text":"{}","cache_control":{{"type":"ephemeral"}}}}],"tools":[{}],"messages":[{}]}}"#,
        filler(0, 12_000),
        tools.join(","),
        messages.join(",")
    )
}

fn message_events() -> Vec<Bytes> {
    let event = |name: &str, data: String| Bytes::from(format!("event: {name}\ndata: {data}\n\n"));
    let mut events = vec![
        event("message_start", r#"{"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant","model":"m","content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":30000,"output_tokens":1}}}"#.to_owned()),
        event("content_block_start", r#"{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}"#.to_owned()),
    ];
    for index in 0..EVENTS - 5 {
        let data = format!(
            r#"{{"type":"content_block_delta","index":0,"delta":{{"type":"text_delta","text":"some words {index} "}}}}"#
        );
        events.push(event("content_block_delta", data));
    }
    events.push(event("content_block_stop", r#"{"type":"content_block_stop","index":0}"#.to_owned()));
    events.push(event("message_delta", r#"{"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"output_tokens":200}}"#.to_owned()));
    events.push(event("message_stop", r#"{"type":"message_stop"}"#.to_owned()));
    events
}

fn chat_events() -> Vec<Bytes> {
    let chunk = |choices: &str, rest: &str| {
        Bytes::from(format!(
            "data: {{\"id\":\"c1\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"m\",\"choices\":{choices}{rest}}}\n\n"
        ))
    };
    let mut events = vec![chunk(r#"[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}]"#, "")];
    for index in 0..EVENTS - 4 {
        events.push(chunk(
            &format!(r#"[{{"index":0,"delta":{{"content":"some words {index} "}},"finish_reason":null}}]"#),
            "",
        ));
    }
    events.push(chunk(r#"[{"index":0,"delta":{},"finish_reason":"stop"}]"#, ""));
    events.push(chunk("[]", r#","usage":{"prompt_tokens":30000,"completion_tokens":200,"total_tokens":30200}"#));
    events.push(Bytes::from_static(b"data: [DONE]\n\n"));
    events
}

/// Bytes of this process that are in memory.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.trim().split(' ').next()?.parse::<u64>().ok()).unwrap_or(0) * 1024
}
