//! Calls about one project.

use legion_api::paths::with_id;

use crate::Client;
use crate::query::PathAndQuery;

/// A client's calls about one project. Made by [`Client::project`].
#[derive(Debug, Clone)]
pub struct ProjectClient {
    pub(crate) client: Client,
    directory: Option<String>,
}

impl Client {
    /// The calls about one project: its directory, a path inside of it, or its id. Without one: the caller's own, or the only one there is.
    pub fn project(&self, directory: Option<&str>) -> ProjectClient {
        ProjectClient { client: self.clone(), directory: directory.map(str::to_owned) }
    }
}

impl ProjectClient {
    /// The directory that it was made with.
    pub fn directory(&self) -> Option<&str> {
        self.directory.as_deref()
    }

    pub(crate) fn path(&self, path: &str) -> PathAndQuery {
        PathAndQuery::new(path).with_some("project", self.directory.as_deref())
    }

    pub(crate) fn path_of(&self, path: &str, id: &str) -> PathAndQuery {
        self.path(&with_id(path, id))
    }
}
