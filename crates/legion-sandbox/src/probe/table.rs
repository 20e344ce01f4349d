//! Every probe, and which tier promises to hold it.

use std::io;

use super::ground::Ground;
use super::{files, kernel, network, processes, set_id};
use crate::tier::Tier;

/// One attempt to get out.
pub struct Probe {
    pub name: &'static str,
    /// What it tries, in words for a person.
    pub what: &'static str,
    pub kind: Kind,
    /// What tier `landlock` promises about it; tier `full` promises to hold every one.
    pub landlock: Held,
    /// Whether it is among the few that every self-test tries.
    pub quick: bool,
    pub(super) attempt: fn(&Ground) -> io::Result<()>,
}

/// What an attempt is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Files,
    Processes,
    Kernel,
    Network,
}

impl Kind {
    pub const ALL: [Self; 4] = [Self::Files, Self::Processes, Self::Kernel, Self::Network];

    /// In words for a person.
    pub fn name(self) -> &'static str {
        match self {
            Self::Files => "files",
            Self::Processes => "other processes",
            Self::Kernel => "the kernel",
            Self::Network => "the network",
        }
    }
}

/// Whether an attempt is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Held {
    Yes,
    /// Where the kernel's Landlock has this version; below it is the hole of this name.
    From(i32, &'static str),
    /// Where no unix socket was granted, or the kernel's Landlock has this version; else it is the hole of this name.
    WithoutSockets(i32, &'static str),
    /// It is the hole of this name.
    No(&'static str),
}

impl Probe {
    /// Whether `tier` promises to hold it on a kernel with this version of Landlock, for an agent that was granted unix
    /// sockets or none.
    pub fn is_promised(&self, tier: Tier, landlock_version: i32, with_sockets: bool) -> bool {
        match (tier, self.landlock) {
            (Tier::Full, _) | (Tier::Landlock, Held::Yes) => true,
            (Tier::Landlock, Held::From(version, _)) => landlock_version >= version,
            (Tier::Landlock, Held::WithoutSockets(version, _)) => !with_sockets || landlock_version >= version,
            (Tier::Landlock, Held::No(_)) | (Tier::None, _) => false,
        }
    }
}

/// Whether all self-tests try it.
const QUICK: bool = true;
const SUITE: bool = false;

/// Landlock sees them since Linux 6.12.
const ABSTRACT: Held = Held::WithoutSockets(6, "signals");
/// Landlock sees them since Linux 7.1.
const SOCKET: Held = Held::WithoutSockets(9, "sockets");

const fn probe(
    kind: Kind,
    (name, what): (&'static str, &'static str),
    landlock: Held,
    quick: bool,
    attempt: fn(&Ground) -> io::Result<()>,
) -> Probe {
    Probe { name, what, kind, landlock, quick, attempt }
}

/// Every probe.
pub const PROBES: &[Probe] = &[
    // Files
    probe(Kind::Files, ("create", "make a file outside"), Held::Yes, QUICK, files::create),
    probe(Kind::Files, ("overwrite", "overwrite a file outside"), Held::Yes, SUITE, files::overwrite),
    probe(Kind::Files, ("truncate", "empty a file outside by its path"), Held::Yes, SUITE, files::truncate),
    probe(Kind::Files, ("delete", "delete a file outside"), Held::Yes, SUITE, files::delete),
    probe(Kind::Files, ("move-out", "move a file of its own outside"), Held::Yes, SUITE, files::move_out),
    probe(Kind::Files, ("make-directory", "make a directory outside"), Held::Yes, SUITE, files::make_directory),
    probe(Kind::Files, ("make-socket", "make a unix socket outside"), Held::Yes, SUITE, files::make_socket),
    probe(
        Kind::Files,
        ("change-mode", "change the mode of a file outside"),
        Held::No("metadata"),
        SUITE,
        files::change_mode,
    ),
    probe(Kind::Files, ("watch", "watch the names in a directory outside"), Held::No("names"), SUITE, files::watch),
    probe(Kind::Files, ("link-in", "read a file outside by a hard link"), Held::Yes, SUITE, files::link_in),
    probe(
        Kind::Files,
        ("read-by-symlink", "read a file outside by a symbolic link"),
        Held::Yes,
        SUITE,
        files::read_by_symlink,
    ),
    probe(
        Kind::Files,
        ("read-other-clone", "read another agent's clone"),
        Held::Yes,
        QUICK,
        files::read_clone_of_another,
    ),
    probe(Kind::Files, ("read-data", "read the service's data directory"), Held::Yes, SUITE, files::read_data),
    probe(Kind::Files, ("list-home", "list a person's home"), Held::Yes, SUITE, files::list_home),
    probe(Kind::Files, ("read-machine", "read what the machine is set up for"), Held::Yes, QUICK, files::read_machine),
    probe(
        Kind::Files,
        ("read-temporary", "read the machine's temporary directory"),
        Held::Yes,
        SUITE,
        files::read_temporary,
    ),
    probe(Kind::Files, ("write-temporary", "write to a file in it"), Held::Yes, SUITE, files::write_temporary),
    probe(Kind::Files, ("execute", "execute a program outside"), Held::Yes, QUICK, files::execute),
    probe(Kind::Files, ("set-user-id", "make a program of its own run as its owner"), Held::Yes, QUICK, set_id::change),
    probe(Kind::Files, ("set-group-id", "make one run as its group"), Held::Yes, SUITE, set_id::change_group),
    probe(Kind::Files, ("open-set-id", "make a file that is so from the start"), Held::Yes, SUITE, set_id::open),
    probe(Kind::Files, ("open-how-set-id", "make one by openat2"), Held::Yes, SUITE, set_id::open_how),
    probe(Kind::Files, ("nameless-set-id", "make one without a name"), Held::Yes, SUITE, set_id::nameless),
    probe(Kind::Files, ("node-set-id", "make one by mknod"), Held::Yes, SUITE, set_id::node),
    // Processes
    probe(
        Kind::Processes,
        ("see-process", "see another process's command line"),
        Held::No("processes"),
        SUITE,
        processes::see,
    ),
    probe(
        Kind::Processes,
        ("read-environment", "read another process's environment"),
        Held::Yes,
        QUICK,
        processes::read_environment,
    ),
    probe(
        Kind::Processes,
        ("open-memory", "open another process's memory as a file"),
        Held::Yes,
        SUITE,
        processes::open_memory,
    ),
    probe(
        Kind::Processes,
        ("enter-root", "read a file by another process's root"),
        Held::Yes,
        SUITE,
        processes::enter_root,
    ),
    probe(Kind::Processes, ("trace", "trace another process"), Held::Yes, QUICK, processes::trace),
    probe(Kind::Processes, ("read-memory", "read another process's memory"), Held::Yes, SUITE, processes::read_memory),
    probe(
        Kind::Processes,
        ("take-descriptor", "take another process's descriptor"),
        Held::Yes,
        SUITE,
        processes::take_descriptor,
    ),
    probe(Kind::Processes, ("signal", "signal another process"), Held::From(6, "signals"), QUICK, processes::signal),
    probe(
        Kind::Processes,
        ("signal-by-descriptor", "signal another process by its descriptor"),
        Held::From(6, "signals"),
        SUITE,
        processes::signal_by_descriptor,
    ),
    probe(Kind::Processes, ("limit", "set another process's limits"), Held::Yes, SUITE, processes::limit),
    probe(Kind::Processes, ("slow-down", "lower another process's priority"), Held::Yes, SUITE, processes::slow_down),
    probe(
        Kind::Processes,
        ("worth-killing", "have another process killed first"),
        Held::Yes,
        SUITE,
        processes::make_worth_killing,
    ),
    probe(
        Kind::Processes,
        ("shared-memory", "find another process's memory by its key"),
        Held::Yes,
        SUITE,
        processes::find_shared_memory,
    ),
    probe(
        Kind::Processes,
        ("attach-memory", "map it by its number"),
        Held::Yes,
        SUITE,
        processes::attach_shared_memory,
    ),
    probe(
        Kind::Processes,
        ("slow-down-user", "lower every process's disk priority"),
        Held::Yes,
        SUITE,
        processes::slow_down_user,
    ),
    probe(Kind::Processes, ("keyring", "find the user's keyring"), Held::Yes, SUITE, processes::find_keyring),
    // Kernel
    probe(Kind::Kernel, ("unshare-user", "enter a user namespace of its own"), Held::Yes, QUICK, kernel::unshare_user),
    probe(Kind::Kernel, ("clone-user", "start a child in one"), Held::Yes, SUITE, kernel::clone_user),
    probe(Kind::Kernel, ("clone3-user", "start a child in one by clone3"), Held::Yes, SUITE, kernel::clone3_user),
    probe(Kind::Kernel, ("ring", "make an io_uring"), Held::Yes, QUICK, kernel::ring),
    probe(Kind::Kernel, ("user-faults", "handle its own page faults"), Held::Yes, SUITE, kernel::user_faults),
    probe(
        Kind::Kernel,
        ("type-into-terminal", "type into the terminal (TIOCSTI)"),
        Held::Yes,
        SUITE,
        kernel::type_into_terminal,
    ),
    probe(
        Kind::Kernel,
        ("inherited-file", "read a descriptor that its starter left open"),
        Held::Yes,
        QUICK,
        kernel::inherited_file,
    ),
    probe(
        Kind::Kernel,
        ("inherited-directory", "open a file below one"),
        Held::Yes,
        SUITE,
        kernel::inherited_directory,
    ),
    probe(
        Kind::Kernel,
        ("host-socket", "make a socket to the virtual machine's host"),
        Held::Yes,
        SUITE,
        kernel::host_socket,
    ),
    probe(
        Kind::Kernel,
        ("device-events", "hear the kernel's events of devices"),
        Held::Yes,
        SUITE,
        kernel::device_events,
    ),
    // Network
    probe(Kind::Network, ("tcp", "connect to a service of this machine"), Held::Yes, QUICK, network::tcp),
    probe(Kind::Network, ("tcp-address", "connect to an IP address"), Held::Yes, SUITE, network::tcp_by_address),
    probe(Kind::Network, ("tcp-ipv6", "connect by IPv6"), Held::Yes, SUITE, network::tcp_v6),
    probe(
        Kind::Network,
        ("tcp-fast-open", "connect by sending (TCP Fast Open)"),
        Held::Yes,
        SUITE,
        network::tcp_fast_open,
    ),
    probe(Kind::Network, ("mptcp", "connect by Multipath TCP"), Held::Yes, SUITE, network::multipath_tcp),
    probe(Kind::Network, ("udp", "send a datagram and hear the answer"), Held::Yes, QUICK, network::udp),
    probe(Kind::Network, ("name-lookup", "carry data out in a DNS question"), Held::Yes, SUITE, network::name_lookup),
    probe(Kind::Network, ("listen", "listen for connections from outside"), Held::Yes, SUITE, network::listen),
    probe(
        Kind::Network,
        ("abstract-socket", "connect to an abstract unix socket"),
        ABSTRACT,
        SUITE,
        network::abstract_socket,
    ),
    probe(Kind::Network, ("stream-socket", "connect to another agent's shim"), SOCKET, QUICK, network::stream_socket),
    probe(
        Kind::Network,
        ("socket-by-symlink", "connect to a socket by a link to it"),
        SOCKET,
        SUITE,
        network::socket_by_symlink,
    ),
    probe(Kind::Network, ("datagram-socket", "send to a datagram socket"), SOCKET, SUITE, network::datagram_socket),
];

/// What must be possible inside: a tier that holds everything is none.
pub(crate) const GRANTED: &[Probe] = &[
    probe(Kind::Files, ("own-file", "make a file in its own directory"), Held::Yes, QUICK, files::create_own),
    probe(Kind::Files, ("own-tool", "execute a program of its own"), Held::Yes, QUICK, files::execute_own),
    probe(Kind::Network, ("service", "reach the service"), Held::Yes, QUICK, network::service),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_probe_has_one_name_and_every_hole_is_described() {
        for (index, probe) in PROBES.iter().enumerate() {
            assert!(PROBES[..index].iter().all(|before| before.name != probe.name), "{} twice", probe.name);
            if let Held::No(hole) | Held::From(_, hole) | Held::WithoutSockets(_, hole) = probe.landlock {
                assert!(Tier::Landlock.holes().iter().any(|known| known.name == hole), "{hole} is not described");
            }
        }
        assert!(PROBES.len() >= 40);
    }
}
