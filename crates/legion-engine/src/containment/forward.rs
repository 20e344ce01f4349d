//! The way from agents without a network to the provider: to the one address that the person configured, and to nothing else.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use legion_process::peer::loopback_user;
use legion_runtime::{TaskKind, TaskScope, Visit, Visitors};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::provider::{Provider, Target};
use crate::engine::{Engine, Inner};

/// Connections at the same time.
const CONNECTIONS_MAX: usize = 1_024;
/// How long the provider may take to answer the call.
const DIAL_MAX: Duration = Duration::from_secs(30);
/// Bytes of the head of a request for a tunnel, or of its answer.
const HEAD_BYTES_MAX: usize = 8 * 1024;
const HEAD_MAX: Duration = Duration::from_secs(10);
/// How long to wait when no connection can be accepted.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

impl Engine {
    /// Begins to listen for agents that have no network. A socket of a service before this one is replaced in one step.
    ///
    /// # Errors
    /// When the socket cannot be made.
    pub(crate) fn forward_to_provider(&self) -> io::Result<()> {
        let inner = &self.inner;
        let containment = &inner.containment;
        let door = |path: &Path| io::Result::Ok(Door { listener: listen(path)?, visitors: Visitors::default() });
        forward(&inner.tasks, door(&containment.provider_socket())?, containment.provider.clone());
        if let Some(target) = containment.gateway.clone() {
            let gateway = Provider::Plain { target, rest: String::new() };
            forward(&inner.tasks, door(&containment.gateway_socket())?, gateway);
        }
        // Agents that outlived the service before this one ask the port that they were given.
        if last_port(inner).is_some() {
            provider_port(inner);
        }
        Ok(())
    }

    /// The socket on which the faces are to be served for agents that have no network.
    ///
    /// # Errors
    /// When the socket cannot be made.
    pub fn listen_for_agents(&self) -> io::Result<UnixListener> {
        listen(&self.inner.containment.service_socket())
    }
}

/// The port of this machine that leads to the provider, for agents among the machine's own network (tier `landlock`), which reach ports and
/// no names. Opened for the first of them, and from then on the same; none when that fails.
pub(super) fn provider_port(inner: &Inner) -> Option<u16> {
    let mut port = inner.containment.provider_port.lock().unwrap_or_else(PoisonError::into_inner);
    if port.is_none() {
        let opened = open_port(inner);
        *port = opened.inspect_err(|error| tracing::warn!(%error, "no port leads to the provider")).ok();
    }
    *port
}

fn open_port(inner: &Inner) -> io::Result<u16> {
    let bind = |port| std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, port));
    let listener = last_port(inner).and_then(|port| bind(port).ok()).map_or_else(|| bind(0), Ok)?;
    listener.set_nonblocking(true)?;
    let port = listener.local_addr()?.port();
    std::fs::write(port_file(inner), port.to_string())?;
    let containment = &inner.containment;
    let gate = Gate {
        listener: TcpListener::from_std(listener)?,
        visitors: Visitors::default(),
        users: containment.config.user_ids.unwrap_or_default(),
    };
    forward(&inner.tasks, gate, containment.provider.clone());
    Ok(port)
}

fn last_port(inner: &Inner) -> Option<u16> {
    std::fs::read_to_string(port_file(inner)).ok()?.trim().parse().ok()
}

fn port_file(inner: &Inner) -> PathBuf {
    inner.data_dir.root().join("model-port")
}

fn forward(tasks: &TaskScope, listener: impl Accept + Send + Sync + 'static, provider: Provider) {
    let scope = tasks.clone();
    tasks.spawn(TaskKind::Listener, move |cancel| async move {
        tokio::select! {
            biased;
            () = cancel.cancelled() => {}
            () = accept(listener, scope, provider) => {}
        }
    });
}

/// Listens at `path`, whatever was there. Who may come in is decided by the directory, which is its owner's alone.
fn listen(path: &Path) -> io::Result<UnixListener> {
    let fresh = path.with_extension("n");
    match std::fs::remove_file(&fresh) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let listener = UnixListener::bind(&fresh)?;
    std::fs::set_permissions(&fresh, std::fs::Permissions::from_mode(0o600))?;
    std::fs::rename(&fresh, path)?;
    Ok(listener)
}

/// Takes what comes in, on either kind of socket.
trait Accept {
    type Stream: Stream + 'static;
    fn next(&self) -> impl Future<Output = io::Result<(Self::Stream, Visit)>> + Send;
}

/// A socket in a directory that only agents are given.
struct Door {
    listener: UnixListener,
    visitors: Visitors,
}

impl Accept for Door {
    type Stream = UnixStream;
    async fn next(&self) -> io::Result<(UnixStream, Visit)> {
        loop {
            let (stream, _) = self.listener.accept().await?;
            if let Some(visit) = self.visitors.admit(&stream) {
                return Ok((stream, visit));
            }
        }
    }
}

/// A port, which everybody on this machine can see. It opens for the service's user and its agents'.
struct Gate {
    listener: TcpListener,
    visitors: Visitors,
    /// The first and the last of the users of agents.
    users: (u32, u32),
}

impl Gate {
    fn admit(&self, stream: &TcpStream, peer: SocketAddr) -> Option<Visit> {
        let user = loopback_user(stream.local_addr().ok()?, peer)?;
        let (first, last) = self.users;
        let known = self.visitors.is_own(user) || (first..=last).contains(&user);
        if known { self.visitors.of_user(user) } else { None }
    }
}

impl Accept for Gate {
    type Stream = TcpStream;
    async fn next(&self) -> io::Result<(TcpStream, Visit)> {
        loop {
            let (stream, peer) = self.listener.accept().await?;
            match self.admit(&stream, peer) {
                Some(visit) => return Ok((stream, visit)),
                None => tracing::info!(%peer, "a connection to the provider was refused: it is no agent's"),
            }
        }
    }
}

async fn accept(listener: impl Accept, tasks: TaskScope, provider: Provider) {
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    loop {
        let place = places.clone().acquire_owned().await.expect("never closed");
        match listener.next().await {
            Ok((stream, visit)) => {
                let provider = provider.clone();
                tasks.spawn(TaskKind::Connection, move |cancel| async move {
                    let served = async {
                        if let Err(error) = serve(stream, &provider).await {
                            tracing::debug!(%error, "a connection to the provider ended");
                        }
                    };
                    tokio::select! {
                        biased;
                        () = cancel.cancelled() => {}
                        () = served => {}
                    }
                    drop((visit, place));
                });
            }
            Err(error) => {
                tracing::warn!(%error, "a connection to the provider was not accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

async fn serve(mut agent: impl Stream, provider: &Provider) -> io::Result<()> {
    let mut there: Box<dyn Stream> = match provider {
        Provider::Plain { target, .. } => Box::new(dial(target).await?),
        Provider::Socket(path) => Box::new(in_time(UnixStream::connect(path)).await?),
        Provider::Tunnel { target, proxy } => return tunnel(agent, target, proxy.as_ref()).await,
        Provider::Unusable(why) => {
            let body =
                format!("HTTP/1.1 502 Bad Gateway\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{why}", why.len());
            return agent.write_all(body.as_bytes()).await;
        }
    };
    copy_bidirectional(&mut agent, &mut there).await.map(drop)
}

/// Answers `CONNECT`, for one target only.
async fn tunnel(mut agent: impl Stream, target: &Target, proxy: Option<&Target>) -> io::Result<()> {
    let (head, rest) = timeout(HEAD_MAX, read_head(&mut agent)).await.map_err(|_| io::ErrorKind::TimedOut)??;
    let wanted = authority(target);
    let asked =
        head.lines().next().and_then(|line| line.strip_prefix("CONNECT ")?.split(' ').next().map(str::to_owned));
    if asked.as_deref().map(str::to_ascii_lowercase).as_deref() != Some(&wanted) {
        let refusal = "HTTP/1.1 403 Forbidden\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
        tracing::info!(asked = asked.unwrap_or_default(), "an agent asked for an address that is not the provider's");
        return agent.write_all(refusal.as_bytes()).await;
    }
    let opened = async {
        let Some(proxy) = proxy else { return dial(target).await };
        let mut stream = dial(proxy).await?;
        stream.write_all(format!("CONNECT {wanted} HTTP/1.1\r\nHost: {wanted}\r\n\r\n").as_bytes()).await?;
        let (answer, _) = timeout(HEAD_MAX, read_head(&mut stream)).await.map_err(|_| io::ErrorKind::TimedOut)??;
        let granted = answer.split(' ').nth(1).is_some_and(|status| status.starts_with('2'));
        if granted { Ok(stream) } else { Err(io::Error::other("the proxy refused the tunnel")) }
    };
    let mut there = match opened.await {
        Ok(there) => there,
        Err(error) => {
            tracing::warn!(%error, provider = wanted, "the provider is not reached");
            let refusal = "HTTP/1.1 502 Bad Gateway\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
            return agent.write_all(refusal.as_bytes()).await;
        }
    };
    agent.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await?;
    there.write_all(&rest).await?;
    copy_bidirectional(&mut agent, &mut there).await.map(drop)
}

/// The head of a message, and what came behind it.
async fn read_head(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<(String, Vec<u8>)> {
    const END: &[u8] = b"\r\n\r\n";
    let mut bytes = Vec::new();
    loop {
        if let Some(at) = bytes.windows(END.len()).position(|window| window == END) {
            let rest = bytes.split_off(at + END.len());
            return Ok((String::from_utf8_lossy(&bytes).into_owned(), rest));
        }
        if bytes.len() > HEAD_BYTES_MAX || stream.read_buf(&mut bytes).await? == 0 {
            return Err(io::ErrorKind::InvalidData.into());
        }
    }
}

async fn dial(target: &Target) -> io::Result<TcpStream> {
    let stream = in_time(TcpStream::connect((target.host.as_str(), target.port))).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

async fn in_time<T>(connecting: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    timeout(DIAL_MAX, connecting).await.map_err(|_| io::ErrorKind::TimedOut)?
}

fn authority(target: &Target) -> String {
    if target.host.contains(':') {
        format!("[{}]:{}", target.host, target.port)
    } else {
        format!("{}:{}", target.host, target.port)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What an agent gets to read that asks for a tunnel to `wanted`.
    async fn asked(wanted: &str, target: &Target) -> String {
        let (agent, service) = UnixStream::pair().unwrap();
        let provider = Provider::Tunnel { target: target.clone(), proxy: None };
        let serving = serve(service, &provider);
        let asking = async {
            let mut agent = agent;
            agent
                .write_all(format!("CONNECT {wanted} HTTP/1.1\r\nHost: {wanted}\r\n\r\nhello").as_bytes())
                .await
                .unwrap();
            // Whoever is refused may find the other end gone: what was said before that counts.
            let _ = agent.shutdown().await;
            let mut said = Vec::new();
            let _ = agent.read_to_end(&mut said).await;
            String::from_utf8_lossy(&said).into_owned()
        };
        let (_, text) = tokio::join!(serving, asking);
        text
    }

    #[tokio::test]
    async fn a_tunnel_leads_to_the_provider_and_to_nothing_else() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let target = Target { host: "127.0.0.1".to_owned(), port };
        let other = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        for wanted in [
            other.local_addr().unwrap().to_string(),
            format!("127.0.0.1:{port}0"),
            format!("localhost:{port}"),
            format!("127.0.0.1:{port}\0.evil"),
            format!("evil@127.0.0.1:{port}"),
            String::new(),
        ] {
            assert!(asked(&wanted, &target).await.starts_with("HTTP/1.1 403"), "{wanted}");
        }
        let echo = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut said = String::new();
            stream.read_to_string(&mut said).await.unwrap();
            stream.write_all(said.to_uppercase().as_bytes()).await.unwrap();
        };
        let wanted = format!("127.0.0.1:{port}");
        let (_, text) = tokio::join!(echo, asked(&wanted, &target));
        assert!(text.starts_with("HTTP/1.1 200") && text.ends_with("HELLO"), "{text}");
    }
}
