//! Projects: one keeper and one stream each.

use std::path::{Path, PathBuf};

use legion_model::{AgentId, Order, Party, ProjectId};
use legion_store::StreamId;

use crate::engine::Engine;
use crate::error::{EngineError, OpenError};
use crate::keeper::Keeper;

/// Agents whose projects are remembered. Beyond that all are forgotten and asked for again.
const AGENTS_MAX: usize = 100_000;

/// A project that is open.
pub(crate) struct Project {
    pub(crate) keeper: Keeper,
    /// Its directory. `None` when the log was cut off before it was named.
    path: Option<String>,
}

impl Engine {
    /// All projects with their directories.
    pub fn projects(&self) -> Vec<(ProjectId, String)> {
        let projects = self.inner.projects.read().expect("no holder panics");
        projects.iter().filter_map(|(id, project)| Some((*id, project.path.clone()?))).collect()
    }

    /// The project of a directory: the nearest one above with a `.git`, else the directory itself. It is opened when it is new.
    pub async fn project_for(&self, directory: &Path) -> Result<ProjectId, EngineError> {
        let root = project_root(directory).to_string_lossy().into_owned();
        if let Some(id) = self.project_at(&root) {
            return Ok(id);
        }
        let _one_at_a_time = self.inner.opening.lock().await;
        if let Some(id) = self.project_at(&root) {
            return Ok(id);
        }
        let id = ProjectId(legion_runtime::new_id());
        let keeper =
            Keeper::start(self.inner.clone(), id, StreamId::project(id.0)).await.map_err(EngineError::internal)?;
        keeper.command(Party::Root, None, Order::OpenProject { project: id, path: root.clone() }).await?;
        let project = Project { keeper, path: Some(root) };
        self.inner.projects.write().expect("no holder panics").insert(id, project);
        Ok(id)
    }

    fn project_at(&self, root: &str) -> Option<ProjectId> {
        let projects = self.inner.projects.read().expect("no holder panics");
        projects.iter().find(|(_, project)| project.path.as_deref() == Some(root)).map(|(id, _)| *id)
    }

    /// The project that an agent belongs or belonged to.
    pub async fn project_of(&self, agent: AgentId) -> Option<ProjectId> {
        if let Some(project) = self.inner.agents.read().expect("no holder panics").get(&agent) {
            return Some(*project);
        }
        for (id, keeper) in self.keepers_by_project() {
            let here =
                keeper.read(move |state| state.agents.contains_key(&agent) || state.fired.contains_key(&agent)).await;
            if matches!(here, Ok(true)) {
                self.remember(agent, id);
                return Some(id);
            }
        }
        None
    }

    /// Keeps in mind where an agent belongs, once that is in the log.
    pub(crate) fn remember(&self, agent: AgentId, project: ProjectId) {
        let mut agents = self.inner.agents.write().expect("no holder panics");
        if agents.len() >= AGENTS_MAX {
            agents.clear();
        }
        agents.insert(agent, project);
    }

    pub(crate) async fn load_projects(&self) -> Result<(), OpenError> {
        let streams = self.inner.log.streams().await.map_err(|error| OpenError::Log(error.to_string()))?;
        for head in streams {
            let Some(id) = head.stream.as_project().map(ProjectId) else { continue };
            let keeper = Keeper::start(self.inner.clone(), id, head.stream.clone())
                .await
                .map_err(|error| OpenError::Log(error.to_string()))?;
            let path = keeper.read(|state| state.project.as_ref().map(|(_, path)| path.clone())).await;
            let path = path.map_err(|error| OpenError::Log(error.to_string()))?;
            self.inner.projects.write().expect("no holder panics").insert(id, Project { keeper, path });
            self.look_after_tickets(id);
        }
        Ok(())
    }

    pub(crate) fn keeper(&self, project: ProjectId) -> Result<Keeper, EngineError> {
        let projects = self.inner.projects.read().expect("no holder panics");
        projects
            .get(&project)
            .map(|open| open.keeper.clone())
            .ok_or_else(|| EngineError::Internal { what: format!("no project has the id {project}") })
    }

    pub(crate) fn keepers(&self) -> Vec<Keeper> {
        self.inner.projects.read().expect("no holder panics").values().map(|project| project.keeper.clone()).collect()
    }

    pub(crate) fn keepers_by_project(&self) -> Vec<(ProjectId, Keeper)> {
        let projects = self.inner.projects.read().expect("no holder panics");
        projects.iter().map(|(id, project)| (*id, project.keeper.clone())).collect()
    }
}

fn project_root(directory: &Path) -> PathBuf {
    let with_git = directory.ancestors().find(|above| above.join(".git").exists());
    with_git.unwrap_or(directory).to_owned()
}
