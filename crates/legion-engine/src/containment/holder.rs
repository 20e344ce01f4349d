//! By what each resource of one agent is held.

use legion_model::Tier;
use legion_sandbox::{Group, Means, Resource};

/// By what one resource of one tree is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holder {
    /// A control group of version 2.
    ControlGroupV2,
    /// A control group of version 1.
    ControlGroupV1,
    /// The kernel's own count of a user namespace, in tier `full`.
    UserNamespace,
    /// Nothing in the kernel: it is looked at now and then.
    Watched,
}

/// By what the resources of one tree are held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Holders {
    pub memory: Holder,
    pub processes: Holder,
    pub cpu: Holder,
    /// That the tree ends as a whole. Watched is by the shim and the tier.
    pub tree: Holder,
}

impl Holders {
    /// Those of an agent in `tier`, with the groups that were made for it.
    pub(super) fn of(group: Option<&Group>, tier: Tier) -> Self {
        let holder = |resource| match group.and_then(|group| group.holder(resource)) {
            Some(Means::Version2(_)) => Holder::ControlGroupV2,
            Some(Means::Version1(_)) => Holder::ControlGroupV1,
            _ => Holder::Watched,
        };
        let processes = match holder(Resource::Processes) {
            Holder::Watched if tier == Tier::Full => Holder::UserNamespace,
            holder => holder,
        };
        Self { memory: holder(Resource::Memory), processes, cpu: holder(Resource::Cpu), tree: holder(Resource::Tree) }
    }
}

#[cfg(test)]
mod tests {
    use legion_sandbox::Resources;

    use super::*;

    #[test]
    fn without_groups_everything_is_watched_but_the_processes_of_a_namespace() {
        let resources = Resources {
            memory: Means::Version1("/m".into()),
            processes: Means::Watched(String::new()),
            cpu: Means::Version1("/c".into()),
            tree: Means::Version2("/t".into()),
        };
        let held = Holders::of(Some(&resources.group("x")), Tier::Full);
        assert_eq!(
            (held.memory, held.cpu, held.tree),
            (Holder::ControlGroupV1, Holder::ControlGroupV1, Holder::ControlGroupV2)
        );
        assert_eq!(held.processes, Holder::UserNamespace);
        let none = Holder::Watched;
        let watched = Holders { memory: none, processes: none, cpu: none, tree: none };
        assert_eq!(Holders::of(None, Tier::Landlock), watched);
    }
}
