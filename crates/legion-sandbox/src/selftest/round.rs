//! One round: a neighbour, and the probes beside it, inside of a tier or outside.

use std::fs::{self, File};
use std::io;
use std::os::fd::{AsFd as _, AsRawFd as _, OwnedFd};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use legion_process::{Output, Program, ProgramError};
use legion_runtime::{Clock as _, SystemClock};
use rustix::fs::{Gid, Uid};
use rustix::io::{FdFlags, fcntl_dupfd_cloexec, fcntl_setfd};
use tokio::time::{sleep, timeout};

use super::test::{Extent, SelfTest, chosen};
use crate::confinement::{Confinement, RelayPort};
use crate::launch::{Launch, LaunchError};
use crate::order::ITSELF;
use crate::probe::ground::{Ground, SECRET, VARIABLE};
use crate::probe::main::{TERMINAL, neighbour_arguments, prober_arguments};
use crate::probe::neighbour::{ground_file, stop_file};
use crate::probe::{Attempt, GRANTED, Outcome, Probe};
use crate::tier::Tier;

const OUTPUT_BYTES_MAX: usize = 256 * 1024;
const LOOK_EVERY: Duration = Duration::from_millis(2);
/// How long a neighbour may take to clear up.
pub(super) const FAREWELL_MAX: Duration = Duration::from_millis(500);
/// Any port: the loopback inside belongs to the sandbox alone.
const RELAY_PORT: u16 = 4100;
/// Where the descriptors lie that are left open; well above those that programs use themselves.
const LEFT_OPEN_FROM: i32 = 200;
/// The processes of one sandbox: the prober forks for each attempt.
const PROCESSES_MAX: u64 = 64;

/// Makes the names of directories different within this process.
static COUNT: AtomicU32 = AtomicU32::new(0);

/// Probes in one place.
pub(super) struct Round<'a> {
    pub test: &'a SelfTest,
    /// `None` is outside, where every probe shall succeed.
    pub tier: Option<Tier>,
    pub extent: Extent,
    /// How long all of it may take, but for clearing up.
    pub limit: Duration,
}

/// What came of the probes.
#[derive(Debug)]
pub(super) struct Seen {
    pub attempts: Vec<Attempt>,
    /// What was written to standard error.
    pub errors: String,
}

#[derive(Debug, thiserror::Error)]
pub(super) enum RoundError {
    #[error("tier `full` needs bubblewrap, which was not found")]
    NoBubblewrap,
    #[error(transparent)]
    Launch(LaunchError),
    #[error("failed to {what}: {source}")]
    System { what: &'static str, source: io::Error },
    #[error("{0}")]
    Program(#[from] ProgramError),
    #[error("it did not end in time")]
    TooSlow,
    #[error("the neighbour ended too early: {0}")]
    Neighbour(String),
}

impl Seen {
    pub fn outcome(&self, probe: &Probe) -> Outcome {
        let found = self.attempts.iter().find(|attempt| attempt.probe == probe.name);
        found.map_or(Outcome::Untried, |attempt| attempt.outcome.clone())
    }
}

impl Round<'_> {
    pub async fn run(&self) -> Result<Seen, RoundError> {
        if self.tier == Some(Tier::Full) && self.test.tools.bwrap.is_none() {
            return Err(RoundError::NoBubblewrap);
        }
        let base = Base::make(self.test).map_err(|source| RoundError::System { what: "make a directory", source })?;
        let account = self.test.account;
        let neighbour = Program::new(&self.test.tools.helper)
            .args(neighbour_arguments(&base.0, account))
            .env(VARIABLE, SECRET)
            .env("TMPDIR", &self.test.scratch);
        // Dropped before its end it would leave what it shares, so it is told to end and waited for.
        let neighbour = neighbour.run_to_end(self.limit + FAREWELL_MAX, OUTPUT_BYTES_MAX);
        tokio::pin!(neighbour);
        let seen = tokio::select! {
            biased;
            ended = &mut neighbour => return Err(RoundError::Neighbour(said(&ended?.stderr))),
            seen = self.probe(&base.0) => seen,
        };
        fs::write(stop_file(&base.0), "")
            .map_err(|source| RoundError::System { what: "stop the neighbour", source })?;
        // What it does not clear up in time is killed with it.
        let _ = timeout(FAREWELL_MAX, neighbour).await;
        seen
    }

    async fn probe(&self, base: &Path) -> Result<Seen, RoundError> {
        let clock = SystemClock::new();
        let mut ground = wait_for_ground(base, self.limit).await?;
        let left_open =
            left_open(&ground).map_err(|source| RoundError::System { what: "leave descriptors open", source })?;
        ground.file_descriptor = left_open[0].as_raw_fd();
        ground.directory_descriptor = left_open[1].as_raw_fd();
        ground.relay_port = (self.tier == Some(Tier::Full)).then_some(RELAY_PORT);
        let granted = self.tier.map_or(&[][..], |_| GRANTED);
        let names: Vec<&str> = granted.iter().chain(chosen(self.extent)).map(|probe| probe.name).collect();
        let arguments = prober_arguments(&ground, &names);
        let helper = &self.test.tools.helper;
        let launch = match self.tier {
            None => Launch { program: helper.clone(), arguments, environment: Default::default() },
            Some(tier) => {
                let confinement = confinement(&ground, tier);
                self.test.tools.launch(tier, &confinement, ITSELF, &arguments).map_err(RoundError::Launch)?
            }
        };
        let program = Program::new(helper).arg(TERMINAL).arg(&launch.program).args(&launch.arguments);
        let left = self.limit.saturating_sub(Duration::from_millis(clock.mono_ms()));
        let run = program.envs(&launch.environment).run_to_end(left, OUTPUT_BYTES_MAX).await;
        drop(left_open);
        let output: Output = run.map_err(|error| match error {
            ProgramError::TimedOut { .. } => RoundError::TooSlow,
            error => error.into(),
        })?;
        let lines = output.stdout.split(|&byte| byte == b'\n');
        Ok(Seen {
            attempts: lines.filter_map(|line| serde_json::from_slice(line).ok()).collect(),
            errors: said(&output.stderr),
        })
    }
}

/// What an agent is given at the least: a directory of its own, and the service.
fn confinement(ground: &Ground, tier: Tier) -> Confinement {
    let mut confinement = Confinement::new(&ground.own);
    confinement.account = ground.account;
    confinement.grant.write = vec![ground.own.clone()];
    confinement.grant.execute = vec![ground.own.clone()];
    confinement.grant.limits.processes_max = Some(PROCESSES_MAX);
    if tier == Tier::Full {
        confinement.grant.sockets = vec![ground.sockets.clone()];
        confinement.relay = vec![RelayPort { port: RELAY_PORT, socket: ground.service_socket() }];
    } else {
        confinement.grant.ports = vec![ground.service.port()];
    }
    confinement
}

async fn wait_for_ground(base: &Path, limit: Duration) -> Result<Ground, RoundError> {
    let waited = timeout(limit, async {
        loop {
            match fs::read(ground_file(base)) {
                Ok(text) => return text,
                Err(_) => sleep(LOOK_EVERY).await,
            }
        }
    });
    let text = waited.await.map_err(|_| RoundError::TooSlow)?;
    serde_json::from_slice(&text).map_err(|error| RoundError::Neighbour(error.to_string()))
}

/// Opens what a careless starter would leave open.
fn left_open(ground: &Ground) -> io::Result<[OwnedFd; 2]> {
    let open = |path: PathBuf| -> io::Result<OwnedFd> {
        let file = File::open(path)?;
        let left_open = fcntl_dupfd_cloexec(&file, LEFT_OPEN_FROM)?;
        fcntl_setfd(left_open.as_fd(), FdFlags::empty())?;
        Ok(left_open)
    };
    Ok([open(ground.secret())?, open(ground.outside.clone())?])
}

fn said(stderr: &[u8]) -> String {
    String::from_utf8_lossy(stderr).trim().to_owned()
}

/// A directory of the agent's user, removed when dropped.
struct Base(PathBuf);

impl Base {
    fn make(test: &SelfTest) -> io::Result<Self> {
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = test.scratch.canonicalize()?.join(format!("legion-self-test-{}-{number}", std::process::id()));
        fs::DirBuilder::new().mode(0o700).create(&path)?;
        let base = Self(path);
        if let Some(account) = test.account.filter(|_| rustix::process::geteuid().is_root()) {
            let (uid, gid) = (Uid::from_raw(account.uid), Gid::from_raw(account.gid));
            rustix::fs::chown(&base.0, Some(uid), Some(gid))?;
        }
        Ok(base)
    }
}

impl Drop for Base {
    fn drop(&mut self) {
        // What is left lies in a temporary directory.
        let _ = fs::remove_dir_all(&self.0);
    }
}
