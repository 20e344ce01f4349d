//! From what a driver executes to what is executed so that it is held.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use legion_agents::Launch;
use legion_model::Tier;
use legion_sandbox::{Confinement, Group, Limits, machine};

use super::compose::{Composed, Files, compose, limits};
use super::ground::Containment;
use super::tiers::sandbox_tier;
use crate::engine::Inner;
use crate::hands::StartOrder;

/// What a shim is to execute.
pub(crate) struct HeldLaunch {
    pub program: String,
    pub args: Vec<String>,
    pub env: BTreeMap<String, String>,
    /// The program is the second process of a namespace.
    pub inside: bool,
    pub limits: Limits,
}

impl HeldLaunch {
    /// Puts a program and its arguments into what holds them.
    ///
    /// # Errors
    /// When what it may reach cannot be held: in words for a person.
    pub(super) fn wrap(
        containment: &Containment,
        tier: Tier,
        confinement: &Confinement,
        (program, args): (&str, &[String]),
        limits: Limits,
    ) -> Result<Self, String> {
        let held = containment.tools.launch(sandbox_tier(tier), confinement, program, args);
        let held = held.map_err(|error| format!("it cannot be held in tier `{tier}`: {error}"))?;
        Ok(Self {
            program: held.program.to_string_lossy().into_owned(),
            args: held.arguments,
            env: held.environment,
            inside: tier == Tier::Full,
            limits,
        })
    }
}

/// Holds a start as its agent's hire says.
///
/// # Errors
/// When its tier does not work here (any more), or what it may reach cannot be held: in words for a person.
pub(crate) async fn hold(
    inner: &Arc<Inner>,
    order: &StartOrder,
    mut launch: Launch,
    (home, temporary, task): (&Path, &Path, &Path),
) -> Result<HeldLaunch, String> {
    let tier = order.agent.spec.tier;
    let containment = &inner.containment;
    containment.tiers.check(tier).await.map_err(|error| error.to_string())?;
    let limits = limits_in(inner, &launch.cwd);
    // Without a user of its own there is nothing to be done for a program that is not held.
    if tier == Tier::None && containment.account(order.agent.id).is_none() {
        return Ok(HeldLaunch { program: launch.program, args: launch.args, env: launch.env, inside: false, limits });
    }
    let files = Files { home, temporary, task };
    let Composed { mut confinement, program, placeholders } =
        compose(inner, order, &mut launch, &files, limits.clone())?;
    if !placeholders.is_empty() {
        let process = inner.data_dir.process(order.agent.id.0, order.number);
        confinement.needed = containment.placeholders.keep(&process, placeholders).map_err(|error| {
            let cause = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
            format!("what it must not make cannot be kept from it: {error}: {cause}")
        })?;
    }
    HeldLaunch::wrap(containment, tier, &confinement, (&program, &launch.args), limits)
}

/// What is free on the disk of a directory; 0 when it is not known.
pub(super) fn free_bytes(directory: &Path) -> u64 {
    legion_sandbox::free_bytes(directory).unwrap_or(0)
}

/// The limits of an agent that works in `directory`.
pub(crate) fn limits_in(inner: &Inner, directory: &Path) -> Limits {
    limits(&inner.containment, machine().memory_bytes, free_bytes(directory))
}

/// The groups of one start.
pub(crate) struct Grouped {
    pub group: Option<Group>,
    pub tree: Option<PathBuf>,
    pub others: Vec<PathBuf>,
}

impl Grouped {
    /// Makes the groups of the process `name`. What the kernel refuses of them is watched, and said to be (`legion top`).
    pub fn make(inner: &Inner, name: &str, limits: &Limits) -> Self {
        let mut group = inner.containment.resources.group(name);
        for error in group.make() {
            let cause = error.source.to_string();
            tracing::warn!(process = name, %error, cause, "what this group would hold is watched");
        }
        for (resource, error) in group.limit(limits) {
            if let Some(error) = error {
                let cause = error.source.to_string();
                tracing::warn!(process = name, %resource, %error, cause, "a limit is not held by the kernel: it is watched");
            }
        }
        if !group.is_there() {
            return Self { group: None, tree: None, others: Vec::new() };
        }
        Self { tree: group.tree().map(|tree| tree.path().to_owned()), others: group.others(), group: Some(group) }
    }
}
