//! What a caller sees: an agent its own project, the person all of them as one.

use std::path::Path;

use legion_model::{Organisation, ProjectId};

use crate::context::Context;
use crate::fault::{Fault, Result};
use crate::guard::Caller;

impl Context {
    /// The projects of a caller with their directories, in the order of the directories.
    ///
    /// `wanted` chooses one: its id, its directory, or a path inside of it.
    pub(crate) async fn projects(&self, caller: Caller, wanted: Option<&str>) -> Result<Vec<(ProjectId, String)>> {
        let mut projects = self.engine.projects();
        projects.sort_by(|(a_id, a), (b_id, b)| (a, a_id).cmp(&(b, b_id)));
        if let Some(own) = caller.project() {
            projects.retain(|(id, _)| *id == own);
        }
        let Some(wanted) = wanted else { return Ok(projects) };
        let by_id = wanted.parse().ok();
        let inside = |path: &str| Path::new(wanted).starts_with(path);
        let chosen = projects
            .iter()
            .filter(|(id, path)| Some(*id) == by_id || inside(path))
            .max_by_key(|(_, path)| path.len())
            .cloned();
        match chosen {
            Some(project) => Ok(vec![project]),
            None => Err(Fault::not_found(format!("no project is at `{wanted}`")).hint(
                "`legion init`, or the first hire in a directory, makes its project; `GET /v1/projects` lists them",
            )),
        }
    }

    /// The one project that a call is about: an agent's own; for the person the chosen one, or the only one there is.
    pub(crate) async fn project(&self, caller: Caller, wanted: Option<&str>) -> Result<(ProjectId, String)> {
        let projects = self.projects(caller, wanted).await?;
        match projects.as_slice() {
            [one] => Ok(one.clone()),
            [] => Err(Fault::not_found("there is no project yet")
                .hint("`legion init` in a repository, or the first hire in a directory, makes one")),
            many => Err(Fault::invalid(format!("there are {} projects: say which one is meant", many.len()))
                .hint("add `?project=DIRECTORY`; `GET /v1/projects` lists them")),
        }
    }

    /// Looks into each of some projects, one after the other.
    pub(crate) async fn each<T, F>(&self, projects: &[(ProjectId, String)], look: F) -> Result<Vec<T>>
    where
        T: Send + 'static,
        F: Fn(&Organisation) -> T + Clone + Send + 'static,
    {
        let mut found = Vec::with_capacity(projects.len());
        for (project, _) in projects {
            found.push(self.engine.read(*project, look.clone()).await?);
        }
        Ok(found)
    }
}
