//! Landlock: which files, ports and processes this process and all that come from it may reach.

use std::os::fd::AsFd;
use std::path::{Path, PathBuf};

use landlock::{
    ABI, Access, AccessFs, AccessNet, BitFlags, CompatLevel, Compatible, NetPort, PathBeneath, PathFd, Ruleset,
    RulesetAttr, RulesetCreated, RulesetCreatedAttr, RulesetError, RulesetStatus, Scope, make_bitflags,
};

use super::error::HelperError;
use super::identity;
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
    let holds_ports = tier == Tier::Landlock && !confinement.network;
    let mut ruleset = ruleset(holds_ports, demanded).map_err(refused)?;
    for (path, access) in rules {
        // A part of the system that is not there grants nothing.
        if let Ok(opened) = PathFd::new(&path) {
            ruleset = add(ruleset, opened, &path, access)?;
        }
    }
    for (path, access) in granted(confinement) {
        ruleset = add(ruleset, identity::open(path)?, path, access)?;
    }
    if holds_ports {
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

fn ruleset(holds_ports: bool, demanded: ABI) -> Result<RulesetCreated, RulesetError> {
    let mut ruleset = Ruleset::default()
        .set_compatibility(CompatLevel::HardRequirement)
        .handle_access(AccessFs::from_all(demanded))?;
    if holds_ports {
        ruleset = ruleset.handle_access(AccessNet::from_all(demanded))?;
    }
    ruleset
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(WANTED))?
        .scope(Scope::from_all(WANTED))?
        .create()
}

fn add(
    ruleset: RulesetCreated,
    opened: impl AsFd,
    path: &Path,
    access: BitFlags<AccessFs>,
) -> Result<RulesetCreated, HelperError> {
    let for_files = AccessFs::from_file(WANTED);
    let access = if path.is_dir() { access } else { access & for_files };
    let added = ruleset.add_rule(PathBeneath::new(opened, access));
    added.map_err(|error| HelperError::Landlock(format!("`{}`: {error}", path.display())))
}

/// To look into files and directories.
const READ: BitFlags<AccessFs> = make_bitflags!(AccessFs::{ReadFile | ReadDir});
const EXECUTE: BitFlags<AccessFs> = make_bitflags!(AccessFs::{ReadFile | ReadDir | Execute});

/// Everything but to execute, and but the devices that a tree of files could hold. Sockets that the tree makes itself, it
/// may also reach.
fn write() -> BitFlags<AccessFs> {
    AccessFs::from_all(WANTED) & !make_bitflags!(AccessFs::{Execute | MakeChar | MakeBlock | IoctlDev})
}

/// What was granted.
fn granted(confinement: &Confinement) -> impl Iterator<Item = (&PathBuf, BitFlags<AccessFs>)> {
    let grant = &confinement.grant;
    let lists = [
        (&grant.read, READ),
        (&grant.execute, EXECUTE),
        (&grant.write, write()),
        (&grant.sockets, READ | AccessFs::ResolveUnix),
    ];
    lists.into_iter().flat_map(|(paths, access)| paths.iter().map(move |path| (path, access)))
}

/// What of the machine, or of the sandbox, everybody is given.
fn files(tier: Tier, confinement: &Confinement) -> Vec<(PathBuf, BitFlags<AccessFs>)> {
    let device = make_bitflags!(AccessFs::{ReadFile | WriteFile | Truncate | IoctlDev});
    let grant = &confinement.grant;
    let mut rules: Vec<(PathBuf, BitFlags<AccessFs>)> = Vec::new();
    let mut allow = |paths: &mut dyn Iterator<Item = PathBuf>, access| rules.extend(paths.map(|path| (path, access)));
    allow(&mut PROGRAMS.iter().map(PathBuf::from), EXECUTE);
    allow(&mut CONFIGURATION.iter().map(PathBuf::from), READ);
    allow(&mut ["/proc", "/sys/devices/system/cpu"].into_iter().map(PathBuf::from), READ);
    match tier {
        // The tier's own: the devices are few, the terminals and the shared memory are those of this tree alone.
        Tier::Full => {
            // Its directories hold nothing but what was given.
            allow(&mut ["/"].into_iter().map(PathBuf::from), AccessFs::ReadDir.into());
            allow(&mut ["/dev"].into_iter().map(PathBuf::from), READ | device);
            allow(&mut ["/dev/shm"].into_iter().map(PathBuf::from), write());
            let temporary = if is_executable_throughout(grant, Path::new("/tmp")) { EXECUTE } else { READ };
            allow(&mut ["/tmp"].into_iter().map(PathBuf::from), write() | temporary);
        }
        _ => allow(&mut DEVICES.iter().map(PathBuf::from), device),
    }
    rules
}

/// Whether nothing that may not be executed was granted below `directory`: a rule for a directory holds for all below it,
/// whatever is mounted there.
fn is_executable_throughout(grant: &Grant, directory: &Path) -> bool {
    let below = [&grant.read, &grant.write].into_iter().flatten().filter(|path| path.starts_with(directory));
    below.into_iter().all(|path| grant.execute.iter().any(|above| path.starts_with(above)))
}
