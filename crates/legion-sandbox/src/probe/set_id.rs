//! Attempts to leave a program that lends its owner's rights: in the granted directory, where files belong to the person.

use std::fs::{self, File};
use std::io;
use std::os::fd::OwnedFd;

use rustix::fs::{AtFlags, CWD, FileType, Mode, OFlags, ResolveFlags, chmodat, fstat, mknodat, openat, openat2};

use super::ground::Ground;
use super::outcome::nothing_there;

const EXECUTABLE: Mode = Mode::from_raw_mode(0o755);

pub(super) fn change(ground: &Ground) -> io::Result<()> {
    let program = ground.own.join("set-user-id");
    fs::copy(ground.own_tool(), &program)?;
    chmodat(CWD, &program, EXECUTABLE | Mode::SUID, AtFlags::empty())?;
    lends(&File::open(program)?.into(), Mode::SUID)
}

pub(super) fn change_group(ground: &Ground) -> io::Result<()> {
    let program = File::create(ground.own.join("set-group-id"))?;
    rustix::fs::fchmod(&program, EXECUTABLE | Mode::SGID)?;
    lends(&program.into(), Mode::SGID)
}

pub(super) fn open(ground: &Ground) -> io::Result<()> {
    let made = openat(CWD, ground.own.join("open"), OFlags::CREATE | OFlags::WRONLY, EXECUTABLE | Mode::SUID)?;
    lends(&made, Mode::SUID)
}

pub(super) fn open_how(ground: &Ground) -> io::Result<()> {
    let (flags, how) = (OFlags::CREATE | OFlags::WRONLY, ResolveFlags::empty());
    let made = openat2(CWD, ground.own.join("open-how"), flags, EXECUTABLE | Mode::SUID, how)?;
    lends(&made, Mode::SUID)
}

pub(super) fn nameless(ground: &Ground) -> io::Result<()> {
    let made = openat(CWD, &ground.own, OFlags::TMPFILE | OFlags::WRONLY, EXECUTABLE | Mode::SUID)?;
    lends(&made, Mode::SUID)
}

pub(super) fn node(ground: &Ground) -> io::Result<()> {
    let path = ground.own.join("node");
    mknodat(CWD, &path, FileType::RegularFile, EXECUTABLE | Mode::SUID, 0)?;
    lends(&File::open(path)?.into(), Mode::SUID)
}

fn lends(made: &OwnedFd, bit: Mode) -> io::Result<()> {
    let mode = Mode::from_raw_mode(fstat(made)?.st_mode);
    if mode.contains(bit) { Ok(()) } else { Err(nothing_there()) }
}
