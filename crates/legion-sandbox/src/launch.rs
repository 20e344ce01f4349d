//! From a confinement and a program to what is to be executed.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::confinement::{BadConfinement, Confinement};
use crate::order::{COMMAND, ORDER_BYTES_MAX, Order};
use crate::tier::Tier;

/// The programs that hold another one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tools {
    /// A program whose `main` is [`crate::confine_main`] when its first argument is [`crate::COMMAND`]: `legion` itself.
    pub helper: PathBuf,
    /// Bubblewrap; tier `full` only.
    pub bwrap: Option<PathBuf>,
}

/// What is to be executed so that a program runs confined: from a process with one thread that lives as long as the
/// program shall (the shim), since the program dies with the thread that starts it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Launch {
    pub program: PathBuf,
    pub arguments: Vec<String>,
    /// The whole environment.
    pub environment: BTreeMap<String, String>,
}

/// Why a program cannot be run confined.
#[derive(Debug, thiserror::Error)]
pub enum LaunchError {
    #[error(transparent)]
    Confinement(#[from] BadConfinement),
    #[error("tier `full` needs bubblewrap, which was not found")]
    NoBubblewrap,
    #[error("what is granted takes {bytes} bytes to write down; at most {ORDER_BYTES_MAX} can be handed on")]
    TooLarge { bytes: usize },
}

impl Tools {
    /// Finds bubblewrap where systems put it. Not in the `PATH`: what is found there may be anybody's.
    pub fn find(helper: PathBuf) -> Self {
        const PLACES: &[&str] =
            &["/usr/bin/bwrap", "/usr/local/bin/bwrap", "/bin/bwrap", "/run/current-system/sw/bin/bwrap"];
        let bwrap = PLACES.iter().map(Path::new).find(|path| path.is_file()).map(Path::to_owned);
        Self { helper, bwrap }
    }

    /// Returns what to execute so that `program` runs in `tier`. `program` is a path, or a name to look for in the `PATH`
    /// of the confinement's environment.
    ///
    /// # Errors
    /// When the confinement cannot be enforced at all. What only the machine refuses shows when it is started.
    pub fn launch(
        &self,
        tier: Tier,
        confinement: &Confinement,
        program: &str,
        arguments: &[String],
    ) -> Result<Launch, LaunchError> {
        confinement.check()?;
        let uid = rustix::process::geteuid().as_raw();
        confinement.runs_as(uid)?;
        if tier == Tier::Full && self.bwrap.is_none() {
            return Err(LaunchError::NoBubblewrap);
        }
        let order = Order { tier, bwrap: self.bwrap.clone(), confinement: confinement.clone() };
        let order = serde_json::to_string(&order).expect("paths were checked to be text");
        if order.len() > ORDER_BYTES_MAX {
            return Err(LaunchError::TooLarge { bytes: order.len() });
        }
        let mut words = vec![COMMAND.to_owned(), order, program.to_owned()];
        words.extend(arguments.iter().cloned());
        Ok(Launch { program: self.helper.clone(), arguments: words, environment: confinement.environment.clone() })
    }
}
