//! What one start is given.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use legion_agents::{Launch, Login};
use legion_model::{DriverKind, Tier};
use legion_sandbox::{Confinement, Grant, Limits, Placeholder, RelayPort, is_of_system};

use super::forward::provider_port;
use super::ground::Containment;
use super::masks::{self, Masks};
use super::provider::{Target, inside, without_proxies};
use super::{program, reach, repository};
use crate::engine::Inner;
use crate::hands::StartOrder;

/// Where an agent without a network reaches the service: the port that every client knows.
pub(super) const SERVICE_PORT: u16 = 6666;
/// Where it reaches its provider.
pub(super) const PROVIDER_PORT: u16 = 6667;
/// Ports of an agent without a network that are taken: the gateway keeps the port that it has outside, which must be another.
pub const PORTS_INSIDE: [u16; 2] = [SERVICE_PORT, PROVIDER_PORT];
/// Where Claude Code is told to ask.
const BASE_URL: &str = "ANTHROPIC_BASE_URL";
/// How much an agent steps back for everything else.
const NICE: u8 = 5;
/// Open files of one process: servers and watchers of files have many.
const OPEN_FILES_MAX: u64 = 65_536;

/// A start as it is to be held.
pub(super) struct Composed {
    pub confinement: Confinement,
    pub program: String,
    /// What has to be there for it.
    pub placeholders: Vec<(PathBuf, Placeholder)>,
}

/// Puts together what `order` may reach; changes the environment of `launch` to what is there. `files` are those of the start
/// itself.
pub(super) fn compose(
    inner: &Arc<Inner>,
    order: &StartOrder,
    launch: &mut Launch,
    files: &Files<'_>,
    limits: Limits,
) -> Result<Composed, String> {
    let containment = &inner.containment;
    let spec = &order.agent.spec;
    let mut confinement = Confinement::new(&launch.cwd);
    confinement.account = containment.account(order.agent.id);
    confinement.grant = grant(inner, order, launch, files);
    confinement.grant.limits = limits;
    match spec.tier {
        Tier::Full => isolate(containment, spec.driver, launch, &mut confinement),
        Tier::Landlock => open_ports(inner, spec.driver, launch, &mut confinement),
        Tier::None => {}
    }
    let grant = &mut confinement.grant;
    let found = program::find(&launch.program, &launch.cwd, launch.env.get("PATH").map(String::as_str), |path| {
        is_of_system(path) || grant.execute.iter().any(|above| path.starts_with(above))
    });
    grant.execute.extend(found.files);
    tidy(grant);
    let placeholders = if spec.tier == Tier::Full { cover(inner, &launch.cwd, &mut confinement) } else { Vec::new() };
    confinement.environment = launch.env.clone();
    Ok(Composed { confinement, program: found.program, placeholders })
}

/// What lies in what may be written and is not to be read, or not to be changed. Returns what has to be there for it.
fn cover(inner: &Inner, cwd: &Path, confinement: &mut Confinement) -> Vec<(PathBuf, Placeholder)> {
    let Masks { masked, fixed } = masks::masks(cwd, &inner.containment.trust.read());
    confinement.masked = masked;
    confinement.fixed = fixed;
    let mut placeholders = masks::placeholders(cwd);
    // Clones are ours, and no git of ours or of the person's executes what is in them.
    if !cwd.starts_with(inner.data_dir.root()) {
        let protected = repository::protected(&confinement.grant, cwd);
        confinement.fixed.extend(protected.fixed);
        placeholders.extend(protected.placeholders);
    }
    placeholders.retain(|(path, _)| confinement.may_write(path));
    placeholders
}

/// The files and directories of one start.
pub(super) struct Files<'a> {
    pub home: &'a Path,
    pub temporary: &'a Path,
    pub task: &'a Path,
}

fn grant(inner: &Inner, order: &StartOrder, launch: &Launch, files: &Files<'_>) -> Grant {
    let spec = &order.agent.spec;
    let reach = spec.reach();
    let paths = |list: &[String]| list.iter().map(PathBuf::from).filter(|path| path.exists()).collect::<Vec<_>>();
    let mut grant = Grant {
        read: paths(&reach.read),
        write: paths(&reach.write),
        execute: paths(&reach.execute),
        ..Grant::default()
    };
    let own = [files.home].into_iter().chain((spec.tier != Tier::Full).then_some(files.temporary));
    for directory in own {
        grant.write.push(directory.to_owned());
        grant.execute.push(directory.to_owned());
    }
    grant.read.push(files.task.to_owned());
    if let (Login::Person { config_dir, home, .. }, DriverKind::Claude) = (&inner.login, spec.driver) {
        // Its login is kept up to date there.
        grant.write.extend([config_dir.clone(), home.join(".claude.json")].into_iter().filter(|path| path.exists()));
    }
    // A link to our own program, and the program.
    let resolved = |path: &Path| path.canonicalize().ok();
    grant.read.push(inner.data_dir.bin());
    grant.execute.extend(resolved(&inner.legion));
    grant.read.extend(launch.reads.iter().filter_map(|path| resolved(path)));
    grant.read.extend(borrowed_objects(inner, &launch.cwd));
    let root = inner.data_dir.root();
    let config = &inner.containment.config;
    grant.execute.extend(reach::toolchains_of(&launch.env, config.person_home.as_deref(), &[root, &launch.cwd]));
    grant.execute.extend(config.shared.iter().filter(|path| path.exists()).cloned());
    grant
}

/// A ticket's clone borrows the objects of the project's repository.
pub(super) fn borrowed_objects(inner: &Inner, cwd: &Path) -> Option<PathBuf> {
    let below = cwd.strip_prefix(inner.data_dir.root().join("work")).ok()?;
    let project = below.components().next()?.as_os_str().to_str()?.parse().ok()?;
    let objects = inner.data_dir.control(project).join("objects");
    objects.is_dir().then_some(objects)
}

/// No network: a relay to the service, and to the provider where the driver needs one.
fn isolate(containment: &Containment, driver: DriverKind, launch: &mut Launch, confinement: &mut Confinement) {
    let env = &mut launch.env;
    env.insert("TMPDIR".to_owned(), "/tmp".to_owned());
    env.insert("LEGION_URL".to_owned(), format!("http://127.0.0.1:{SERVICE_PORT}"));
    confinement.grant.sockets.push(containment.sockets.clone());
    confinement.relay.push(RelayPort { port: SERVICE_PORT, socket: containment.service_socket() });
    if let Some(gateway) = &containment.gateway {
        // Under the port that it has outside: it knows itself by that name.
        confinement.relay.push(RelayPort { port: gateway.port, socket: containment.gateway_socket() });
    }
    if leads_to_gateway(containment, env) {
        without_proxies(env);
        // Whatever address it listens on outside.
        if let Some(url) = env.get(BASE_URL).and_then(|url| inside(url)) {
            env.insert(BASE_URL.to_owned(), url);
        }
    } else if driver == DriverKind::Claude {
        let socket = containment.provider_socket();
        containment.provider.lead(env, PROVIDER_PORT, &socket);
        // Where the gateway is the way, there is no other beside it.
        confinement.grant.sockets.push(containment.provider_sockets.clone());
        confinement.relay.push(RelayPort { port: PROVIDER_PORT, socket });
    }
}

/// Whether the program was told to ask the gateway.
fn leads_to_gateway(containment: &Containment, env: &BTreeMap<String, String>) -> bool {
    let target = env.get(BASE_URL).and_then(|url| Target::of(url));
    target.is_some() && target == containment.gateway
}

/// The machine's network, and of it a few ports.
fn open_ports(inner: &Arc<Inner>, driver: DriverKind, launch: &mut Launch, confinement: &mut Confinement) {
    let service: Option<u16> = inner.url.rsplit_once(':').and_then(|(_, port)| port.trim_end_matches('/').parse().ok());
    confinement.grant.ports.extend(service);
    confinement.grant.ports.extend(inner.containment.gateway.as_ref().map(|gateway| gateway.port));
    if leads_to_gateway(&inner.containment, &launch.env) {
        without_proxies(&mut launch.env);
        return;
    }
    if driver == DriverKind::Claude
        && let Some(port) = provider_port(inner)
    {
        inner.containment.provider.lead(&mut launch.env, port, Path::new(""));
        confinement.grant.ports.push(port);
    }
}

/// The limits of an agent: what is set, and else a part of what this machine has. `free_bytes` are those of its disk.
pub(super) fn limits(containment: &Containment, memory_bytes: u64, free_bytes: u64) -> Limits {
    let set = containment.config.limits;
    Limits {
        memory_bytes_max: Some(set.memory_bytes.unwrap_or(memory_bytes / 2)).filter(|bytes| *bytes > 0),
        processes_max: Some(set.processes),
        cpu_percent_max: set.cpu_percent,
        nice: NICE,
        open_files_max: OPEN_FILES_MAX,
        file_bytes_max: Some(set.disk_bytes.unwrap_or(free_bytes / 2)).filter(|bytes| *bytes > 0),
        ..Limits::default()
    }
}

/// Leaves out what is given anyway, and what is named twice.
pub(super) fn tidy(grant: &mut Grant) {
    for list in [&mut grant.read, &mut grant.execute] {
        list.retain(|path| !is_of_system(path));
    }
    for list in [&mut grant.read, &mut grant.write, &mut grant.execute] {
        list.sort();
        list.dedup();
        let all = list.clone();
        list.retain(|path| !all.iter().any(|above| above != path && path.starts_with(above)));
    }
    let may_execute: Vec<PathBuf> = grant.execute.clone();
    let covered = |path: &Path| may_execute.iter().chain(&grant.write).any(|above| path.starts_with(above));
    let read: Vec<PathBuf> = grant.read.iter().filter(|path| !covered(path)).cloned().collect();
    grant.read = read;
}
