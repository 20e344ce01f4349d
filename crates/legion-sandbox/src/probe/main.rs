//! The `main`s of the programs by which tiers are tried: the prober, its neighbour, and a terminal for the prober.

use std::ffi::{OsStr, OsString};
use std::io;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use legion_process::replace::fork_worker;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{
    DumpableBehavior, Pid, PidfdFlags, Signal, WaitOptions, pidfd_open, pidfd_send_signal, set_dumpable_behavior,
    waitpid,
};

use super::ground::Ground;
use super::outcome::{Attempt, Outcome};
use super::table::{GRANTED, PROBES, Probe};
use super::{neighbour, terminal};
use crate::confinement::Account;
use crate::helper::account::become_account;
use crate::helper::main::Variables;

/// The first word of the prober's arguments; then the ground, then the probes by name.
pub(crate) const PROBER: &str = "confine-probe";
/// The first word of the neighbour's arguments; then its directory, then its account.
pub(crate) const NEIGHBOUR: &str = "confine-neighbour";
/// The first word of the terminal's arguments; then a program and its arguments.
pub(crate) const TERMINAL: &str = "confine-terminal";

/// How long one attempt may take.
const ATTEMPT_MAX: Duration = Duration::from_millis(1_500);

/// Whether these arguments are for one of these programs.
pub(crate) fn is_probe(command: &OsStr) -> bool {
    [PROBER, NEIGHBOUR, TERMINAL].into_iter().any(|word| command == word)
}

/// Runs the one that is asked for.
pub(crate) fn probe_main(words: &[String], environment: &Variables) -> ExitCode {
    let done = match words {
        [command, ground, names @ ..] if command == PROBER => probe(ground, names),
        [command, base, account] if command == NEIGHBOUR => stay(base, account),
        [command, program, arguments @ ..] if command == TERMINAL => terminal::run(program, arguments, environment),
        _ => Err(io::Error::from(io::ErrorKind::InvalidInput)),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("legion {}: {error}", words.first().map_or("", String::as_str));
            ExitCode::FAILURE
        }
    }
}

fn stay(base: &str, account: &str) -> io::Result<()> {
    let account: Option<Account> = serde_json::from_str(account)?;
    become_account(account).map_err(io::Error::other)?;
    // As every program is that was executed by its user: the change of user alone would hide it from its like.
    set_dumpable_behavior(DumpableBehavior::Dumpable)?;
    neighbour::run(Path::new(base), account)
}

fn probe(ground: &str, names: &[String]) -> io::Result<()> {
    let ground: Ground = serde_json::from_str(ground)?;
    become_account(ground.account).map_err(io::Error::other)?;
    for name in names {
        let known = PROBES.iter().chain(GRANTED).find(|probe| probe.name == name);
        let probe = known.ok_or_else(|| io::Error::other(format!("there is no probe `{name}`")))?;
        attempt(probe, &ground)?;
    }
    Ok(())
}

/// Tries it in a process of its own: some attempts change whoever makes them.
fn attempt(probe: &Probe, ground: &Ground) -> io::Result<()> {
    let child = fork_worker(|| {
        let said = say(probe, (probe.attempt)(ground).into());
        u8::from(said.is_err())
    })?;
    let pid = i32::try_from(child).ok().and_then(Pid::from_raw).ok_or(io::ErrorKind::InvalidData)?;
    let handle = pidfd_open(pid, PidfdFlags::empty())?;
    let limit = Timespec::try_from(ATTEMPT_MAX).map_err(io::Error::other)?;
    if poll(&mut [PollFd::new(&handle, PollFlags::IN)], Some(&limit))? == 0 {
        pidfd_send_signal(&handle, Signal::KILL)?;
        say(probe, Outcome::Refused("nothing came of it in time".to_owned()))?;
    }
    let ended = waitpid(Some(pid), WaitOptions::empty())?;
    if let Some(signal) = ended.and_then(|(_, status)| status.terminating_signal())
        && signal != Signal::KILL.as_raw()
    {
        say(probe, Outcome::Refused(format!("it was ended by signal {signal}")))?;
    }
    Ok(())
}

/// A line at once, so that it is whole whatever happens next.
fn say(probe: &Probe, outcome: Outcome) -> io::Result<()> {
    let mut line = serde_json::to_vec(&Attempt { probe: probe.name.to_owned(), outcome })?;
    line.push(b'\n');
    let mut rest = line.as_slice();
    while !rest.is_empty() {
        let written = rustix::io::write(rustix::stdio::stdout(), rest)?;
        rest = &rest[written..];
    }
    Ok(())
}

/// Returns the arguments of a prober.
pub(crate) fn prober_arguments(ground: &Ground, names: &[&str]) -> Vec<String> {
    let ground = serde_json::to_string(ground).expect("paths of a test are text");
    let mut words = vec![PROBER.to_owned(), ground];
    words.extend(names.iter().map(|name| (*name).to_owned()));
    words
}

/// Returns the arguments of a neighbour.
pub(crate) fn neighbour_arguments(base: &Path, account: Option<Account>) -> Vec<OsString> {
    let account = serde_json::to_string(&account).expect("two numbers");
    vec![NEIGHBOUR.into(), base.into(), account.into()]
}
