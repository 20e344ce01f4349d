//! Projects: one keeper and one stream each.

use std::path::{Path, PathBuf};

use legion_model::{AgentId, Order, Party, ProjectId};
use legion_store::StreamId;

use crate::engine::Engine;
use crate::error::{EngineError, OpenError};
use crate::keeper::Keeper;

impl Engine {
    /// All projects with their directories.
    pub async fn projects(&self) -> Vec<(ProjectId, String)> {
        let mut found = Vec::new();
        for (id, keeper) in self.keepers_by_project() {
            if let Ok(Some((_, path))) = keeper.read(|state| state.project.clone()).await {
                found.push((id, path));
            }
        }
        found
    }

    /// The project of a directory: the nearest one above with a `.git`, else the directory itself. It is opened when it is new.
    pub async fn project_for(&self, directory: &Path) -> Result<ProjectId, EngineError> {
        let root = project_root(directory).to_string_lossy().into_owned();
        let _one_at_a_time = self.inner.opening.lock().await;
        for (id, path) in self.projects().await {
            if path == root {
                return Ok(id);
            }
        }
        let id = ProjectId(legion_runtime::new_id());
        let keeper =
            Keeper::start(self.inner.clone(), id, StreamId::project(id.0)).await.map_err(EngineError::internal)?;
        keeper.command(Party::Root, None, Order::OpenProject { project: id, path: root }).await?;
        self.inner.projects.write().expect("no holder panics").insert(id, keeper);
        Ok(id)
    }

    /// The project that an agent belongs or belonged to.
    pub async fn project_of(&self, agent: AgentId) -> Option<ProjectId> {
        for (id, keeper) in self.keepers_by_project() {
            let here =
                keeper.read(move |state| state.agents.contains_key(&agent) || state.fired.contains_key(&agent)).await;
            if matches!(here, Ok(true)) {
                return Some(id);
            }
        }
        None
    }

    pub(crate) async fn load_projects(&self) -> Result<(), OpenError> {
        let streams = self.inner.log.streams().await.map_err(|error| OpenError::Log(error.to_string()))?;
        for head in streams {
            let Some(id) = head.stream.as_project().map(ProjectId) else { continue };
            let keeper = Keeper::start(self.inner.clone(), id, head.stream.clone())
                .await
                .map_err(|error| OpenError::Log(error.to_string()))?;
            self.inner.projects.write().expect("no holder panics").insert(id, keeper);
        }
        Ok(())
    }

    pub(crate) fn keeper(&self, project: ProjectId) -> Result<Keeper, EngineError> {
        let projects = self.inner.projects.read().expect("no holder panics");
        projects
            .get(&project)
            .cloned()
            .ok_or_else(|| EngineError::Internal { what: format!("no project has the id {project}") })
    }

    pub(crate) fn keepers(&self) -> Vec<Keeper> {
        self.inner.projects.read().expect("no holder panics").values().cloned().collect()
    }

    pub(crate) fn keepers_by_project(&self) -> Vec<(ProjectId, Keeper)> {
        self.inner.projects.read().expect("no holder panics").iter().map(|(id, keeper)| (*id, keeper.clone())).collect()
    }
}

fn project_root(directory: &Path) -> PathBuf {
    let with_git = directory.ancestors().find(|above| above.join(".git").exists());
    with_git.unwrap_or(directory).to_owned()
}
