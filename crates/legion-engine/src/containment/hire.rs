//! What a hire says about containment: resolved, looked at, and what cannot be held of it said.

use std::path::{Path, PathBuf};

use legion_agents::Login;
use legion_model::{ContainmentAsk, DriverKind, Party, Permissions, ProjectId, Refusal, RefusalKind, Tier};
use legion_sandbox::{Confinement, Grant, landlock_version, path_of_pattern};

use super::masks::{NAMES, links};
use super::repository;
use super::tiers::sandbox_tier;
use crate::engine::Engine;
use crate::error::EngineError;
use crate::hire::HireAsk;

impl Engine {
    /// Resolves what a hire says about containment.
    ///
    /// # Errors
    /// When the tier does not work here, or something that is asked for cannot be held.
    pub(crate) async fn containment_of(
        &self,
        project: ProjectId,
        parent: Party,
        ask: &HireAsk,
        cwd: Option<&Path>,
    ) -> Result<ContainmentAsk, EngineError> {
        let above = match parent {
            Party::Root => None,
            Party::Agent(parent) => {
                self.read(project, move |state| {
                    let spec = &state.agents.get(&parent)?.spec;
                    Some((spec.tier, PathBuf::from(&spec.cwd)))
                })
                .await?
            }
        };
        let tier = ask.tier.as_deref().map(parse).transpose()?;
        let held = tier.or(above.as_ref().map(|above| above.0)).unwrap_or(self.inner.bounds.tier);
        let own = above.map(|above| above.1);
        let cwd = cwd.map(Path::to_owned).or_else(|| own.clone()).unwrap_or_default();
        let permissions = ask.permissions.as_ref().map(|asked| resolve(asked, &cwd)).transpose()?;
        self.inner.containment.tiers.check(held).await?;
        if held != Tier::None {
            self.check_directories(&cwd, permissions.as_ref(), own.as_deref())?;
        }
        let mut warnings = self.unenforced(held, ask.driver, permissions.is_some(), &cwd);
        // Whoever hires below has no say in it.
        if parent == Party::Root && held != Tier::None && ask.driver.is_none_or(|driver| driver == DriverKind::Claude) {
            warnings.extend(self.credential());
        }
        let written = permissions.as_ref().is_none_or(|asked| asked.write.iter().any(|path| cwd.starts_with(path)));
        let containment = &self.inner.containment;
        let account = containment.account(legion_model::AgentId(uuid::Uuid::nil()));
        if written && !containment.can_write(held, account, &cwd).await {
            warnings.push(format!(
                "the agent will not be able to write to `{}`: its user has no right to, and the file system cannot lend it one",
                cwd.display()
            ));
        }
        Ok(ContainmentAsk { tier, permissions, warnings })
    }

    /// What a program is given of the person's own, in a sentence.
    fn credential(&self) -> Option<String> {
        let gateway = &self.inner.gateway;
        let given = gateway.address.credential(&gateway.books.settings(), &self.inner.login)?;
        let mut said =
            format!("the agent can read `{}` of the service's environment: Claude Code is given it", given.variable);
        if let Some(command) = given.kept_by {
            said.push_str(&format!("; with `{command}` the gateway adds it to each call, and no agent has it"));
        }
        Some(said)
    }

    /// Legion's own files are nobody's to be given: neither what they lie in, nor any of them, but for the clone that the
    /// parent itself works in.
    fn check_directories(
        &self,
        cwd: &Path,
        permissions: Option<&Permissions>,
        parents: Option<&Path>,
    ) -> Result<(), Refusal> {
        let own = [self.inner.data_dir.root(), self.inner.sockets.path()];
        let lists = permissions.map(|asked| [&asked.read, &asked.write, &asked.execute]);
        let asked = lists.into_iter().flatten().flatten().map(PathBuf::from);
        let mut given = Vec::from_iter(asked);
        if permissions.is_none() {
            given.push(cwd.to_owned());
        }
        for path in given {
            if let Some(own) = own.into_iter().find(|own| own.starts_with(&path)) {
                let what = format!(
                    "the agent would be given Legion's own files: `{}` is in `{}`",
                    own.display(),
                    path.display()
                );
                return Err(invalid(what).hint("give it a directory of the project"));
            }
            let is_parents = parents.is_some_and(|parents| path.starts_with(parents));
            if own.iter().any(|own| path.starts_with(own)) && !is_parents {
                let what = format!("the agent would be given Legion's own files: `{}` is one of them", path.display());
                return Err(invalid(what).hint("give it a directory of the project"));
            }
            let grant = Grant { read: vec![path], ..Grant::default() };
            grant.check().map_err(|error| invalid(format!("this cannot be held: {error}")))?;
        }
        Ok(())
    }

    /// A sentence for each thing that a tier does not hold.
    fn unenforced(&self, tier: Tier, driver: Option<DriverKind>, has_permissions: bool, cwd: &Path) -> Vec<String> {
        let containment = &self.inner.containment;
        let mut confinement = Confinement::new(cwd);
        confinement.account = containment.account(legion_model::AgentId(uuid::Uuid::nil()));
        let own = Grant { write: vec![cwd.to_owned()], ..Grant::default() };
        if tier == Tier::Landlock {
            confinement.grant.ports =
                self.inner.url.rsplit_once(':').and_then(|(_, port)| port.parse().ok()).into_iter().collect();
            confinement.masked = NAMES.iter().map(|name| cwd.join(name)).filter(|path| path.exists()).collect();
            confinement.fixed = repository::protected(&own, cwd).fixed;
        }
        let mut said = sandbox_tier(tier).unenforced(&confinement, landlock_version());
        if tier == Tier::None && has_permissions {
            said.push("the tier `none` holds no permissions".to_owned());
        }
        if tier == Tier::Full {
            let trusted = containment.trust.read();
            let hidden = |name: &&&str| {
                let path = cwd.join(name);
                path.exists() && !containment.placeholders.is_one(&path) && !trusted.holds(name, &path)
            };
            let hidden: Vec<&str> = NAMES.iter().filter(hidden).copied().collect();
            if !hidden.is_empty() {
                said.push(format!(
                    "{} will look empty to the agent: what configures agent programs is masked",
                    hidden.join(", ")
                ));
            }
        }
        if tier == Tier::Full {
            said.extend(repository::protected(&own, cwd).open);
            said.extend(repository::submodules(&own, cwd));
            said.extend(
                links(cwd)
                    .iter()
                    .map(|name| format!("`{name}` is a link, and the agent can put another one in its place")),
            );
        }
        if tier != Tier::None
            && driver.is_none_or(|driver| driver == DriverKind::Claude)
            && matches!(self.inner.login, Login::Person { .. })
        {
            said.push(
                "Claude Code is logged in as you: the agent can read and change your configuration of it, with the login".to_owned(),
            );
        }
        said
    }

    /// Refuses tickets whose agents could not be held.
    ///
    /// # Errors
    /// When the tier of tickets does not work on this machine.
    pub(crate) async fn check_tier_of_tickets(&self) -> Result<(), EngineError> {
        self.inner.containment.tiers.check(self.inner.bounds.tier).await
    }
}

fn parse(word: &str) -> Result<Tier, Refusal> {
    Tier::parse(word).ok_or_else(|| invalid(format!("no tier is called `{word}`")).hint("one of: full, landlock, none"))
}

/// Patterns become paths: below the agent's directory unless absolute, without links.
fn resolve(asked: &Permissions, cwd: &Path) -> Result<Permissions, Refusal> {
    let one = |pattern: &String| {
        let absolute = if pattern.starts_with('/') { pattern.clone() } else { join(cwd, pattern) };
        let path = path_of_pattern(&absolute).map_err(|error| {
            invalid(format!("the permission `{pattern}` cannot be held: {error}")).hint("give a path, or `PATH/**`")
        })?;
        // What is not there yet keeps its name.
        let path = path.canonicalize().unwrap_or(path);
        path.into_os_string().into_string().map_err(|_| invalid(format!("the permission `{pattern}` is not UTF-8")))
    };
    let list = |patterns: &[String]| patterns.iter().map(one).collect::<Result<Vec<_>, _>>();
    Ok(Permissions { read: list(&asked.read)?, write: list(&asked.write)?, execute: list(&asked.execute)? })
}

/// `.`, `./a` and `a` below a directory, in the form that is checked; `**` is the directory itself.
fn join(cwd: &Path, pattern: &str) -> String {
    let below = pattern.trim_start_matches("./");
    match below {
        "." | "" | "**" => cwd.to_string_lossy().into_owned(),
        below => format!("{}/{below}", cwd.to_string_lossy().trim_end_matches('/')),
    }
}

fn invalid(what: String) -> Refusal {
    Refusal::new(RefusalKind::Invalid, what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn permissions_are_paths_below_the_agents_directory_unless_absolute() {
        let list = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        let asked =
            Permissions { read: list(&["**", "docs", "/no/such"]), write: list(&["./src/**"]), execute: vec![] };
        let found = resolve(&asked, Path::new("/no/cwd")).unwrap();
        assert_eq!(found.read, ["/no/cwd", "/no/cwd/docs", "/no/such"]);
        assert_eq!(found.write, ["/no/cwd/src"]);
        for wrong in ["*.rs", "../x", "a/**/b", "/"] {
            let asked = Permissions { read: list(&[wrong]), ..Permissions::default() };
            assert!(resolve(&asked, Path::new("/no/cwd")).is_err(), "{wrong}");
        }
    }
}
