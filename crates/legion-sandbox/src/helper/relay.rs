//! The relay: ports of the sandbox's own loopback that lead to unix sockets of the service, for clients that cannot speak
//! unix sockets. While the service is away (it restarts), new connections are held.

use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::time::Duration;

use legion_process::replace::fork_worker;
use legion_runtime::{TaskKind, TaskScope};
use rustix::fs::{Mode, OFlags};
use rustix::process::{Pid, WaitOptions, getpid, test_kill_process, waitpid};
use tokio::net::{TcpStream, UnixStream};
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};

use crate::confinement::RelayPort;

/// How long a new connection is held while nobody listens behind it: longer than a service takes to restart.
const HELD_MAX: Duration = Duration::from_secs(120);
/// Between two tries to reach the service.
const RETRY: Duration = Duration::from_millis(50);
/// Between two looks whether the program is still there.
const LOOK: Duration = Duration::from_secs(1);
/// Connections at once of one relay.
const CONNECTIONS_MAX: usize = 256;

/// Starts the relay as a process that is neither a child of the program to be, which might wait for all of its children, nor in
/// its group, whose signals are not for it.
///
/// It ends with the program, which is to be the calling process: with the namespace of its processes, or within a second where
/// there is none.
pub(crate) fn detach(relay: Relay) -> io::Result<()> {
    let program = getpid();
    let between = fork_worker(|| {
        let started =
            rustix::process::setsid().map_err(io::Error::from).and_then(|_| fork_worker(|| relay.run(program)));
        u8::from(started.is_err())
    })?;
    let between = i32::try_from(between).ok().and_then(Pid::from_raw);
    match waitpid(between, WaitOptions::empty())? {
        Some((_, status)) if status.exit_status() == Some(0) => Ok(()),
        _ => Err(io::Error::other("it could not be started")),
    }
}

/// The listeners of a relay, each with the socket that it leads to.
pub(crate) struct Relay {
    ports: Vec<(TcpListener, PathBuf)>,
}

impl Relay {
    /// Begins to listen; `None` when nothing is to be relayed.
    pub fn bind(ports: &[RelayPort]) -> io::Result<Option<Self>> {
        let bind = |port: &RelayPort| {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port.port))?;
            listener.set_nonblocking(true)?;
            Ok((listener, port.socket.clone()))
        };
        let ports: Vec<_> = ports.iter().map(bind).collect::<io::Result<_>>()?;
        Ok((!ports.is_empty()).then_some(Self { ports }))
    }

    /// Relays until the sandbox or the program ends. Returns an exit code when it cannot.
    fn run(self, program: Pid) -> u8 {
        // Nobody who waits for the end of the agent's output may wait for this process.
        if quiet().is_err() {
            return 1;
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.map_or(1, |runtime| runtime.block_on(self.serve(program)))
    }

    async fn serve(self, program: Pid) -> u8 {
        let scope = TaskScope::new();
        for (listener, socket) in self.ports {
            let Ok(listener) = tokio::net::TcpListener::from_std(listener) else {
                return 1;
            };
            let connections = scope.clone();
            scope.spawn(TaskKind::Listener, |_| accept(listener, socket, connections));
        }
        let ended = async {
            while test_kill_process(program).is_ok() {
                sleep(LOOK).await;
            }
        };
        let failed = scope.failed();
        tokio::select! {
            // A listener ends by a panic only.
            () = failed.cancelled() => 1,
            () = ended => 0,
        }
    }
}

fn quiet() -> io::Result<()> {
    let null = rustix::fs::open("/dev/null", OFlags::RDWR | OFlags::CLOEXEC, Mode::empty())?;
    rustix::stdio::dup2_stdin(&null)?;
    rustix::stdio::dup2_stdout(&null)?;
    Ok(rustix::stdio::dup2_stderr(&null)?)
}

async fn accept(listener: tokio::net::TcpListener, socket: PathBuf, scope: TaskScope) {
    let places = std::sync::Arc::new(Semaphore::new(CONNECTIONS_MAX));
    loop {
        let place = places.clone().acquire_owned().await.expect("never closed");
        match listener.accept().await {
            Ok((client, _)) => {
                let socket = socket.clone();
                scope.spawn(TaskKind::Connection, |_| async move {
                    relay(client, &socket).await;
                    drop(place);
                });
            }
            // Out of descriptors, or a client that is gone already.
            Err(_) => sleep(RETRY).await,
        }
    }
}

/// Copies both ways until both are at their end. What the client sends meanwhile waits in its socket.
async fn relay(mut client: TcpStream, socket: &Path) {
    if let Some(mut service) = reach(socket).await {
        // However it ends, both ends see it when the streams are dropped.
        let _ = tokio::io::copy_bidirectional(&mut client, &mut service).await;
    }
}

async fn reach(socket: &Path) -> Option<UnixStream> {
    let reached = async {
        loop {
            match UnixStream::connect(socket).await {
                Ok(stream) => return stream,
                Err(_) => sleep(RETRY).await,
            }
        }
    };
    timeout(HELD_MAX, reached).await.ok()
}
