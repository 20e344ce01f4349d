//! Attempts on other processes of the same user.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::PathBuf;

use legion_process::attempt;
use rustix::process::{
    Pid, PidfdFlags, PidfdGetfdFlags, Resource, Signal, getrlimit, kill_process, pidfd_getfd, pidfd_open,
    pidfd_send_signal, prlimit, setpriority_process,
};

use super::ground::{Ground, SECRET, VARIABLE};
use super::outcome::nothing_there;

pub(super) fn see(ground: &Ground) -> io::Result<()> {
    let words = fs::read(of(ground, "cmdline"))?;
    if words.is_empty() { Err(nothing_there()) } else { Ok(()) }
}

pub(super) fn read_environment(ground: &Ground) -> io::Result<()> {
    let wanted = format!("{VARIABLE}={SECRET}");
    let found = fs::read(of(ground, "environ"))?;
    if found.split(|&byte| byte == 0).any(|entry| entry == wanted.as_bytes()) { Ok(()) } else { Err(nothing_there()) }
}

pub(super) fn open_memory(ground: &Ground) -> io::Result<()> {
    OpenOptions::new().read(true).write(true).open(of(ground, "mem")).map(drop)
}

pub(super) fn enter_root(ground: &Ground) -> io::Result<()> {
    let secret = ground.secret();
    let below_root = secret.strip_prefix("/").map_err(io::Error::other)?;
    super::files::is_secret(&of(ground, "root").join(below_root))
}

pub(super) fn trace(ground: &Ground) -> io::Result<()> {
    attempt::trace(ground.neighbour)
}

pub(super) fn read_memory(ground: &Ground) -> io::Result<()> {
    // Where it may not be seen any address is as good: the call is refused before it is looked at.
    let somewhere = fs::read_to_string(of(ground, "maps")).unwrap_or_default();
    let address = somewhere.split('-').next().and_then(|text| usize::from_str_radix(text, 16).ok()).unwrap_or(4096);
    attempt::read_memory(ground.neighbour, address).map(drop)
}

pub(super) fn take_descriptor(ground: &Ground) -> io::Result<()> {
    let process = pidfd_open(pid(ground)?, PidfdFlags::empty())?;
    pidfd_getfd(process, 0, PidfdGetfdFlags::empty())?;
    Ok(())
}

pub(super) fn signal(ground: &Ground) -> io::Result<()> {
    Ok(kill_process(pid(ground)?, Signal::CONT)?)
}

pub(super) fn signal_by_descriptor(ground: &Ground) -> io::Result<()> {
    let process = pidfd_open(pid(ground)?, PidfdFlags::empty())?;
    Ok(pidfd_send_signal(process, Signal::CONT)?)
}

pub(super) fn limit(ground: &Ground) -> io::Result<()> {
    prlimit(Some(pid(ground)?), Resource::Core, getrlimit(Resource::Core))?;
    Ok(())
}

pub(super) fn slow_down(ground: &Ground) -> io::Result<()> {
    Ok(setpriority_process(Some(pid(ground)?), 19)?)
}

pub(super) fn make_worth_killing(ground: &Ground) -> io::Result<()> {
    OpenOptions::new().write(true).open(of(ground, "oom_score_adj"))?.write_all(b"900")
}

pub(super) fn find_shared_memory(ground: &Ground) -> io::Result<()> {
    attempt::SharedMemory::find(ground.memory_key)
}

/// Numbers are small, and can be guessed.
pub(super) fn attach_shared_memory(ground: &Ground) -> io::Result<()> {
    attempt::SharedMemory::attach(ground.memory_id)
}

/// All processes of the user at once, by no process's number.
pub(super) fn slow_down_user(_: &Ground) -> io::Result<()> {
    attempt::disk_priority_of_user()
}

pub(super) fn find_keyring(_: &Ground) -> io::Result<()> {
    attempt::user_keyring()
}

fn of(ground: &Ground, name: &str) -> PathBuf {
    format!("/proc/{}/{name}", ground.neighbour).into()
}

fn pid(ground: &Ground) -> io::Result<Pid> {
    i32::try_from(ground.neighbour).ok().and_then(Pid::from_raw).ok_or_else(nothing_there)
}
