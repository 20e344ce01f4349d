//! What `legion doctor` looks at: each probe tries the thing itself.

use std::path::Path;

use legion_cli::{DOCTOR_ANSWER_MAX, Probe};
use legion_process::{Holding, Program, ProgramError, SocketDirectory};
use legion_runtime::{Environment, Settings};
use legion_store::DataDirLock;

use crate::claude_code;
use crate::error_chain::chain;
use crate::held;
use crate::probe::{ANSWER_BYTES_MAX, ANSWER_TIME, bad, good, note, warning};
use crate::service::containment;

/// Below this, git has known holes.
const GIT_WANTED: (u32, u32, u32) = (2, 47, 3);

pub(crate) async fn probes(environment: &Environment, data_dir: &Path) -> Vec<Probe> {
    let mut probes = vec![data_dir_probe(data_dir), sockets(environment, data_dir), holding()];
    let settings = Settings::load(environment, Some(data_dir));
    let containment = settings.as_ref().map(|set| containment(set, environment)).unwrap_or_default();
    let legion = std::env::current_exe().unwrap_or_else(|_| "legion".into());
    // All at once: each may take a second or two, and none takes more than the whole may.
    let claude = async {
        match &settings {
            Ok(settings) => claude_code::probes(environment, settings, DOCTOR_ANSWER_MAX).await,
            Err(_) => Vec::new(),
        }
    };
    let (git, tiers, claude) = tokio::join!(git(environment), held::tiers(&containment, &legion), claude);
    probes.push(git);
    match &settings {
        Ok(_) => probes.push(good("settings", "valid".to_owned())),
        Err(error) => probes.push(bad("settings", chain(error), "mend what it names")),
    }
    probes.extend(claude);
    probes.extend(orphans(data_dir));
    probes.extend(tiers);
    probes.push(held::resources());
    probes
}

/// What agents of the driver `claude` need.
pub(crate) fn claude(environment: &Environment) -> Vec<Probe> {
    // The data directory plays no part in it.
    let settings = match Settings::load(environment, Some(Path::new("/"))) {
        Ok(settings) => settings,
        Err(error) => return vec![bad("settings", chain(&error), "mend what it names")],
    };
    match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime.block_on(claude_code::probes(environment, &settings, ANSWER_TIME)),
        Err(error) => vec![bad("claude code", chain(&error), "try again")],
    }
}

fn data_dir_probe(data_dir: &Path) -> Probe {
    if let Err(error) = DataDirLock::check(data_dir) {
        return bad("data directory", chain(&error), "give another one with --data-dir or LEGION_DATA_DIR");
    }
    let missing = !data_dir.exists();
    let existing = data_dir.ancestors().find(|above| above.exists()).unwrap_or(data_dir);
    match tempfile_in(existing) {
        Ok(()) if missing => good("data directory", format!("{} (will be made)", data_dir.display())),
        Ok(()) => good("data directory", data_dir.display().to_string()),
        Err(error) => bad(
            "data directory",
            format!("{}: {error}", data_dir.display()),
            "give another one with --data-dir or LEGION_DATA_DIR",
        ),
    }
}

/// Writes and removes a small file: permissions, space and a mounted disk in one look.
fn tempfile_in(directory: &Path) -> std::io::Result<()> {
    let path = directory.join(format!(".legion-doctor-{}", std::process::id()));
    std::fs::write(&path, b"probe")?;
    std::fs::remove_file(&path)
}

fn sockets(environment: &Environment, data_dir: &Path) -> Probe {
    let runtime_dir = environment.get("XDG_RUNTIME_DIR").map(Path::new);
    match SocketDirectory::open(data_dir, runtime_dir) {
        Ok(directory) => good("sockets", directory.path().display().to_string()),
        Err(error) => bad("sockets", chain(&error), "remove or mend the directory that it names"),
    }
}

fn holding() -> Probe {
    match legion_process::containment("doctor") {
        Holding::Cgroup(root) => {
            // Made for the look; one that is in use stays.
            let _ = root.remove();
            good("process trees", format!("held by a control group for each process, below {}", root.path().display()))
        }
        Holding::Sweep(reason) => {
            good("process trees", format!("held by the shim, and swept by the environment of processes ({reason})"))
        }
    }
}

/// Processes that a start found alive and that its log did not know.
fn orphans(data_dir: &Path) -> Option<Probe> {
    let file = data_dir.join("logs/orphans.log");
    let count = std::fs::read_to_string(&file).ok()?.lines().count();
    let detail =
        format!("{count} processes were ended that the log did not know: it was deleted or replaced under them");
    Some(note("orphans", detail, &format!("what they wrote is kept: read `{}`, then remove it", file.display())))
}

async fn version(environment: &Environment, program: &Path) -> Result<String, String> {
    let run = Program::new(program).arg("--version").envs(environment.all());
    let run = run.run_to_end(DOCTOR_ANSWER_MAX, ANSWER_BYTES_MAX).await;
    let output = run.map_err(|error| match error {
        ProgramError::TimedOut { .. } => {
            format!("`{} --version` did not answer within {DOCTOR_ANSWER_MAX:?}", program.display())
        }
        error => chain(&error),
    })?;
    if !output.status.success() {
        return Err(format!("`{} --version` failed", program.display()));
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

async fn git(environment: &Environment) -> Probe {
    let text = match version(environment, Path::new("git")).await {
        Ok(text) => text,
        Err(error) => return warning("git", error, "install git: agents that work on a repository need it"),
    };
    let mut numbers = text.split(|c: char| !c.is_ascii_digit()).filter_map(|word| word.parse::<u32>().ok());
    let found = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    if found < GIT_WANTED {
        return warning("git", text, "2.47.3 or newer is safer with hostile repositories");
    }
    good("git", text)
}
