//! Landlock: which files, ports and processes this process and all that come from it may reach.

use std::path::{Path, PathBuf};

use landlock::{
    ABI, Access, AccessFs, AccessNet, BitFlags, CompatLevel, Compatible, NetPort, PathBeneath, PathFd, Ruleset,
    RulesetAttr, RulesetCreated, RulesetCreatedAttr, RulesetError, RulesetStatus, Scope, make_bitflags,
};

use super::error::HelperError;
use crate::confinement::Confinement;
use crate::grant::Grant;
use crate::order::ITSELF;
use crate::system::{CONFIGURATION, DEVICES, PROGRAMS};
use crate::tier::Tier;

/// What tier `landlock` cannot do without: truncation and TCP are held from here on (Linux 6.7).
const DEMANDED_ALONE: ABI = ABI::V4;
/// What it adds to the namespaces of tier `full`, which hold files and network by themselves (Linux 5.13).
const DEMANDED_INSIDE: ABI = ABI::V1;
/// What is asked for where the kernel has it.
const WANTED: ABI = ABI::V9;

/// Restricts this process for good.
pub(super) fn restrict(tier: Tier, confinement: &Confinement, program: &str) -> Result<(), HelperError> {
    let demanded = if tier == Tier::Full { DEMANDED_INSIDE } else { DEMANDED_ALONE };
    let refused = |error: RulesetError| HelperError::Landlock(error.to_string());
    let mut rules = files(tier, confinement);
    if program == ITSELF {
        rules.push((ITSELF.into(), make_bitflags!(AccessFs::{ReadFile | Execute})));
    }
    let mut ruleset = ruleset(tier, demanded).map_err(refused)?;
    for (path, access) in rules {
        ruleset = add(ruleset, &path, access)?;
    }
    if tier == Tier::Landlock {
        for port in &confinement.grant.ports {
            ruleset = ruleset.add_rule(NetPort::new(*port, AccessNet::ConnectTcp)).map_err(refused)?;
        }
    }
    let status = ruleset.restrict_self().map_err(refused)?;
    match status.ruleset {
        RulesetStatus::NotEnforced => Err(HelperError::Landlock("it is switched off".to_owned())),
        // What is demanded was demanded hard above; the rest is as the kernel has it.
        _ => Ok(()),
    }
}

fn ruleset(tier: Tier, demanded: ABI) -> Result<RulesetCreated, RulesetError> {
    let mut ruleset = Ruleset::default()
        .set_compatibility(CompatLevel::HardRequirement)
        .handle_access(AccessFs::from_all(demanded))?;
    if tier == Tier::Landlock {
        ruleset = ruleset.handle_access(AccessNet::from_all(demanded))?;
    }
    ruleset
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(WANTED))?
        .scope(Scope::from_all(WANTED))?
        .create()
}

/// A path that is not there grants nothing.
fn add(ruleset: RulesetCreated, path: &Path, access: BitFlags<AccessFs>) -> Result<RulesetCreated, HelperError> {
    let Ok(opened) = PathFd::new(path) else {
        return Ok(ruleset);
    };
    let for_files = AccessFs::from_file(WANTED);
    let access = if path.is_dir() { access } else { access & for_files };
    let added = ruleset.add_rule(PathBeneath::new(opened, access));
    added.map_err(|error| HelperError::Landlock(format!("`{}`: {error}", path.display())))
}

fn files(tier: Tier, confinement: &Confinement) -> Vec<(PathBuf, BitFlags<AccessFs>)> {
    let read = make_bitflags!(AccessFs::{ReadFile | ReadDir});
    let execute = read | AccessFs::Execute;
    // Everything but to execute, and but the devices that a tree of files could hold.
    let write = AccessFs::from_all(WANTED)
        & !make_bitflags!(AccessFs::{Execute | MakeChar | MakeBlock | IoctlDev | ResolveUnix});
    let device = make_bitflags!(AccessFs::{ReadFile | WriteFile | Truncate | IoctlDev});
    let grant = &confinement.grant;
    let mut rules: Vec<(PathBuf, BitFlags<AccessFs>)> = Vec::new();
    let mut allow = |paths: &mut dyn Iterator<Item = PathBuf>, access| rules.extend(paths.map(|path| (path, access)));
    allow(&mut PROGRAMS.iter().map(PathBuf::from), execute);
    allow(&mut CONFIGURATION.iter().map(PathBuf::from), read);
    allow(&mut ["/proc", "/sys/devices/system/cpu"].into_iter().map(PathBuf::from), read);
    match tier {
        // The tier's own: the devices are few, the terminals and the shared memory are those of this tree alone.
        Tier::Full => {
            // Its directories hold nothing but what was given.
            allow(&mut ["/"].into_iter().map(PathBuf::from), AccessFs::ReadDir.into());
            allow(&mut ["/dev"].into_iter().map(PathBuf::from), read | device);
            allow(&mut ["/dev/shm"].into_iter().map(PathBuf::from), write | AccessFs::ResolveUnix);
            let temporary = if is_executable_throughout(grant, Path::new("/tmp")) { execute } else { read };
            allow(&mut ["/tmp"].into_iter().map(PathBuf::from), write | temporary | AccessFs::ResolveUnix);
        }
        _ => allow(&mut DEVICES.iter().map(PathBuf::from), device),
    }
    allow(&mut grant.read.iter().cloned(), read);
    allow(&mut grant.execute.iter().cloned(), execute);
    // Sockets that the tree makes itself, it may also reach.
    allow(&mut grant.write.iter().cloned(), write | AccessFs::ResolveUnix);
    allow(&mut grant.sockets.iter().cloned(), read | AccessFs::ResolveUnix);
    rules
}

/// Whether nothing that may not be executed was granted below `directory`: a rule for a directory holds for all below it,
/// whatever is mounted there.
fn is_executable_throughout(grant: &Grant, directory: &Path) -> bool {
    let below = [&grant.read, &grant.write].into_iter().flatten().filter(|path| path.starts_with(directory));
    below.into_iter().all(|path| grant.execute.iter().any(|above| path.starts_with(above)))
}
