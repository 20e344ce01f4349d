//! The tiers: how an agent is held to what it was given.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// How an agent is held. The order is that of strength: `Full` is the greatest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tier {
    /// By nothing but the rights of its user id. Only when a person asks for it by name.
    None,
    /// By Landlock and a system call filter, among the machine's own files and processes.
    Landlock,
    /// By namespaces of its own (bubblewrap), and Landlock and the system call filter inside.
    Full,
}

/// Something that a tier cannot hold, in words for a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hole {
    /// Its short name, which a probe can refer to.
    pub name: &'static str,
    pub what: &'static str,
}

/// There is no tier of this name.
#[derive(Debug, thiserror::Error)]
#[error("there is no tier `{0}`: it is one of `full`, `landlock` and `none`")]
pub struct UnknownTier(String);

/// What Landlock and a system call filter leave open, whatever the kernel.
const LANDLOCK_HOLES: &[Hole] = &[
    Hole { name: "metadata", what: "mode, times and extended attributes of the user id's own files can be changed" },
    Hole { name: "names", what: "whether a file exists can be seen, and a directory's changes can be watched" },
    Hole { name: "processes", what: "other processes and their command lines can be seen" },
    Hole { name: "ports", what: "an opened port is open on every host, not on this machine alone" },
    Hole {
        name: "sockets",
        what: "when unix sockets are opened, every socket file of the user id can be reached (before Linux 7.1)",
    },
    Hole { name: "signals", what: "before Linux 6.12: signals to processes of the user id, and abstract unix sockets" },
];

const NONE_HOLES: &[Hole] = &[Hole {
    name: "all",
    what: "whatever the user id may do, the agent may do, to other agents and to the service too",
}];

impl Tier {
    /// From the strongest to the weakest.
    pub const ALL: [Self; 3] = [Self::Full, Self::Landlock, Self::None];

    pub fn name(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Landlock => "landlock",
            Self::None => "none",
        }
    }

    /// Returns in a line what it is made of.
    pub fn description(self) -> &'static str {
        match self {
            Self::Full => {
                "namespaces of its own, Landlock and a system call filter: only the files given, no network but the service"
            }
            Self::Landlock => {
                "Landlock and a system call filter: only the files and ports given, among the machine's other processes"
            }
            Self::None => "nothing: the agent has every right of its user id",
        }
    }

    /// Returns what it cannot hold.
    pub fn holes(self) -> &'static [Hole] {
        match self {
            Self::Full => &[],
            Self::Landlock => LANDLOCK_HOLES,
            Self::None => NONE_HOLES,
        }
    }
}

impl fmt::Display for Tier {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

impl FromStr for Tier {
    type Err = UnknownTier;

    fn from_str(text: &str) -> Result<Self, UnknownTier> {
        Self::ALL.into_iter().find(|tier| tier.name() == text).ok_or_else(|| UnknownTier(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tier_has_one_name_and_the_stronger_is_the_greater() {
        for tier in Tier::ALL {
            assert_eq!(tier.name().parse::<Tier>().unwrap(), tier);
            assert_eq!(serde_json::to_string(&tier).unwrap(), format!("\"{tier}\""));
        }
        assert!(Tier::Full > Tier::Landlock && Tier::Landlock > Tier::None);
        assert!("docker".parse::<Tier>().unwrap_err().to_string().contains("`docker`"));
    }
}
