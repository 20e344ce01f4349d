//! The helper before the tier: still among the machine's own files and processes.

use std::convert::Infallible;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Write as _};
use std::os::fd::{AsFd, AsRawFd as _};
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use legion_process::PROCESS_VARIABLE;
use legion_process::replace::{close_all_descriptors, replace_process};
use rustix::fs::{MemfdFlags, memfd_create};
use rustix::io::{FdFlags, fcntl_setfd};

use super::account::become_account;
use super::error::HelperError;
use super::main::Variables;
use super::{apply, covers, identity, stage};
use crate::bwrap;
use crate::order::{COMMAND_INSIDE, Inside, Order};
use crate::system;
use crate::tier::Tier;

pub(super) fn run(
    order: &str,
    program: &str,
    arguments: &[String],
    environment: Variables,
) -> Result<Infallible, HelperError> {
    close_all_descriptors();
    let order: Order = serde_json::from_str(order).map_err(HelperError::Order)?;
    let confinement = &order.confinement;
    confinement.check()?;
    let identities = identity::find(confinement)?;
    if order.tier == Tier::Full {
        // Before the user is changed, who may not see everything.
        let covers = covers::find(confinement)?;
        let staged = stage::stage(confinement)?;
        let itself = File::open("/proc/self/exe").map_err(HelperError::system("open its own program"))?;
        become_account(confinement.account)?;
        let inside = Inside {
            confinement: confinement.clone(),
            identities,
            environment: environment.iter().map(|(name, value)| (bytes(name), bytes(value))).collect(),
            program: program.to_owned(),
            arguments: arguments.to_vec(),
        };
        return enter(&order, &inside, environment, &staged, &covers, &itself);
    }
    stage::stage_in_place(confinement)?;
    become_account(confinement.account)?;
    std::env::set_current_dir(&confinement.cwd)
        .map_err(HelperError::system(format!("enter `{}`", confinement.cwd.display())))?;
    apply::limit_and_hold(order.tier, confinement, program)?;
    let error = replace_process(OsStr::new(program), None, arguments, &environment);
    Err(HelperError::Program { program: program.to_owned(), source: error })
}

/// Becomes bubblewrap, which becomes this helper again, inside.
fn enter(
    order: &Order,
    inside: &Inside,
    environment: Variables,
    staged: &bwrap::Staged,
    covers: &bwrap::Covers,
    itself: &File,
) -> Result<Infallible, HelperError> {
    let confinement = &order.confinement;
    let bwrap = order.bwrap.as_deref().ok_or(HelperError::NoBubblewrap)?;
    let options = bwrap::options(confinement, &system::programs(), staged, covers);
    let mut list = Vec::new();
    for option in &options {
        list.extend_from_slice(option.as_bytes());
        list.push(0);
    }
    // Bubblewrap itself runs outside of what it makes: nothing of the agent's environment reaches it but the mark by which
    // the tree is found.
    let mark = environment.get(OsStr::new(PROCESS_VARIABLE)).cloned();
    let mark: Variables = mark.map(|value| (PROCESS_VARIABLE.into(), value)).into_iter().collect();
    let inside = serde_json::to_vec(inside).map_err(HelperError::Order)?;
    let list = in_memory("legion-arguments", &list).map_err(HelperError::system("hand the options on"))?;
    let inside = in_memory("legion-order", &inside).map_err(HelperError::system("hand the order on"))?;
    // The program by its descriptor: so it needs no name inside, and no name that the agent's user can reach.
    let itself_inside = format!("/proc/self/fd/{}", itself.as_raw_fd());
    for descriptor in [list.as_fd(), inside.as_fd(), itself.as_fd()] {
        fcntl_setfd(descriptor, FdFlags::empty())
            .map_err(|error| HelperError::system("pass a descriptor on")(error.into()))?;
    }
    let words: [OsString; 6] = [
        "--args".into(),
        list.as_raw_fd().to_string().into(),
        "--".into(),
        itself_inside.into(),
        COMMAND_INSIDE.into(),
        inside.as_raw_fd().to_string().into(),
    ];
    let error = replace_process(bwrap.as_os_str(), None, &words, &mark);
    Err(HelperError::System { what: format!("start `{}`", Path::display(bwrap)), source: error })
}

fn bytes(text: &OsStr) -> Vec<u8> {
    text.as_bytes().to_vec()
}

/// Returns a file in memory with this content, to be read from its start.
fn in_memory(name: &str, content: &[u8]) -> io::Result<File> {
    let mut file = File::from(memfd_create(name, MemfdFlags::CLOEXEC)?);
    file.write_all(content)?;
    rustix::fs::seek(&file, rustix::fs::SeekFrom::Start(0))?;
    Ok(file)
}
