//! The project's repository: made once, and fed with bundles of the person's commits.

use std::path::{Path, PathBuf};

use legion_git::{Control, ImportError, ObjectFormat, Oid};
use legion_model::{ProjectId, Refusal, RefusalKind};

use super::answer::{invalid, not_found};
use crate::engine::Engine;
use crate::error::EngineError;
use crate::tickets::failure::{Failure, chain};
use crate::tickets::names;
use crate::tickets::site::Site;

/// Bytes of a bundle.
const BUNDLE_BYTES_MAX: u64 = 16 * 1024 * 1024 * 1024;

/// The repository of a project in which the service works.
#[derive(Debug, Clone)]
pub struct Repository {
    pub control_dir: PathBuf,
    /// Where a program on the same machine puts bundles.
    pub import_dir: PathBuf,
    pub format: ObjectFormat,
    /// Commits that are here: bases and tips of sessions. A bundle may build on them.
    pub tips: Vec<String>,
}

impl Engine {
    /// Where a program on the same machine puts bundles (0700).
    pub fn import_dir(&self) -> PathBuf {
        self.inner.data_dir.import()
    }

    /// Opens the project's repository, and makes it when it is not there. One that is there keeps its format.
    pub async fn repository_open(&self, project: ProjectId, format: ObjectFormat) -> Result<Repository, EngineError> {
        self.keeper(project)?;
        let create = |error: legion_runtime::DataDirError| EngineError::internal(error);
        self.inner.data_dir.create(&self.import_dir()).map_err(create)?;
        let site = Site::of(&self.inner, project);
        let control = site.ground.make_control(&self.inner, format).await?;
        self.repository_of(project, &control).await
    }

    /// The project's repository. `None` before it was made.
    pub async fn repository(&self, project: ProjectId) -> Result<Option<Repository>, EngineError> {
        match Site::of(&self.inner, project).ground.find_control(&self.inner).await? {
            Some(control) => self.repository_of(project, &control).await.map(Some),
            None => Ok(None),
        }
    }

    async fn repository_of(&self, project: ProjectId, control: &Control) -> Result<Repository, EngineError> {
        let tips = self.read(project, |state| {
            let sessions = state.board.sessions.values();
            sessions.flat_map(|session| [session.base.clone(), session.tip.clone()]).collect()
        });
        let mut tips: Vec<String> = tips.await?;
        tips.sort();
        tips.dedup();
        Ok(Repository {
            control_dir: control.dir().to_owned(),
            import_dir: self.import_dir(),
            format: control.format(),
            tips,
        })
    }

    /// Whether the project's repository has a commit.
    pub async fn repository_has(&self, project: ProjectId, commit: &str) -> Result<bool, EngineError> {
        let commit: Oid = commit.parse().map_err(|error: legion_git::BadOid| invalid(error.to_string()))?;
        match Site::of(&self.inner, project).ground.find_control(&self.inner).await? {
            Some(control) => Ok(control.has_commit(&commit).await.map_err(Failure::from)?),
            None => Ok(false),
        }
    }

    /// Takes in a bundle of the person's commits with the one tip `tip`. Everything in it is hashed again and checked. A bundle in
    /// [`Engine::import_dir`] is removed afterwards, whatever became of it.
    pub async fn import_bundle(&self, project: ProjectId, bundle: &Path, tip: &str) -> Result<String, EngineError> {
        let tip: Oid = tip.parse().map_err(|error: legion_git::BadOid| invalid(error.to_string()))?;
        if !bundle.is_absolute() {
            return Err(invalid(format!("the path of the bundle `{}` is not absolute", bundle.display())));
        }
        let taken = self.take_bundle(project, bundle, &tip).await;
        if bundle.parent() == Some(&self.import_dir()) {
            // Not there is as good.
            let _ = std::fs::remove_file(bundle);
        }
        taken.map(|()| tip.to_string())
    }

    async fn take_bundle(&self, project: ProjectId, bundle: &Path, tip: &Oid) -> Result<(), EngineError> {
        let site = Site::of(&self.inner, project);
        let control =
            site.ground.find_control(&self.inner).await?.ok_or_else(|| {
                not_found("the project has no repository of its own yet").hint("`legion init` makes it")
            })?;
        let imported = control.import(bundle, &names::imported(tip.as_str()), BUNDLE_BYTES_MAX).await;
        let imported = imported.map_err(|error| match error {
            ImportError::Git(error) => Failure::from(error).into(),
            error => EngineError::Refused(
                Refusal::new(RefusalKind::Invalid, chain(&error))
                    .hint("make it again with `legion init` or `legion sync`"),
            ),
        })?;
        if imported != *tip {
            return Err(invalid(format!("the bundle `{}` ends at {imported} and not at {tip}", bundle.display())));
        }
        control.keep(tip).await.map_err(Failure::from)?;
        Ok(())
    }
}
