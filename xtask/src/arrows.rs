//! The crates of Legion and which of them may know which. This is the one place: `cargo xtask tidy` holds every `Cargo.toml`
//! against it.

/// A crate's place in the order: it may know lower tiers only, and only the crates in its row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tier {
    /// Nouns and pure functions.
    Words,
    /// What adapters promise.
    Contracts,
    /// One outside thing each.
    Adapters,
    /// The keeper and its hands.
    Engine,
    /// What people and programs see.
    Faces,
    /// The composition root.
    Binary,
    /// Never shipped.
    Development,
}

pub struct Crate {
    pub name: &'static str,
    pub tier: Tier,
    /// The purpose in a line: the `description` of its `Cargo.toml`, word for word.
    pub purpose: &'static str,
    /// Crates of this workspace that it may depend on. An arrow within a tier is written here like any other.
    pub may_know: &'static [&'static str],
    /// When given: the only crates from outside that it may depend on.
    pub outside: Option<&'static [&'static str]>,
}

/// Every crate of the workspace, lowest first.
pub const CRATES: &[Crate] = &[
    Crate {
        name: "legion-model",
        tier: Tier::Words,
        purpose: "The nouns of Legion, the events that change them, and the pure functions that decide, apply and reconcile.",
        may_know: &[],
        outside: Some(&["jiff", "serde", "serde_json", "thiserror", "uuid"]),
    },
    Crate {
        name: "legion-store",
        tier: Tier::Contracts,
        purpose: "The log contract: append, read, tail, snapshots; the record codec; the in-memory log; the conformance suite.",
        may_know: &["legion-model"],
        outside: None,
    },
    Crate {
        name: "legion-api",
        tier: Tier::Contracts,
        purpose: "Wire types of the REST interface.",
        may_know: &[],
        outside: None,
    },
    Crate {
        name: "legion-runtime",
        tier: Tier::Contracts,
        purpose: "The clock, settings, environment, secrets of the service and task scopes.",
        may_know: &["legion-model"],
        outside: None,
    },
    Crate {
        name: "legion-dialects",
        tier: Tier::Contracts,
        purpose: "Dialects of model providers: requests, answers, streams, usage and errors, and translation between them; pure.",
        may_know: &[],
        outside: Some(&["base64", "memchr", "serde", "serde_json", "sha2", "thiserror"]),
    },
    Crate {
        name: "legion-store-sqlite",
        tier: Tier::Adapters,
        purpose: "The log in SQLite, on one writer thread.",
        may_know: &["legion-model", "legion-runtime", "legion-store"],
        outside: None,
    },
    Crate {
        name: "legion-process",
        tier: Tier::Adapters,
        purpose: "Processes: spawning, the shim, the stop ladder, control groups and sweeps.",
        may_know: &["legion-model", "legion-runtime"],
        outside: None,
    },
    Crate {
        name: "legion-sandbox",
        tier: Tier::Adapters,
        purpose: "Containment: what an agent may reach, the tiers that hold it to that, and the tests that prove each tier.",
        may_know: &["legion-process", "legion-runtime"],
        outside: None,
    },
    Crate {
        name: "legion-git",
        tier: Tier::Adapters,
        purpose: "Git as typed verbs: control.git, clones of tickets, and the person's own repository.",
        may_know: &["legion-process"],
        outside: None,
    },
    Crate {
        name: "legion-agents",
        tier: Tier::Adapters,
        purpose: "Drivers: how each kind of agent program is started, spoken to and understood.",
        may_know: &["legion-model", "legion-process", "legion-runtime"],
        outside: None,
    },
    Crate {
        name: "legion-gateway",
        tier: Tier::Adapters,
        purpose: "The gateway: every model call routed, translated, counted and stopped in time.",
        may_know: &["legion-dialects", "legion-runtime"],
        outside: None,
    },
    Crate {
        name: "legion-engine",
        tier: Tier::Engine,
        purpose: "The keeper of each project, and the hands that carry out its steps.",
        may_know: &[
            "legion-agents",
            "legion-gateway",
            "legion-git",
            "legion-model",
            "legion-process",
            "legion-runtime",
            "legion-sandbox",
            "legion-store",
        ],
        outside: None,
    },
    Crate {
        name: "legion-client",
        tier: Tier::Faces,
        purpose: "The typed client of the REST interface.",
        may_know: &["legion-api"],
        outside: None,
    },
    Crate {
        name: "legion-mcp",
        tier: Tier::Faces,
        purpose: "Legion as an MCP server: tools, resources and prompts over the REST interface.",
        may_know: &["legion-api", "legion-client"],
        outside: None,
    },
    Crate {
        name: "legion-server",
        tier: Tier::Faces,
        purpose: "The service's faces: REST, server-sent events, MCP over HTTP.",
        may_know: &[
            "legion-api",
            "legion-client",
            "legion-engine",
            "legion-gateway",
            "legion-mcp",
            "legion-model",
            "legion-runtime",
            "legion-store",
        ],
        outside: None,
    },
    Crate {
        name: "legion-cli",
        tier: Tier::Faces,
        purpose: "The command line: one file per command over the typed client.",
        may_know: &["legion-api", "legion-client", "legion-git", "legion-mcp"],
        outside: None,
    },
    Crate {
        name: "legion",
        tier: Tier::Binary,
        purpose: "Legion: many coding agents as one organisation.",
        may_know: &[
            "legion-agents",
            "legion-api",
            "legion-cli",
            "legion-client",
            "legion-engine",
            "legion-gateway",
            "legion-git",
            "legion-mcp",
            "legion-model",
            "legion-process",
            "legion-runtime",
            "legion-sandbox",
            "legion-server",
            "legion-store",
            "legion-store-sqlite",
        ],
        outside: None,
    },
    Crate {
        name: "legion-testkit",
        tier: Tier::Development,
        purpose: "Test support: the scripted model server, builders, and waiting for states.",
        may_know: &["legion-api", "legion-client", "legion-model", "legion-process", "legion-runtime", "legion-store"],
        outside: None,
    },
    Crate {
        name: "xtask",
        tier: Tier::Development,
        purpose: "Automation of the workspace: tests and what they need, tidy, code generation.",
        may_know: &[],
        outside: None,
    },
];

/// The row of a crate.
pub fn find(name: &str) -> Option<&'static Crate> {
    CRATES.iter().find(|row| row.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_arrow_of_the_table_points_up() {
        for row in CRATES {
            for name in row.may_know {
                let target = find(name).unwrap_or_else(|| panic!("{} may know {name}, which has no row", row.name));
                assert!(target.tier <= row.tier, "{} may not know {name}: it lies higher", row.name);
                assert_ne!(target.tier, Tier::Development, "{} may know {name} in tests only", row.name);
            }
        }
    }

    #[test]
    fn the_arrows_of_the_table_form_no_circle() {
        let position = |name: &str| CRATES.iter().position(|row| row.name == name).expect("has a row");
        for row in CRATES {
            for name in row.may_know {
                assert!(position(name) < position(row.name), "{} stands above {name}", row.name);
            }
        }
    }
}
