use std::fmt;
use std::io;
use std::path::PathBuf;

use super::section::SectionFault;
use super::target::FILE_BYTES_MAX;

/// Why a repository could not be prepared. Unless a fault is [`InitFault::Write`] or [`InitFault::Changed`], nothing was written.
#[derive(Debug)]
pub struct InitError {
    /// At least one.
    pub faults: Vec<InitFault>,
}

/// What is wrong with one file. Paths are relative to the repository's root.
#[derive(Debug, thiserror::Error)]
pub enum InitFault {
    #[error("failed to read `{}`", path.display())]
    Read {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("failed to write `{}`", path.display())]
    Write {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("`{}` is read-only; allow writing with `chmod u+w`, then run this again", path.display())]
    ReadOnly { path: PathBuf },
    #[error("`{}` is not a file", path.display())]
    NotAFile { path: PathBuf },
    #[error("`{}` leads to `{}`, outside of the repository; what is there is not changed", path.display(), target.display())]
    Outside { path: PathBuf, target: PathBuf },
    #[error("`{}` is a link that leads to itself", path.display())]
    LinkCircle { path: PathBuf },
    #[error("`{}` is longer than {} MiB", path.display(), FILE_BYTES_MAX / (1024 * 1024))]
    TooLong { path: PathBuf },
    #[error("`{}` {fault}", path.display())]
    Section { path: PathBuf, fault: SectionFault },
    #[error("`{}` was changed by somebody else in this moment; run this again", path.display())]
    Changed { path: PathBuf },
}

impl fmt::Display for InitError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, fault) in self.faults.iter().enumerate() {
            if at > 0 {
                out.write_str("; ")?;
            }
            write!(out, "{fault}")?;
            let mut cause = std::error::Error::source(fault);
            while let Some(error) = cause {
                write!(out, ": {error}")?;
                cause = error.source();
            }
        }
        Ok(())
    }
}

impl std::error::Error for InitError {}
