//! The neighbour: another process of the same user, with everything that probes are tried on.

use std::fs;
use std::io::{self, Write as _};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, UdpSocket as StdUdpSocket};
use std::path::{Path, PathBuf};
use std::time::Duration;

use legion_process::attempt::SharedMemory;
use legion_runtime::{TaskKind, TaskScope};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream, UdpSocket, UnixDatagram, UnixListener};
use tokio::time::{sleep, timeout};

use super::ground::{GREETING, Ground, SECRET};
use crate::confinement::Account;

/// The neighbour ends by itself after this, whoever forgot it.
const LIFE_MAX: Duration = Duration::from_secs(60);
/// How long it stays with one that connected.
const VISIT_MAX: Duration = Duration::from_secs(2);
/// Between two looks at whether it shall end, or whether somebody listens.
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// Where the neighbour writes what it has put up.
pub(crate) fn ground_file(base: &Path) -> PathBuf {
    base.join("ground.json")
}

/// The neighbour ends when this file is there.
pub(crate) fn stop_file(base: &Path) -> PathBuf {
    base.join("stop")
}

/// Puts everything up below `base`, an empty directory of the user's, says what it is in [`ground_file`], and stays until
/// it shall end.
pub(super) fn run(base: &Path, account: Option<Account>) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let scope = TaskScope::new();
        let (ground, memory) = put_up(base, account, &scope).await?;
        let file = ground_file(base);
        let text = serde_json::to_vec(&ground)?;
        fs::write(file.with_extension("new"), text)?;
        fs::rename(file.with_extension("new"), &file)?;
        let stopped = async {
            while !stop_file(base).exists() {
                sleep(LOOK_EVERY).await;
            }
        };
        // Forgotten or told: it ends the same way.
        let _ = timeout(LIFE_MAX, stopped).await;
        drop(memory);
        fs::remove_file(&ground.temporary)
    })
}

async fn put_up(base: &Path, account: Option<Account>, scope: &TaskScope) -> io::Result<(Ground, SharedMemory)> {
    let [own, outside, sockets] = ["own", "outside", "sockets"].map(|name| base.join(name));
    files(&own, &outside)?;
    fs::create_dir(&sockets)?;
    let pid = std::process::id();
    let temporary = std::env::temp_dir().join(format!("legion-probe-{pid}"));
    fs::File::options().create_new(true).write(true).open(&temporary)?.write_all(SECRET.as_bytes())?;
    let abstract_socket = format!("legion-probe-{pid}");
    let loopback = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let tcp = loopback.local_addr()?;
    let address = own_address();
    let by_address = TcpListener::bind((address, tcp.port())).await?;
    let v6 = TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).await.ok();
    let service = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let udp = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    // Free a moment ago; nobody else asks for this one.
    let callback_port = TcpListener::bind((Ipv4Addr::UNSPECIFIED, 0)).await?.local_addr()?.port();
    let memory_key = i32::try_from(pid).map_err(io::Error::other)? | 0x4C00_0000;
    let memory = SharedMemory::create(memory_key)?;
    let ground = Ground {
        account,
        own,
        outside,
        temporary,
        neighbour: pid,
        memory_key,
        memory_id: memory.id(),
        abstract_socket: abstract_socket.clone(),
        tcp,
        tcp_v6: v6.as_ref().and_then(|listener| listener.local_addr().ok()),
        udp: udp.local_addr()?,
        address,
        callback_port,
        sockets,
        service: service.local_addr()?,
        relay_port: None,
        file_descriptor: -1,
        directory_descriptor: -1,
    };
    for listener in [loopback, by_address, service].into_iter().chain(v6) {
        let visits = scope.clone();
        scope.spawn(TaskKind::Listener, |_| greet_tcp(listener, visits));
    }
    for path in [ground.stream_socket(), ground.service_socket()] {
        greet_at(UnixListener::bind(path)?, scope);
    }
    let name =
        <std::os::unix::net::SocketAddr as std::os::linux::net::SocketAddrExt>::from_abstract_name(abstract_socket)?;
    let listener = std::os::unix::net::UnixListener::bind_addr(&name)?;
    listener.set_nonblocking(true)?;
    greet_at(UnixListener::from_std(listener)?, scope);
    let datagrams = UnixDatagram::bind(ground.datagram_socket())?;
    scope.spawn(TaskKind::Listener, |_| async move {
        let mut bytes = [0; 64];
        while datagrams.recv(&mut bytes).await.is_ok() {}
    });
    scope.spawn(TaskKind::Listener, |_| echo(udp));
    scope.spawn(TaskKind::Upkeep, |_| call_back(callback_port));
    Ok((ground, memory))
}

fn files(own: &Path, outside: &Path) -> io::Result<()> {
    for directory in [own, outside, &outside.join("clones/other"), &outside.join("data"), &outside.join("home")] {
        fs::create_dir_all(directory)?;
    }
    for secret in ["secret", "clones/other/secret", "data/token", "home/.netrc"] {
        fs::write(outside.join(secret), SECRET)?;
    }
    for plain in ["plain", "deletable"] {
        fs::write(outside.join(plain), "plain")?;
    }
    for place in [own, outside] {
        fs::copy("/bin/true", place.join("tool"))?;
    }
    Ok(())
}

/// This machine's address on a network, found without sending anything; a second one of the loopback if there is none.
fn own_address() -> IpAddr {
    let found = StdUdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).and_then(|socket| {
        // An address for documentation: only the route to it is looked up.
        socket.connect((Ipv4Addr::new(198, 51, 100, 1), 9))?;
        socket.local_addr()
    });
    found.map_or(IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2)), |address| address.ip())
}

async fn greet_tcp(listener: TcpListener, scope: TaskScope) {
    while let Ok((stream, _)) = listener.accept().await {
        scope.spawn(TaskKind::Connection, |_| greet(stream));
    }
}

fn greet_at(listener: UnixListener, scope: &TaskScope) {
    let visits = scope.clone();
    scope.spawn(TaskKind::Listener, |_| async move {
        while let Ok((stream, _)) = listener.accept().await {
            visits.spawn(TaskKind::Connection, |_| greet(stream));
        }
    });
}

async fn greet(mut stream: impl AsyncRead + AsyncWrite + Unpin) {
    // To its end: what is left unread would take the greeting along when the stream is closed.
    let visit = async {
        stream.write_all(GREETING).await?;
        tokio::io::copy(&mut (&mut stream).take(4096), &mut tokio::io::sink()).await
    };
    // One that stays too long is left alone.
    let _ = timeout(VISIT_MAX, visit).await;
}

async fn echo(socket: UdpSocket) {
    let mut bytes = [0; 512];
    while let Ok((read, sender)) = socket.recv_from(&mut bytes).await {
        // It waits for the answer, and misses it.
        let _ = socket.send_to(&bytes[..read], sender).await;
    }
}

async fn call_back(port: u16) {
    loop {
        if let Ok(stream) = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await {
            greet(stream).await;
        }
        sleep(LOOK_EVERY).await;
    }
}
