//! A scripted provider over a real socket. The script writes the answer's bytes itself, so that it can do whatever a provider
//! does wrong.

use std::collections::BTreeMap;
use std::future::Future;
use std::path::Path;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, UnixListener};

/// A request as it arrived.
#[derive(Debug, Clone)]
pub struct Received {
    /// Number of the request, from 0.
    pub number: usize,
    pub line: String,
    pub headers: BTreeMap<String, String>,
    pub body: Vec<u8>,
}

impl Received {
    /// Everything as text, for looking for what must not be there.
    pub fn text(&self) -> String {
        format!("{} {:?} {}", self.line, self.headers, String::from_utf8_lossy(&self.body))
    }
}

pub trait Io: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Io for T {}

/// A connection on which the answer is written.
pub struct Conn(pub Box<dyn Io>);

type Answering = Pin<Box<dyn Future<Output = ()> + Send>>;
type Script = Arc<dyn Fn(Received, Conn) -> Answering + Send + Sync>;

#[derive(Clone)]
pub struct Upstream {
    pub url: String,
    requests: Arc<Mutex<Vec<Received>>>,
    connections: Arc<AtomicUsize>,
}

impl Upstream {
    /// Answers each request by the script, on a connection of its own.
    pub async fn start<F, T>(script: F) -> Self
    where
        F: Fn(Received, Conn) -> T + Send + Sync + 'static,
        T: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("bound"));
        let (upstream, script) = Self::new(url, script);
        let requests = upstream.requests.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                stream.set_nodelay(true).expect("set");
                tokio::spawn(serve(Box::new(stream), requests.clone(), script.clone()));
            }
        });
        upstream
    }

    /// On a unix socket.
    pub async fn start_unix<F, T>(path: &Path, script: F) -> Self
    where
        F: Fn(Received, Conn) -> T + Send + Sync + 'static,
        T: Future<Output = ()> + Send + 'static,
    {
        let listener = UnixListener::bind(path).expect("a socket");
        let (upstream, script) = Self::new(format!("unix:{}", path.display()), script);
        let requests = upstream.requests.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(Box::new(stream), requests.clone(), script.clone()));
            }
        });
        upstream
    }

    /// Over TLS, with the server's own certificate.
    pub async fn start_tls<F, T>(config: rustls::ServerConfig, script: F) -> Self
    where
        F: Fn(Received, Conn) -> T + Send + Sync + 'static,
        T: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("https://localhost:{}", listener.local_addr().expect("bound").port());
        let (upstream, script) = Self::new(url, script);
        let (requests, connections) = (upstream.requests.clone(), upstream.connections.clone());
        let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                connections.fetch_add(1, Ordering::SeqCst);
                let (acceptor, requests, script) = (acceptor.clone(), requests.clone(), script.clone());
                tokio::spawn(async move {
                    if let Ok(stream) = acceptor.accept(stream).await {
                        serve(Box::new(stream), requests, script).await;
                    }
                });
            }
        });
        upstream
    }

    /// Answers every request with a whole answer.
    pub async fn fixed(status: u16, headers: &'static [(&'static str, &'static str)], body: impl Into<String>) -> Self {
        let body = body.into();
        Self::start(move |_, mut conn| {
            let body = body.clone();
            async move { conn.answer(status, headers, body.as_bytes()).await }
        })
        .await
    }

    /// Answers every request with a stream of events.
    pub async fn streaming(events: Vec<String>) -> Self {
        Self::start(move |_, mut conn| {
            let events = events.clone();
            async move {
                conn.open().await;
                for event in &events {
                    conn.send(event).await;
                }
                conn.end().await;
            }
        })
        .await
    }

    pub fn requests(&self) -> Vec<Received> {
        self.requests.lock().expect("whole").clone()
    }

    pub fn count(&self) -> usize {
        self.requests.lock().expect("whole").len()
    }

    /// Connections that came over TLS, whatever became of them.
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    /// Forgets the requests that came.
    pub fn forget(&self) {
        *self.requests.lock().expect("whole") = Vec::new();
    }

    fn new<F, T>(url: String, script: F) -> (Self, Script)
    where
        F: Fn(Received, Conn) -> T + Send + Sync + 'static,
        T: Future<Output = ()> + Send + 'static,
    {
        let script: Script = Arc::new(move |received, conn| Box::pin(script(received, conn)));
        (Self { url, requests: Arc::default(), connections: Arc::default() }, script)
    }
}

async fn serve(mut stream: Box<dyn Io>, requests: Arc<Mutex<Vec<Received>>>, script: Script) {
    let mut bytes = Vec::new();
    let (head_end, length) = loop {
        let mut buffer = [0; 16 * 1024];
        match stream.read(&mut buffer).await {
            Ok(read) if read > 0 => bytes.extend_from_slice(&buffer[..read]),
            _ => return,
        }
        let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else { continue };
        let head = String::from_utf8_lossy(&bytes[..end]).to_lowercase();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.trim().parse::<usize>().ok());
        break (end, length.unwrap_or(0));
    };
    while bytes.len() < head_end + 4 + length {
        let mut buffer = [0; 16 * 1024];
        match stream.read(&mut buffer).await {
            Ok(read) if read > 0 => bytes.extend_from_slice(&buffer[..read]),
            _ => return,
        }
    }
    let head = String::from_utf8_lossy(&bytes[..head_end]).into_owned();
    let mut lines = head.lines();
    let line = lines.next().unwrap_or_default().to_owned();
    let pairs = lines.filter_map(|line| line.split_once(": "));
    let headers = pairs.map(|(name, value)| (name.to_lowercase(), value.to_owned())).collect();
    let received = {
        let mut all = requests.lock().expect("whole");
        let received = Received { number: all.len(), line, headers, body: bytes[head_end + 4..].to_vec() };
        all.push(received.clone());
        received
    };
    script(received, Conn(stream)).await;
}

impl Conn {
    /// A whole answer.
    pub async fn answer(&mut self, status: u16, headers: &[(&str, &str)], body: &[u8]) {
        let mut head = format!(
            "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n",
            body.len()
        );
        for (name, value) in headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str("\r\n");
        self.raw(head.as_bytes()).await;
        self.raw(body).await;
    }

    /// The head of a stream.
    pub async fn open(&mut self) {
        self.raw(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\nrequest-id: req_1\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n")
            .await;
    }

    /// Bytes of a stream, as one chunk.
    pub async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        let bytes = bytes.as_ref();
        let mut chunk = format!("{:x}\r\n", bytes.len()).into_bytes();
        chunk.extend_from_slice(bytes);
        chunk.extend_from_slice(b"\r\n");
        self.raw(&chunk).await;
    }

    /// The end of a stream.
    pub async fn end(&mut self) {
        self.raw(b"0\r\n\r\n").await;
    }

    /// Bytes as they are. That the other end is gone is no failure of a script.
    pub async fn raw(&mut self, bytes: &[u8]) {
        if self.0.write_all(bytes).await.is_ok() {
            self.0.flush().await.ok();
        }
    }

    /// Waits until the other end hangs up.
    pub async fn hung_up(&mut self) {
        let mut buffer = [0; 64];
        while self.0.read(&mut buffer).await.is_ok_and(|read| read > 0) {}
    }
}
