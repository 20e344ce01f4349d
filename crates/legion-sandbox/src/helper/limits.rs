//! The limits that one process hands on to all of its tree.

use std::io;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::error::HelperError;
use crate::limits::Limits;

/// Sets the limits. `own_namespace` says that the user id is counted for this tree alone: elsewhere a limit of processes
/// would count whatever else runs under the same user id.
pub(super) fn set_limits(limits: &Limits, own_namespace: bool) -> Result<(), HelperError> {
    set(Resource::Core, 0).map_err(HelperError::system("forbid memory dumps"))?;
    set(Resource::Nofile, limits.open_files_max).map_err(HelperError::system("limit open files"))?;
    if let Some(bytes) = limits.file_bytes_max {
        set(Resource::Fsize, bytes).map_err(HelperError::system("limit the size of files"))?;
    }
    if let Some(processes) = limits.processes_max.filter(|_| own_namespace) {
        set(Resource::Nproc, processes).map_err(HelperError::system("limit processes"))?;
    }
    if limits.nice > 0 {
        let nice = i32::from(limits.nice.min(19));
        rustix::process::setpriority_process(None, nice)
            .map_err(|error| HelperError::system("step back for others")(error.into()))?;
    }
    Ok(())
}

/// Never raises what is there.
fn set(resource: Resource, wanted: u64) -> io::Result<()> {
    let above = getrlimit(resource).maximum.unwrap_or(u64::MAX);
    let limit = Some(wanted.min(above));
    Ok(setrlimit(resource, Rlimit { current: limit, maximum: limit })?)
}
