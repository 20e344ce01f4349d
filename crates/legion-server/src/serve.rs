//! Connections: a bounded number of them, each with a task of its own, all ended by the token of the service.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use http::Request;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use legion_runtime::{TaskKind, TaskScope, Visit, Visitors};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio_util::sync::CancellationToken;
use tower::util::MapRequest;

use crate::context::Server;
use crate::hosts::Hosts;
use crate::places::{Places, Stranger};
use crate::router::router;

/// Connections at the same time: over all addresses together, and over the socket for agents.
pub(crate) const CONNECTIONS_MAX: usize = 1_024;
/// How long the head of a request may take to come, and how long a connection may wait for its next request.
const HEADER_PATIENCE: Duration = Duration::from_secs(5);
/// Bytes of a head that are read at all. The guard answers for those that are too many but fit in here.
const HEAD_BYTES_MAX: usize = 64 * 1024;
/// How long open requests may take when the service ends.
const END_GRACE: Duration = Duration::from_secs(5);
/// How long to wait when no connection can be accepted, as when file descriptors run out.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// The same where somebody was just told to make room.
const ROOM_PAUSE: Duration = Duration::from_millis(5);

/// Serves the faces on listeners, and on a socket for agents that have no network, until the engine's tasks are told to end. Returns at once.
pub fn serve(server: Server, listeners: Vec<TcpListener>, for_agents: Option<UnixListener>) {
    let addresses: Vec<SocketAddr> = listeners.iter().filter_map(|listener| listener.local_addr().ok()).collect();
    let hosts = Hosts::new(&addresses, &server.names);
    let tasks = server.engine.tasks();
    let router = router(server, hosts);
    let places = Arc::new(Places::new(CONNECTIONS_MAX));
    for listener in listeners {
        let (router, places, scope) = (router.clone(), places.clone(), tasks.clone());
        tasks.spawn(TaskKind::Listener, move |cancel| accept(listener, router, places, scope, cancel));
    }
    if let Some(listener) = for_agents {
        // Of their own: agents without a network cannot take the person's.
        let (scope, places) = (tasks.clone(), Arc::new(Places::new(CONNECTIONS_MAX)));
        let listener = ForAgents::new(listener);
        tasks.spawn(TaskKind::Listener, move |cancel| accept(listener, router, places, scope, cancel));
    }
}

/// What connections come in by.
pub(crate) trait Incoming: Send + Sync + 'static {
    type Stream: AsyncRead + AsyncWrite + Unpin + Send + 'static;
    /// Held until the connection ends.
    type Visit: Send + 'static;
    fn next(&self) -> impl Future<Output = io::Result<(Self::Stream, Self::Visit)>> + Send;
}

impl Incoming for TcpListener {
    type Stream = TcpStream;
    type Visit = ();
    async fn next(&self) -> io::Result<(TcpStream, ())> {
        let (stream, _) = self.accept().await?;
        stream.set_nodelay(true)?;
        Ok((stream, ()))
    }
}

/// The socket for agents: none of them takes the connections of all.
pub(crate) struct ForAgents {
    listener: UnixListener,
    visitors: Visitors,
}

impl ForAgents {
    pub(crate) fn new(listener: UnixListener) -> Self {
        Self { listener, visitors: Visitors::default() }
    }
}

impl Incoming for ForAgents {
    type Stream = UnixStream;
    type Visit = Visit;
    async fn next(&self) -> io::Result<(UnixStream, Visit)> {
        loop {
            let (stream, _) = self.listener.accept().await?;
            if let Some(visit) = self.visitors.admit(&stream) {
                return Ok((stream, visit));
            }
        }
    }
}

pub(crate) async fn accept(
    listener: impl Incoming,
    router: Router,
    places: Arc<Places>,
    scope: TaskScope,
    cancel: CancellationToken,
) {
    loop {
        let next = async {
            let place = places.take().await;
            (place, listener.next().await)
        };
        let (place, accepted) = tokio::select! {
            biased; // the end before one more connection
            () = cancel.cancelled() => return,
            next = next => next,
        };
        match accepted {
            Ok((stream, visit)) => {
                let (router, stranger) = (router.clone(), places.stranger());
                scope.spawn(TaskKind::Connection, move |cancel| async move {
                    connection(stream, router, stranger, cancel).await;
                    drop((visit, place));
                });
            }
            Err(error) => {
                tracing::warn!(%error, "a connection was not accepted");
                // Where a process may open fewer files than there are places, those run out first.
                let made_room = is_out_of_files(&error) && places.make_room();
                tokio::time::sleep(if made_room { ROOM_PAUSE } else { ACCEPT_PAUSE }).await;
            }
        }
    }
}

fn is_out_of_files(error: &io::Error) -> bool {
    use rustix::io::Errno;
    [Errno::MFILE, Errno::NFILE].iter().any(|errno| error.raw_os_error() == Some(errno.raw_os_error()))
}

async fn connection(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    router: Router,
    stranger: Arc<Stranger>,
    cancel: CancellationToken,
) {
    let cut = stranger.cut.clone();
    // Whoever finds out who calls says so.
    let router = MapRequest::new(router, move |mut request: Request<hyper::body::Incoming>| {
        request.extensions_mut().insert(stranger.clone());
        request
    });
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_PATIENCE)
        .max_buf_size(HEAD_BYTES_MAX)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    let mut served = std::pin::pin!(served);
    let ended = tokio::select! {
        biased; // what is served before the end
        ended = served.as_mut() => Some(ended),
        () = cut.cancelled() => return tracing::debug!("a connection made room: nobody knows whose it was"),
        () = cancel.cancelled() => None,
    };
    let ended = match ended {
        Some(ended) => ended,
        None => {
            served.as_mut().graceful_shutdown();
            match tokio::time::timeout(END_GRACE, served).await {
                Ok(ended) => ended,
                Err(_) => return tracing::debug!("a connection was cut at the end of the service"),
            }
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended");
    }
}
