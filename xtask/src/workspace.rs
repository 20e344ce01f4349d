//! What `cargo metadata` says about the workspace, reduced to what we ask of it.

use crate::shell;
use anyhow::{Context, Result};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

#[derive(Deserialize)]
pub struct Metadata {
    pub packages: Vec<Package>,
    pub workspace_members: Vec<String>,
    pub target_directory: PathBuf,
    pub resolve: Option<Resolve>,
}

#[derive(Deserialize)]
pub struct Package {
    pub id: String,
    pub name: String,
    pub description: Option<String>,
    pub dependencies: Vec<Dependency>,
    pub targets: Vec<Target>,
}

#[derive(Deserialize)]
pub struct Dependency {
    pub name: String,
    /// `None` is a normal dependency, otherwise `dev` or `build`.
    pub kind: Option<String>,
}

#[derive(Deserialize)]
pub struct Target {
    pub name: String,
    pub kind: Vec<String>,
}

#[derive(Deserialize)]
pub struct Resolve {
    pub nodes: Vec<Node>,
}

#[derive(Deserialize)]
pub struct Node {
    pub id: String,
    pub deps: Vec<NodeDependency>,
}

#[derive(Deserialize)]
pub struct NodeDependency {
    pub pkg: String,
    pub dep_kinds: Vec<DependencyKind>,
}

#[derive(Deserialize)]
pub struct DependencyKind {
    pub kind: Option<String>,
}

impl Metadata {
    /// Reads the metadata of this machine's target, without the network when everything is there.
    pub fn read() -> Result<Metadata> {
        let host = host_target()?;
        let text = shell::output(&mut shell::cargo(&[
            "metadata",
            "--format-version=1",
            "--locked",
            "--filter-platform",
            &host,
        ]))?;
        serde_json::from_str(&text).context("failed to read the output of `cargo metadata`")
    }

    /// The packages of this workspace.
    pub fn members(&self) -> impl Iterator<Item = &Package> {
        self.packages.iter().filter(|package| self.workspace_members.contains(&package.id))
    }

    /// How many packages are linked into the named member, itself included.
    pub fn normal_tree_size(&self, name: &str) -> Result<usize> {
        let resolve = self.resolve.as_ref().context("`cargo metadata` gave no resolved graph")?;
        let nodes: BTreeMap<&str, &Node> = resolve.nodes.iter().map(|node| (node.id.as_str(), node)).collect();
        let start =
            self.members().find(|package| package.name == name).with_context(|| format!("no package `{name}`"))?;
        let mut seen = BTreeSet::from([start.id.as_str()]);
        let mut open = vec![start.id.as_str()];
        while let Some(id) = open.pop() {
            let node = nodes.get(id).with_context(|| format!("`{id}` is not in the resolved graph"))?;
            for dependency in &node.deps {
                let normal = dependency.dep_kinds.iter().any(|kind| kind.kind.is_none());
                if normal && seen.insert(&dependency.pkg) {
                    open.push(&dependency.pkg);
                }
            }
        }
        Ok(seen.len())
    }
}

fn host_target() -> Result<String> {
    let version = shell::output(shell::command("rustc").arg("-vV"))?;
    version.lines().find_map(|line| line.strip_prefix("host: ")).map(str::to_owned).context("`rustc -vV` names no host")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tree_of_a_package_holds_normal_dependencies_only() {
        let metadata: Metadata = serde_json::from_str(
            r#"{
                "packages": [{"id": "a", "name": "a", "description": null, "dependencies": [], "targets": []}],
                "workspace_members": ["a"],
                "target_directory": "/t",
                "resolve": {"nodes": [
                    {"id": "a", "deps": [
                        {"pkg": "b", "dep_kinds": [{"kind": null}]},
                        {"pkg": "d", "dep_kinds": [{"kind": "dev"}]}]},
                    {"id": "b", "deps": [{"pkg": "a2", "dep_kinds": [{"kind": "build"}, {"kind": null}]}]},
                    {"id": "a2", "deps": []},
                    {"id": "d", "deps": []}
                ]}
            }"#,
        )
        .expect("valid metadata");
        assert_eq!(metadata.normal_tree_size("a").expect("known package"), 3);
        assert!(metadata.normal_tree_size("unknown").is_err());
    }
}
