//! Attempts on the kernel itself, and on what the starter left open.

use std::fs::File;
use std::io::{self, Read as _};

use legion_process::attempt;
use rustix::net::{AddressFamily, Protocol, SocketFlags, SocketType, socket_with};

use super::ground::{Ground, SECRET};
use super::outcome::{impossible, nothing_there};

pub(super) fn unshare_user(_: &Ground) -> io::Result<()> {
    attempt::unshare_user()
}

pub(super) fn clone_user(_: &Ground) -> io::Result<()> {
    attempt::clone_user()
}

pub(super) fn clone3_user(_: &Ground) -> io::Result<()> {
    attempt::clone3_user()
}

pub(super) fn ring(_: &Ground) -> io::Result<()> {
    attempt::ring().map(drop)
}

pub(super) fn user_faults(_: &Ground) -> io::Result<()> {
    attempt::user_faults().map(drop)
}

pub(super) fn type_into_terminal(_: &Ground) -> io::Result<()> {
    // Newer kernels can have it switched off for all.
    if std::fs::read_to_string("/proc/sys/dev/tty/legacy_tiocsti").is_ok_and(|text| text.trim() == "0") {
        return Err(impossible("the kernel lets nobody type into a terminal"));
    }
    let stdin = std::io::stdin();
    attempt::type_into(std::os::fd::AsFd::as_fd(&stdin))
}

pub(super) fn inherited_file(ground: &Ground) -> io::Result<()> {
    let mut bytes = vec![0; SECRET.len()];
    let read = attempt::read_descriptor(ground.file_descriptor, &mut bytes)?;
    if &bytes[..read] == SECRET.as_bytes() { Ok(()) } else { Err(nothing_there()) }
}

pub(super) fn inherited_directory(ground: &Ground) -> io::Result<()> {
    let mut text = String::new();
    File::from(attempt::open_below(ground.directory_descriptor, "secret")?).read_to_string(&mut text)?;
    if text == SECRET { Ok(()) } else { Err(nothing_there()) }
}

/// A way to the host of a virtual machine, which no network namespace closes.
pub(super) fn host_socket(_: &Ground) -> io::Result<()> {
    match socket_with(AddressFamily::VSOCK, SocketType::STREAM, SocketFlags::CLOEXEC, None) {
        Err(rustix::io::Errno::AFNOSUPPORT) => Err(impossible("this kernel has no sockets to the host")),
        other => Ok(other.map(drop)?),
    }
}

/// What the kernel tells about devices.
pub(super) fn device_events(_: &Ground) -> io::Result<()> {
    let events = rustix::net::netlink::KOBJECT_UEVENT;
    let kind = SocketType::RAW;
    Ok(socket_with(AddressFamily::NETLINK, kind, SocketFlags::CLOEXEC, Some(events)).map(drop)?)
}

/// The protocol of [`socket_with`] that Landlock does not see.
pub(super) fn multipath() -> Protocol {
    rustix::net::ipproto::MPTCP
}
