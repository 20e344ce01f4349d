//! Attempts to reach somebody over a network or a socket.

use std::io::{self, Read};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::net::{UnixDatagram, UnixStream};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::{AddressFamily, SendFlags, SocketFlags, SocketType, connect, sendto, socket_with};

use super::ground::{GREETING, Ground};
use super::kernel::multipath;
use super::outcome::{impossible, nothing_there};

/// How long to wait for an answer. The neighbour is on this machine.
const ANSWER_MAX: Duration = Duration::from_millis(400);
/// `sendto` that opens the connection too.
const MSG_FASTOPEN: u32 = 0x2000_0000;

pub(super) fn tcp(ground: &Ground) -> io::Result<()> {
    greeted_at(ground.tcp)
}

pub(super) fn tcp_by_address(ground: &Ground) -> io::Result<()> {
    greeted_at((ground.address, ground.tcp.port()).into())
}

pub(super) fn tcp_v6(ground: &Ground) -> io::Result<()> {
    greeted_at(ground.tcp_v6.ok_or_else(|| impossible("this machine has no IPv6"))?)
}

pub(super) fn tcp_fast_open(ground: &Ground) -> io::Result<()> {
    let socket = socket_with(AddressFamily::INET, SocketType::STREAM, SocketFlags::CLOEXEC, None)?;
    sendto(&socket, b"x", SendFlags::from_bits_retain(MSG_FASTOPEN), &ground.tcp)?;
    greeted(TcpStream::from(socket))
}

pub(super) fn multipath_tcp(ground: &Ground) -> io::Result<()> {
    let made = socket_with(AddressFamily::INET, SocketType::STREAM, SocketFlags::CLOEXEC, Some(multipath()));
    let socket: OwnedFd = match made {
        Err(rustix::io::Errno::PROTONOSUPPORT | rustix::io::Errno::NOPROTOOPT) => {
            return Err(impossible("this kernel has no MPTCP"));
        }
        other => other?,
    };
    connect(&socket, &ground.tcp)?;
    greeted(TcpStream::from(socket))
}

pub(super) fn udp(ground: &Ground) -> io::Result<()> {
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))?;
    socket.send_to(b"x", ground.udp)?;
    answered(&socket)
}

/// A question whose name is what is to be carried out.
pub(super) fn name_lookup(ground: &Ground) -> io::Result<()> {
    let mut question = vec![0x13, 0x37, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    for label in ["stolen", "example", "invalid"] {
        question.push(u8::try_from(label.len()).map_err(io::Error::other)?);
        question.extend_from_slice(label.as_bytes());
    }
    question.extend([0, 0, 1, 0, 1]);
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))?;
    socket.connect(ground.udp)?;
    socket.send(&question)?;
    answered(&socket)
}

/// Listens where everybody could connect.
pub(super) fn listen(ground: &Ground) -> io::Result<()> {
    let listener = TcpListener::bind((Ipv4Addr::UNSPECIFIED, ground.callback_port))?;
    wait_readable(listener.as_fd())?;
    listener.set_nonblocking(true)?;
    let (stream, _) = listener.accept()?;
    stream.set_nonblocking(false)?;
    greeted(stream)
}

pub(super) fn abstract_socket(ground: &Ground) -> io::Result<()> {
    let address = std::os::unix::net::SocketAddr::from_abstract_name(&ground.abstract_socket)?;
    greeted(UnixStream::connect_addr(&address)?)
}

pub(super) fn stream_socket(ground: &Ground) -> io::Result<()> {
    greeted(UnixStream::connect(ground.stream_socket())?)
}

/// As a repository could hold a link to the socket of Docker.
pub(super) fn socket_by_symlink(ground: &Ground) -> io::Result<()> {
    let own = ground.own.join("docker.sock");
    std::os::unix::fs::symlink(ground.stream_socket(), &own)?;
    greeted(UnixStream::connect(own)?)
}

pub(super) fn datagram_socket(ground: &Ground) -> io::Result<()> {
    UnixDatagram::unbound()?.send_to(b"x", ground.datagram_socket()).map(drop)
}

/// What is granted: the service's socket and the relay to it, or the service's port.
pub(super) fn service(ground: &Ground) -> io::Result<()> {
    match ground.relay_port {
        Some(port) => {
            greeted(UnixStream::connect(ground.service_socket())?)?;
            greeted_at((Ipv4Addr::LOCALHOST, port).into())
        }
        None => greeted_at(ground.service),
    }
}

fn greeted_at(address: SocketAddr) -> io::Result<()> {
    greeted(TcpStream::connect_timeout(&address, ANSWER_MAX)?)
}

fn greeted<S: Read + io::Write + std::os::fd::AsFd>(mut stream: S) -> io::Result<()> {
    // Whoever listens may wait for the first word.
    stream.write_all(b"x")?;
    wait_readable(stream.as_fd())?;
    let mut bytes = vec![0; GREETING.len()];
    stream.read_exact(&mut bytes)?;
    if bytes == GREETING { Ok(()) } else { Err(nothing_there()) }
}

fn answered(socket: &UdpSocket) -> io::Result<()> {
    wait_readable(socket.as_fd())?;
    let mut bytes = [0; 512];
    socket.recv(&mut bytes).map(drop)
}

fn wait_readable(descriptor: std::os::fd::BorrowedFd<'_>) -> io::Result<()> {
    let limit = Timespec::try_from(ANSWER_MAX).map_err(io::Error::other)?;
    let mut waited = [PollFd::new(&descriptor, PollFlags::IN)];
    if poll(&mut waited, Some(&limit))? == 0 { Err(io::ErrorKind::TimedOut.into()) } else { Ok(()) }
}
