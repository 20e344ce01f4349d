//! Commands that are no agent's and that execute what agents wrote: gates and set-up commands. Held like agents, with less: no way
//! to the service, which they do not need, and no network, unless the person gives it to set-up commands.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use legion_model::Tier;
use legion_sandbox::{Confinement, Grant, Limits};

use super::compose::{borrowed_objects, tidy};
use super::ground::Containment;
use super::hold::{HeldLaunch, limits_in};
use super::reach;
use crate::engine::Inner;

/// By which a command line is executed.
const SHELL: &str = "/bin/sh";
/// Caches that builds write to: the person's cannot be written to, and a home of its own has another one.
const WRITTEN_CACHES: &[&str] = &["GOCACHE", "GRADLE_USER_HOME"];
/// Where the machine says who knows the names of others: of use to who has a network.
const NAME_SERVERS: &str = "/etc/resolv.conf";

/// A command as it is to be executed.
pub(crate) struct CommandOrder<'a> {
    pub command: &'a str,
    /// Where it works: to be written and executed in.
    pub cwd: &'a Path,
    /// A home of its own, with caches.
    pub home: &'a Path,
    /// For files of this run, in the tiers that have no `/tmp` of their own.
    pub temporary: &'a Path,
    /// It may have the machine's network.
    pub network: bool,
    /// The whole environment.
    pub environment: BTreeMap<String, String>,
}

/// Holds a command as the service's tier says.
///
/// # Errors
/// When the tier does not work here (any more), or what it may reach cannot be held: in words for a person.
pub(crate) async fn hold_command(inner: &Inner, order: CommandOrder<'_>) -> Result<HeldLaunch, String> {
    let tier = inner.bounds.tier;
    let containment = &inner.containment;
    let limits = limits_in(inner, order.cwd);
    let words = vec!["-c".to_owned(), order.command.to_owned()];
    let account = containment.account_of_commands(tier)?;
    // Without a user of its own there is nothing to be done for a program that is not held.
    if tier == Tier::None && account.is_none() {
        return Ok(HeldLaunch {
            program: SHELL.to_owned(),
            args: words,
            env: order.environment,
            inside: false,
            limits,
        });
    }
    let checked = containment.tiers.check(tier).await;
    checked.map_err(|error| format!("{error}; `legion doctor` says how to mend it"))?;
    let home = order.home.to_owned();
    let mut confinement = confinement(inner, order, tier, limits.clone());
    confinement.account = account;
    // Its other directories lie on the same file system.
    if !containment.can_write(tier, confinement.account, &home).await {
        return Err(format!(
            "it could not write to `{}`: its user id has no right to, and the file system cannot lend it one",
            home.display()
        ));
    }
    HeldLaunch::wrap(containment, tier, &confinement, (SHELL, &words), limits)
}

impl Containment {
    /// Whether set-up commands have the machine's network.
    pub(crate) fn gives_setup_network(&self) -> bool {
        self.config.setup_network
    }
}

/// What it is given: its directory and its home, and read only the toolchains, the caches of packages, and what the person shares.
/// No socket, no relay, and no port but those of the machine's network.
fn confinement(inner: &Inner, order: CommandOrder<'_>, tier: Tier, limits: Limits) -> Confinement {
    let config = &inner.containment.config;
    let mut environment = order.environment;
    for name in WRITTEN_CACHES {
        environment.remove(*name);
    }
    if tier == Tier::Full {
        environment.insert("TMPDIR".to_owned(), "/tmp".to_owned());
    }
    let own = [Some(order.cwd), Some(order.home), (tier != Tier::Full).then_some(order.temporary)];
    let own: Vec<PathBuf> = own.into_iter().flatten().map(Path::to_owned).collect();
    let root = inner.data_dir.root();
    let mut toolchains = reach::toolchains_of(&environment, config.person_home.as_deref(), &[root, order.cwd]);
    // The way to the service is on the PATH of agents.
    toolchains.retain(|path| !path.starts_with(root));
    let mut confinement = Confinement::new(order.cwd);
    confinement.network = order.network;
    confinement.grant = Grant {
        read: borrowed_objects(inner, order.cwd).into_iter().collect(),
        write: own.clone(),
        execute: own,
        limits,
        ..Grant::default()
    };
    let grant = &mut confinement.grant;
    grant.execute.extend(toolchains);
    // What is often a link: it is read where it lies.
    let name_servers = order.network.then(|| Path::new(NAME_SERVERS).canonicalize().ok()).flatten();
    grant.read.extend(name_servers);
    // Legion's own files are given to nobody.
    let shared = config.shared.iter().filter(|path| path.exists() && !root.starts_with(path));
    grant.execute.extend(shared.cloned());
    tidy(grant);
    confinement.environment = environment;
    confinement
}
