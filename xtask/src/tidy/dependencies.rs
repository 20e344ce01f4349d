//! The arrows between crates, and how much the binary drags in.

use crate::arrows::{CRATES, Tier, find};
use crate::tidy::finding::Finding;
use crate::workspace::{Metadata, Package};
use anyhow::Result;

/// The binary.
const BINARY: &str = "legion";
/// More packages than this make a build on a small machine slow, and each is somebody to trust.
const PACKAGES_MAX: usize = 350;
/// What only the crate that wraps it may depend on.
const WRAPPED: &[(&str, &str)] = &[("rusqlite", "legion-store-sqlite"), ("rmcp", "legion-mcp")];

/// The size of the binary's tree of dependencies, and every finding.
pub fn inspect(metadata: &Metadata) -> Result<(usize, Vec<Finding>)> {
    let mut findings: Vec<Finding> = metadata.members().flat_map(inspect_package).collect();
    for row in CRATES {
        if !metadata.members().any(|package| package.name == row.name) {
            findings.push(table(format!("`{}` is no crate of this workspace", row.name), "remove its row"));
        }
    }
    let packages = metadata.normal_tree_size(BINARY)?;
    if packages >= PACKAGES_MAX {
        findings.push(Finding {
            path: "Cargo.toml".to_owned(),
            line: 0,
            what: format!("the binary is built from {packages} packages; the bound is {PACKAGES_MAX}"),
            remedy: "switch off default features, or make the heavy part an optional feature".to_owned(),
        });
    }
    Ok((packages, findings))
}

fn inspect_package(package: &Package) -> Vec<Finding> {
    let Some(row) = find(&package.name) else {
        return vec![table(
            format!("`{}` has no row", package.name),
            "add one with its tier, its purpose and the crates it may know",
        )];
    };
    let manifest =
        if row.name == "xtask" { "xtask/Cargo.toml".to_owned() } else { format!("crates/{}/Cargo.toml", row.name) };
    let mut findings = Vec::new();
    let mut report =
        |what: String, remedy: String| findings.push(Finding { path: manifest.clone(), line: 0, what, remedy });
    if package.description.as_deref() != Some(row.purpose) {
        report(
            format!("the description of `{}` is not its purpose in the table of arrows", row.name),
            format!("write {:?} in one of them, the other's words in both, but the same", row.purpose),
        );
    }
    for dependency in &package.dependencies {
        let name = dependency.name.as_str();
        let development = dependency.kind.as_deref() == Some("dev");
        if let Some(target) = find(name) {
            let allowed = if development {
                // A test may look sideways, at what stands in for the rest of the system; never up.
                target.tier <= row.tier || name == "legion-testkit"
            } else {
                row.may_know.contains(&name)
            };
            if !allowed && target.tier == Tier::Development {
                report(
                    format!("`{}` depends on {name}, which is never shipped", row.name),
                    "make it a dev-dependency".to_owned(),
                );
            } else if !allowed {
                report(
                    format!("`{}` may not know {name}", row.name),
                    "move the code to the tier that knows both, or add the arrow to xtask/src/arrows.rs in a commit of its own that says why".to_owned(),
                );
            }
            continue;
        }
        if development {
            continue;
        }
        if row.outside.is_some_and(|outside| !outside.contains(&name)) {
            report(
                format!("`{}` may not depend on {name}", row.name),
                "it is pure: let a higher tier do it".to_owned(),
            );
        }
        if let Some((_, home)) = WRAPPED.iter().find(|(wrapped, home)| *wrapped == name && *home != row.name) {
            report(format!("`{}` depends on {name}", row.name), format!("only {home} may; use what it offers"));
        }
    }
    findings
}

fn table(what: String, remedy: &str) -> Finding {
    Finding { path: "xtask/src/arrows.rs".to_owned(), line: 0, what, remedy: remedy.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::Dependency;

    fn package(name: &str, dependencies: &[(&str, Option<&str>)]) -> Package {
        Package {
            id: name.to_owned(),
            name: name.to_owned(),
            description: find(name).map(|row| row.purpose.to_owned()),
            dependencies: dependencies
                .iter()
                .map(|(name, kind)| Dependency { name: (*name).to_owned(), kind: kind.map(str::to_owned) })
                .collect(),
            targets: Vec::new(),
        }
    }

    fn count(name: &str, dependency: &str, kind: Option<&str>) -> usize {
        inspect_package(&package(name, &[(dependency, kind)])).len()
    }

    #[test]
    fn only_arrows_of_the_table_are_allowed() {
        assert_eq!(count("legion-engine", "legion-store", None), 0);
        assert_eq!(count("legion-engine", "legion-store-sqlite", None), 1);
        assert_eq!(count("legion-cli", "legion-engine", None), 1);
        assert_eq!(count("legion-model", "legion-store", Some("build")), 1);
    }

    #[test]
    fn tests_may_look_down_and_sideways_but_not_up() {
        assert_eq!(count("legion-engine", "legion-store-sqlite", Some("dev")), 0);
        assert_eq!(count("legion-client", "legion-server", Some("dev")), 0);
        assert_eq!(count("legion-model", "legion-engine", Some("dev")), 1);
        assert_eq!(count("legion-model", "legion-testkit", Some("dev")), 0);
        assert_eq!(count("legion-model", "legion-testkit", None), 1);
    }

    #[test]
    fn the_model_and_what_is_wrapped_have_few_friends() {
        assert_eq!(count("legion-model", "tokio", None), 1);
        assert_eq!(count("legion-model", "proptest", Some("dev")), 0);
        assert_eq!(count("legion-engine", "rusqlite", None), 1);
        assert_eq!(count("legion-store-sqlite", "rusqlite", None), 0);
    }

    #[test]
    fn a_crate_without_a_row_or_with_another_description_is_found() {
        assert_eq!(inspect_package(&package("legion-unknown", &[])).len(), 1);
        let mut other = package("legion-api", &[]);
        other.description = None;
        assert_eq!(inspect_package(&other).len(), 1);
    }
}
