//! The doors by which agents without a network come to the way to the provider.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use legion_process::peer::loopback_user;
use legion_runtime::{TaskKind, Visit, Visitors};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio::sync::Semaphore;

use super::guest::Guest;
use super::provider::Provider;
use super::tunnel::{Stream, serve};
use crate::engine::{Engine, Inner};

/// Connections at the same time.
const CONNECTIONS_MAX: usize = 1_024;
/// How long to wait when no connection can be accepted.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

impl Engine {
    /// Begins to listen for agents that have no network. A socket of a service before this one is replaced in one step.
    ///
    /// # Errors
    /// When the socket cannot be made.
    pub(crate) fn forward_to_provider(&self) -> io::Result<()> {
        let inner = &self.inner;
        let containment = &inner.containment;
        let door = |path: &Path| io::Result::Ok(Door { listener: listen(path)?, visitors: Visitors::default() });
        forward(inner, door(&containment.provider_socket())?, containment.provider.clone());
        if let Some(target) = containment.gateway.clone() {
            let gateway = Provider::Plain { target, rest: String::new() };
            forward(inner, door(&containment.gateway_socket())?, gateway);
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
pub(super) fn provider_port(inner: &Arc<Inner>) -> Option<u16> {
    let mut port = inner.containment.provider_port.lock().unwrap_or_else(PoisonError::into_inner);
    if port.is_none() {
        let opened = open_port(inner);
        *port = opened.inspect_err(|error| tracing::warn!(%error, "no port leads to the provider")).ok();
    }
    *port
}

fn open_port(inner: &Arc<Inner>) -> io::Result<u16> {
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
    forward(inner, gate, containment.provider.clone());
    Ok(port)
}

fn last_port(inner: &Inner) -> Option<u16> {
    std::fs::read_to_string(port_file(inner)).ok()?.trim().parse().ok()
}

fn port_file(inner: &Inner) -> PathBuf {
    inner.data_dir.root().join("model-port")
}

fn forward(inner: &Arc<Inner>, listener: impl Accept + Send + Sync + 'static, provider: Provider) {
    let engine = Engine { inner: inner.clone() };
    inner.tasks.spawn(TaskKind::Listener, move |cancel| async move {
        tokio::select! {
            biased;
            () = cancel.cancelled() => {}
            () = accept(listener, engine, provider) => {}
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
    fn next(&self) -> impl Future<Output = io::Result<(Self::Stream, Visit, Guest)>> + Send;
}

/// A socket in a directory that only agents are given.
struct Door {
    listener: UnixListener,
    visitors: Visitors,
}

impl Accept for Door {
    type Stream = UnixStream;
    async fn next(&self) -> io::Result<(UnixStream, Visit, Guest)> {
        loop {
            let (stream, _) = self.listener.accept().await?;
            let Ok(peer) = stream.peer_cred() else { continue };
            if let Some(visit) = self.visitors.of_user(peer.uid()) {
                let process = peer.pid().and_then(|pid| u32::try_from(pid).ok()).filter(|pid| *pid > 0);
                return Ok((stream, visit, Guest { user: peer.uid(), process }));
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
    fn admit(&self, stream: &TcpStream, peer: SocketAddr) -> Option<(Visit, Guest)> {
        let user = loopback_user(stream.local_addr().ok()?, peer)?;
        let (first, last) = self.users;
        let known = self.visitors.is_own(user) || (first..=last).contains(&user);
        let visit = if known { self.visitors.of_user(user) } else { None };
        visit.map(|visit| (visit, Guest { user, process: None }))
    }
}

impl Accept for Gate {
    type Stream = TcpStream;
    async fn next(&self) -> io::Result<(TcpStream, Visit, Guest)> {
        loop {
            let (stream, peer) = self.listener.accept().await?;
            match self.admit(&stream, peer) {
                Some((visit, guest)) => return Ok((stream, visit, guest)),
                None => tracing::info!(%peer, "a connection to the provider was refused: it is no agent's"),
            }
        }
    }
}

async fn accept(listener: impl Accept, engine: Engine, provider: Provider) {
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    loop {
        let place = places.clone().acquire_owned().await.expect("never closed");
        match listener.next().await {
            Ok((stream, visit, guest)) => {
                let (provider, asking) = (provider.clone(), engine.clone());
                engine.inner.tasks.spawn(TaskKind::Connection, move |cancel| async move {
                    let refused = |request, why| asking.refused_way(guest, request, why);
                    let served = async {
                        if let Err(error) = serve(stream, &provider, refused).await {
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
