//! What probes are tried on: things of others, outside of what was granted.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::confinement::Account;

/// What stands in every file that must not be read.
pub(crate) const SECRET: &str = "the neighbour's secret";
/// What every listener says first.
pub(crate) const GREETING: &[u8] = b"neighbour";
/// A variable of the neighbour, with [`SECRET`].
pub(crate) const VARIABLE: &str = "LEGION_PROBE_SECRET";
/// What a neighbour (another process of the same user) has put up for probes.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Ground {
    /// Whom the probes run as; a prober that is root becomes it first.
    pub account: Option<Account>,
    /// What is granted: read, written and executed in.
    pub own: PathBuf,
    /// A directory of files that are not granted.
    pub outside: PathBuf,
    /// A file of the machine's temporary directory.
    pub temporary: PathBuf,
    pub neighbour: u32,
    /// The key of the neighbour's shared memory.
    pub memory_key: i32,
    /// Its number.
    pub memory_id: i32,
    /// An abstract unix socket.
    pub abstract_socket: String,
    pub tcp: SocketAddr,
    pub tcp_v6: Option<SocketAddr>,
    pub udp: SocketAddr,
    /// This machine's address on a network, or else a second one of the loopback.
    pub address: IpAddr,
    /// A port to which the neighbour connects as soon as somebody listens there.
    pub callback_port: u16,
    /// A directory with the service's socket, which may be granted.
    pub sockets: PathBuf,
    /// The service's port, which may be granted.
    pub service: SocketAddr,
    /// The port of the relay to the service's socket, where there is one.
    #[serde(default)]
    pub relay_port: Option<u16>,
    /// A descriptor, left open, of the file [`Ground::secret`].
    #[serde(default)]
    pub file_descriptor: i32,
    /// A descriptor, left open, of the directory `outside`.
    #[serde(default)]
    pub directory_descriptor: i32,
}

impl Ground {
    /// The file below `outside` that must not be read or changed.
    pub(crate) fn secret(&self) -> PathBuf {
        self.outside.join("secret")
    }

    /// Another agent's clone.
    pub(crate) fn clone_of_another(&self) -> PathBuf {
        self.outside.join("clones/other")
    }

    /// The service's data directory.
    pub(crate) fn data(&self) -> PathBuf {
        self.outside.join("data")
    }

    /// A person's home.
    pub(crate) fn home(&self) -> PathBuf {
        self.outside.join("home")
    }

    /// The socket of another agent's shim.
    pub(crate) fn stream_socket(&self) -> PathBuf {
        self.outside.join("shim.sock")
    }

    /// A socket without connections, as that of the system's log.
    pub(crate) fn datagram_socket(&self) -> PathBuf {
        self.outside.join("log.sock")
    }

    /// The service's socket.
    pub(crate) fn service_socket(&self) -> PathBuf {
        self.sockets.join("service.sock")
    }

    /// A program of its own, which may be executed.
    pub(crate) fn own_tool(&self) -> PathBuf {
        self.own.join("tool")
    }

    /// A program that must not be executed.
    pub(crate) fn tool(&self) -> PathBuf {
        self.outside.join("tool")
    }
}
