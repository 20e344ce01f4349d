//! Becomes the agent's user, for good.

use std::io;

use rustix::process::{Signal, geteuid, getppid, set_parent_process_death_signal};
use rustix::thread::{Gid, Uid, set_thread_groups, set_thread_res_gid, set_thread_res_uid};

use super::error::HelperError;
use crate::confinement::{Account, BadConfinement};

/// Gives up every right of root, if it has any. Afterwards the effective user is not root, whatever was ordered.
pub(crate) fn become_account(account: Option<Account>) -> Result<(), HelperError> {
    let own = geteuid();
    if let Some(account) = account.filter(|account| account.uid != own.as_raw()) {
        if !own.is_root() {
            return Err(HelperError::OtherUser { uid: account.uid });
        }
        let refused = |_| HelperError::system(format!("become user id {}", account.uid));
        let parent = getppid();
        let (uid, gid) = (Uid::from_raw(account.uid), Gid::from_raw(account.gid));
        // There is one thread, so that the thread's ids are the process's.
        set_thread_groups(&[]).map_err(|error| refused(())(error.into()))?;
        set_thread_res_gid(gid, gid, gid).map_err(|error| refused(())(error.into()))?;
        set_thread_res_uid(uid, uid, uid).map_err(|error| refused(())(error.into()))?;
        // The kernel forgets it with the change of user.
        die_with(parent).map_err(HelperError::system("bind its life to its parent's"))?;
    }
    if geteuid().is_root() { Err(BadConfinement::Root.into()) } else { Ok(()) }
}

fn die_with(parent: Option<rustix::process::Pid>) -> io::Result<()> {
    set_parent_process_death_signal(Some(Signal::KILL))?;
    // It may have ended in between.
    if getppid() == parent { Ok(()) } else { Err(io::Error::other("the parent is gone")) }
}
