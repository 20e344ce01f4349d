//! Attempts on files outside.

use std::ffi::OsStr;
use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixListener;
use std::path::Path;

use legion_process::attempt;
use legion_process::replace::{fork_worker, replace_process};
use rustix::fs::inotify;
use rustix::process::{Pid, WaitOptions, waitpid};

use super::ground::{Ground, SECRET};
use super::outcome::{impossible, nothing_there};

pub(super) fn create(ground: &Ground) -> io::Result<()> {
    fs::write(ground.outside.join("new"), "x")
}

pub(super) fn overwrite(ground: &Ground) -> io::Result<()> {
    OpenOptions::new().write(true).open(ground.outside.join("plain"))?.write_all(b"x")
}

pub(super) fn truncate(ground: &Ground) -> io::Result<()> {
    attempt::truncate(&ground.outside.join("plain"))
}

pub(super) fn delete(ground: &Ground) -> io::Result<()> {
    fs::remove_file(ground.outside.join("deletable"))
}

pub(super) fn move_out(ground: &Ground) -> io::Result<()> {
    let own = ground.own.join("moved");
    fs::write(&own, "x")?;
    fs::rename(own, ground.outside.join("moved"))
}

pub(super) fn make_directory(ground: &Ground) -> io::Result<()> {
    fs::create_dir(ground.outside.join("new-directory"))
}

pub(super) fn make_socket(ground: &Ground) -> io::Result<()> {
    UnixListener::bind(ground.outside.join("new.sock")).map(drop)
}

pub(super) fn change_mode(ground: &Ground) -> io::Result<()> {
    fs::set_permissions(ground.outside.join("plain"), fs::Permissions::from_mode(0o666))
}

pub(super) fn link_in(ground: &Ground) -> io::Result<()> {
    let own = ground.own.join("hard-link");
    fs::hard_link(ground.secret(), &own)?;
    is_secret(&own)
}

pub(super) fn read_by_symlink(ground: &Ground) -> io::Result<()> {
    let own = ground.own.join("symlink");
    std::os::unix::fs::symlink(ground.secret(), &own)?;
    is_secret(&own)
}

pub(super) fn read_clone_of_another(ground: &Ground) -> io::Result<()> {
    is_secret(&ground.clone_of_another().join("secret"))
}

pub(super) fn read_data(ground: &Ground) -> io::Result<()> {
    is_secret(&ground.data().join("token"))
}

pub(super) fn list_home(ground: &Ground) -> io::Result<()> {
    let mut entries = fs::read_dir(ground.home())?;
    entries.next().map_or_else(|| Err(nothing_there()), |entry| entry.map(drop))
}

/// One of the files of `/etc` that no program of an agent needs.
pub(super) fn read_machine(_: &Ground) -> io::Result<()> {
    match fs::read("/etc/fstab").or_else(|_| fs::read("/etc/hostname")) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Err(impossible("this machine is set up by no such file"))
        }
        other => other.map(drop),
    }
}

pub(super) fn read_temporary(ground: &Ground) -> io::Result<()> {
    is_secret(&ground.temporary)
}

pub(super) fn write_temporary(ground: &Ground) -> io::Result<()> {
    OpenOptions::new().append(true).open(&ground.temporary)?.write_all(b"x")
}

pub(super) fn watch(ground: &Ground) -> io::Result<()> {
    let watcher = inotify::init(inotify::CreateFlags::CLOEXEC)?;
    inotify::add_watch(&watcher, &ground.outside, inotify::WatchFlags::CREATE)?;
    Ok(())
}

pub(super) fn create_own(ground: &Ground) -> io::Result<()> {
    fs::write(ground.own.join("new"), "x")
}

pub(super) fn execute_own(ground: &Ground) -> io::Result<()> {
    run(&ground.own_tool())
}

pub(super) fn execute(ground: &Ground) -> io::Result<()> {
    run(&ground.tool())
}

fn run(tool: &Path) -> io::Result<()> {
    let child = fork_worker(|| {
        let nothing: [&OsStr; 0] = [];
        // Comes back only when it was refused.
        let refused = replace_process(tool.as_os_str(), None, &nothing, &std::collections::BTreeMap::new());
        refused.raw_os_error().and_then(|code| u8::try_from(code).ok()).unwrap_or(u8::MAX)
    })?;
    let pid = i32::try_from(child).ok().and_then(Pid::from_raw).ok_or_else(nothing_there)?;
    let ended = waitpid(Some(pid), WaitOptions::empty())?;
    match ended.and_then(|(_, status)| status.exit_status()) {
        Some(0) => Ok(()),
        Some(code) => Err(io::Error::from_raw_os_error(code)),
        None => Err(nothing_there()),
    }
}

pub(super) fn is_secret(path: &Path) -> io::Result<()> {
    if fs::read_to_string(path)? == SECRET { Ok(()) } else { Err(nothing_there()) }
}
