//! Starts the shim itself.

use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::io::AsyncWriteExt as _;
use tokio::process::{Child, ChildStdin, Command};
use tokio::time::timeout;

use crate::{PROCESS_VARIABLE, ShimSpec};

/// How long a shim may take to read its specification.
const SPEC_TIME_MAX: Duration = Duration::from_secs(30);

/// Why a shim does not do what it is asked.
#[derive(Debug, thiserror::Error)]
pub enum ShimError {
    #[error("failed to start the shim `{program}`")]
    Start {
        program: PathBuf,
        #[source]
        source: io::Error,
    },
    /// It ended, or was given up.
    #[error("the shim is gone")]
    Gone,
    #[error("the input is larger than {limit} bytes")]
    InputTooLarge { limit: usize },
}

/// Spawns the shim. It has no parent-death signal, so the thread that does this may end.
pub(crate) fn spawn(program: &Path) -> Result<Child, ShimError> {
    let mut command = Command::new(program);
    command.arg("shim").env_clear().stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    // A service that runs inside an agent's tree: its shims belong to that tree too.
    if let Some(outer) = std::env::var_os(PROCESS_VARIABLE) {
        command.env(PROCESS_VARIABLE, outer);
    }
    command.spawn().map_err(|source| ShimError::Start { program: program.to_owned(), source })
}

/// Hands the specification over. Cut off, it starts nothing.
pub(crate) async fn hand_over(mut stdin: ChildStdin, spec: ShimSpec) {
    let spec = serde_json::to_vec(&spec).expect("a specification is plain data");
    let handing = async {
        stdin.write_all(&spec).await?;
        stdin.shutdown().await
    };
    // What became of it is seen by whether the shim lives.
    if !matches!(timeout(SPEC_TIME_MAX, handing).await, Ok(Ok(()))) {
        tracing::debug!("a shim did not take its specification");
    }
}
