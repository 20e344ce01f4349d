//! A running gateway.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use legion_gateway::{
    Agents, Authorization, Directory, Gateway, KeySource, Options, Origin, Price, Provider, Route, Settings, Target,
    Who, templates,
};
use legion_runtime::{Environment, Share, SystemClock, TaskScope};
use tempfile::TempDir;
use tokio::net::{TcpListener, TcpStream, UnixListener};

use crate::support::client::{Got, Opened, send};
use crate::support::{AGENT, Books, Upstream};

pub struct Service {
    pub gateway: Gateway,
    pub books: Arc<Books>,
    pub address: String,
    dir: TempDir,
}

impl Service {
    /// With Anthropic providers at these addresses, the first of them the default route and the others its fallbacks.
    pub async fn start(upstreams: &[(&str, &Upstream)]) -> Self {
        let providers = upstreams.iter().map(|(name, upstream)| anthropic(name, &upstream.url)).collect();
        Self::with(providers).await
    }

    /// As [`Service::start`], for agents that may have no more than this.
    pub async fn sharing(share: Share, upstream: &Upstream) -> Self {
        Self::sharing_of(share, settings(vec![anthropic("one", &upstream.url)])).await
    }

    pub async fn with(providers: Vec<Provider>) -> Self {
        Self::of(settings(providers)).await
    }

    pub async fn of(settings: Settings) -> Self {
        Self::sharing_of(Share::ALL, settings).await
    }

    async fn sharing_of(share: Share, settings: Settings) -> Self {
        let books = Arc::new(Books::default());
        books.lock().settings = Arc::new(settings);
        let dir = tempfile::tempdir().expect("a directory");
        let options = Options {
            clock: Arc::new(SystemClock::new()),
            tasks: TaskScope::new(),
            data_dir: dir.path().join("gateway"),
            environment: Arc::new(Environment::from_pairs([("TEST_KEY", "canary-of-the-environment")])),
            share,
        };
        let directory: Arc<dyn Directory> = books.clone();
        let gateway = Gateway::new(directory, options).expect("a gateway");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("bound").to_string();
        let router = gateway.router();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                stream.set_nodelay(true).expect("set");
                tokio::spawn(serve(stream, router.clone()));
            }
        });
        let service = Self { gateway, books, address, dir };
        for name in service.books.settings().providers.keys() {
            service.keep_key(name, &format!("canary-key-of-{name}"));
        }
        service
    }

    /// Keeps a key for a provider, at the address that it has now.
    pub fn keep_key(&self, provider: &str, key: &str) {
        let origin = Origin::of(&self.books.settings().providers[provider].url).expect("an address");
        self.gateway.secrets().set(provider, &origin, key).expect("kept");
    }

    /// Serves on a unix socket, too.
    pub fn listen_unix(&self) -> PathBuf {
        let path = self.dir.path().join("gateway.sock");
        let listener = UnixListener::bind(&path).expect("a socket");
        let router = self.gateway.router();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, router.clone()));
            }
        });
        path
    }

    pub fn data_dir(&self) -> PathBuf {
        self.dir.path().join("gateway")
    }

    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    pub async fn open(&self, path: &str, headers: &[(&str, &str)], body: impl Into<Bytes>) -> Opened {
        let stream = TcpStream::connect(&self.address).await.expect("a connection");
        stream.set_nodelay(true).expect("set");
        send(stream, request("POST", path, headers, body.into())).await
    }

    pub async fn post(&self, path: &str, headers: &[(&str, &str)], body: impl Into<Bytes>) -> Got {
        self.open(path, headers, body).await.rest().await
    }

    pub async fn get(&self, path: &str) -> Got {
        let stream = TcpStream::connect(&self.address).await.expect("a connection");
        send(stream, request("GET", path, &[("x-api-key", AGENT)], Bytes::new())).await.rest().await
    }

    /// An Anthropic call of the agent `a1`.
    pub async fn message(&self, body: impl Into<Bytes>) -> Got {
        self.open_message(body).await.rest().await
    }

    pub async fn open_message(&self, body: impl Into<Bytes>) -> Opened {
        self.open("/gateway/anthropic/v1/messages", &[("x-api-key", AGENT)], body).await
    }
}

pub fn request(method: &str, path: &str, headers: &[(&str, &str)], body: Bytes) -> Request<Full<Bytes>> {
    let mut request = Request::builder()
        .method(method)
        .uri(path)
        .header("host", "gateway")
        .header("content-type", "application/json");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(Full::new(body)).expect("a request")
}

/// A provider whose models cost one dollar for a million tokens of prompt, and ten of output.
pub fn anthropic(name: &str, url: &str) -> Provider {
    let price = Price { input: 1_000_000_000, output: 10_000_000_000, ..Price::default() };
    Provider {
        url: url.to_owned(),
        authorization: Authorization::Key(KeySource::Sealed),
        prices: [("m".to_owned(), price)].into(),
        models: vec!["m".to_owned()],
        ..templates::anthropic(name)
    }
}

async fn serve<S>(stream: S, router: axum::Router)
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Send + Unpin + 'static,
{
    let service = TowerToHyperService::new(router);
    hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .serve_connection(TokioIo::new(stream), service)
        .await
        .ok();
}

/// The first provider is the default route, the others are its fallbacks.
fn settings(providers: Vec<Provider>) -> Settings {
    let target = |provider: &Provider| Target { provider: provider.name.clone(), model: None };
    let routes = providers.split_first().map(|(first, others)| Route {
        who: Who::Default,
        agents: Agents::All,
        asked: None,
        target: target(first),
        fallbacks: others.iter().map(target).collect(),
    });
    Settings {
        providers: providers.into_iter().map(|provider| (provider.name.clone(), provider)).collect(),
        routes: routes.into_iter().collect(),
        ..Settings::default()
    }
}
