//! What the command line needs done: the service, the shim, other programs.

use std::ffi::{OsStr, OsString};
use std::fs::OpenOptions;
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::process::{ExitCode, Output};
use std::time::Duration;

use legion_cli::{Hooks, Listen, Look, Probe, ServeArgs, StartedService};
use legion_process::{Program, ProgramError};
use legion_runtime::{DataDir, Environment};
use legion_store::DataDirLock;

use crate::error_chain::chain;
use crate::started::Started;
use crate::{doctor, service};

/// Bytes of output that are kept of a program that the command line runs.
const OUTPUT_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Everything that is no client.
pub(crate) struct Composition<'a> {
    pub(crate) environment: &'a Environment,
}

impl Hooks for Composition<'_> {
    fn serve(&self, args: &ServeArgs) -> ExitCode {
        service::run(self.environment, args)
    }

    fn start_detached(&self, args: &ServeArgs) -> Result<Box<dyn StartedService>, String> {
        DataDirLock::check(&args.data_dir).map_err(|error| chain(&error))?;
        let data_dir = DataDir::open(&args.data_dir).map_err(|error| chain(&error))?;
        let file = data_dir.logs().join("start.log");
        let failed = |error: io::Error| format!("failed to open `{}`: {error}", file.display());
        let log = OpenOptions::new().create(true).append(true).mode(0o600).open(&file).map_err(failed)?;
        let begin = log.metadata().map_err(failed)?.len();
        let program = std::env::current_exe().map_err(|error| format!("failed to find the program itself: {error}"))?;
        let mut words: Vec<OsString> = vec!["--data-dir".into(), data_dir.root().into(), "serve".into()];
        if let Listen::At(addresses) = &args.listen {
            for address in addresses {
                words.push("--listen".into());
                words.push(address.to_string().into());
            }
        }
        if let Some(tier) = &args.tier {
            words.extend(["--tier".into(), tier.into()]);
        }
        let process = legion_process::spawn_detached(&program, &words, self.environment.all(), log);
        Ok(Box::new(Started { process: process.map_err(|error| chain(&error))?, log: file, begin }))
    }

    fn shim(&self, _arguments: &[OsString]) -> ExitCode {
        legion_process::shim_main()
    }

    fn openapi(&self) -> String {
        legion_server::openapi()
    }

    fn doctor<'a>(&'a self, data_dir: &'a Path) -> Look<'a> {
        Box::pin(doctor::probes(self.environment, data_dir))
    }

    fn claude(&self) -> Vec<Probe> {
        outside(|| doctor::claude(self.environment))
    }

    fn run(&self, program: &OsStr, arguments: &[&OsStr], cwd: &Path, within: Duration) -> io::Result<Output> {
        let program = Program::new(program).args(arguments).envs(self.environment.all()).current_dir(cwd);
        let output = outside(|| {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(program.run_to_end(within, OUTPUT_BYTES_MAX)).map_err(io_error)
        })?;
        Ok(Output { status: output.status, stdout: output.stdout, stderr: output.stderr })
    }
}

/// On a thread of its own: the command line has a runtime, and a runtime cannot stand in another one.
fn outside<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    std::thread::scope(|scope| match scope.spawn(work).join() {
        Ok(done) => done,
        Err(panic) => std::panic::resume_unwind(panic),
    })
}

fn io_error(error: ProgramError) -> io::Error {
    match error {
        ProgramError::Start { source, .. } => source,
        error => io::Error::other(error),
    }
}
