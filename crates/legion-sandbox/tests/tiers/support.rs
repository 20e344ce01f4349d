//! A place for an agent, and programs in it.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use legion_process::{Output, Program};
use legion_sandbox::{Account, Confinement, Tier, Tools};
use legion_testkit::TestDir;

/// A service that is root gives agents a user of their own; any number does.
const AGENT: u32 = 54_321;
const RUN_MAX: Duration = Duration::from_secs(60);

/// A directory of the agent's own, and one with nothing for it.
pub struct Place {
    pub dir: TestDir,
    pub confinement: Confinement,
}

pub fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

pub fn tools() -> Tools {
    let tools = Tools::find(Path::new(env!("CARGO_BIN_EXE_legion-test-confine")).to_owned());
    assert!(tools.bwrap.is_some(), "bubblewrap is missing: `cargo xtask setup` installs it");
    tools
}

impl Place {
    /// Its `own` directory may be read, written and executed in.
    pub fn new() -> Self {
        let dir = TestDir::new();
        let own = dir.dir("own");
        let mut confinement = Confinement::new(&own);
        confinement.grant.write = vec![own.clone()];
        confinement.grant.execute = vec![own];
        confinement.environment.insert("PATH".to_owned(), "/usr/local/bin:/usr/bin:/bin".to_owned());
        if is_root() {
            confinement.account = Some(Account { uid: AGENT, gid: AGENT });
        }
        let place = Self { dir, confinement };
        place.give("");
        place.give("own");
        place
    }

    /// Gives a file or directory to the agent's user.
    pub fn give(&self, name: &str) -> PathBuf {
        let path = self.dir.path().join(name);
        if let Some(account) = self.confinement.account {
            std::os::unix::fs::chown(&path, Some(account.uid), Some(account.gid)).unwrap();
        }
        path
    }

    pub fn own(&self) -> PathBuf {
        self.dir.path().join("own")
    }

    /// Runs a program to its end.
    pub async fn run(&self, tier: Tier, program: &str, arguments: &[&str]) -> Output {
        let arguments: Vec<String> = arguments.iter().map(|word| (*word).to_owned()).collect();
        let launch = tools().launch(tier, &self.confinement, program, &arguments).unwrap();
        let program = Program::new(&launch.program).args(&launch.arguments).envs(&launch.environment);
        program.run_to_end(RUN_MAX, 1 << 20).await.unwrap()
    }

    /// Runs a line of shell.
    pub async fn shell(&self, tier: Tier, line: &str) -> Output {
        self.run(tier, "bash", &["-c", line]).await
    }
}

pub fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

pub fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).trim().to_owned()
}

/// Every process's arguments that can be read.
pub fn all_arguments() -> Vec<Vec<u8>> {
    let entries = fs::read_dir("/proc").unwrap().flatten();
    entries.filter_map(|entry| fs::read(entry.path().join("cmdline")).ok()).collect()
}
