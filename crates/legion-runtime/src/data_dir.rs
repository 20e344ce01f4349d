//! The data directory: what lies where.

use std::fs;
use std::io;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};

use uuid::Uuid;

/// The data directory of one service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataDir {
    root: PathBuf,
}

/// The data directory cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DataDirError {
    #[error("failed to create the directory `{}`", path.display())]
    Create { path: PathBuf, source: io::Error },
    #[error("failed to write `{}`", path.display())]
    Write { path: PathBuf, source: io::Error },
}

impl DataDir {
    /// Creates it (0700) when it is missing, and resolves its path.
    pub fn open(path: &Path) -> Result<Self, DataDirError> {
        create(path)?;
        let root = path.canonicalize().map_err(|source| DataDirError::Create { path: path.to_owned(), source })?;
        for sub in ["agents", "bin", "logs"] {
            create(&root.join(sub))?;
        }
        Ok(Self { root })
    }

    pub fn root(&self) -> &Path {
        &self.root
    }
    /// The log.
    pub fn database(&self) -> PathBuf {
        self.root.join("legion.db")
    }
    /// Where the service is: present while it runs.
    pub fn service_file(&self) -> PathBuf {
        self.root.join("service.json")
    }
    /// The person's token.
    pub fn token_file(&self) -> PathBuf {
        self.root.join("token")
    }
    /// The key from which the tokens of agents are made.
    pub fn key_file(&self) -> PathBuf {
        self.root.join("key")
    }
    /// The address that the service listened on last: taken again, because agents hold it.
    pub fn last_address_file(&self) -> PathBuf {
        self.root.join("last-address")
    }
    /// The address on which the gateway listened last: taken again, because agents hold it.
    pub fn last_gateway_address_file(&self) -> PathBuf {
        self.root.join("last-gateway-address")
    }
    /// Keys of providers, and cassettes.
    pub fn gateway(&self) -> PathBuf {
        self.root.join("gateway")
    }
    /// The gateway's socket.
    pub fn gateway_socket(&self) -> PathBuf {
        self.root.join("gateway.sock")
    }
    /// The service's own log files.
    pub fn logs(&self) -> PathBuf {
        self.root.join("logs")
    }
    /// On the agents' PATH: holds `legion`.
    pub fn bin(&self) -> PathBuf {
        self.root.join("bin")
    }
    /// What was ended because no log knew it, a line each.
    pub fn orphans_file(&self) -> PathBuf {
        self.logs().join("orphans.log")
    }
    /// The agents' directories.
    pub fn agents(&self) -> PathBuf {
        self.root.join("agents")
    }
    /// Everything of one agent.
    pub fn agent(&self, agent: Uuid) -> PathBuf {
        self.agents().join(agent.to_string())
    }
    /// Its home: lasts as long as the agent.
    pub fn agent_home(&self, agent: Uuid) -> PathBuf {
        self.agent(agent).join("home")
    }
    /// Held by the shim of its live process.
    pub fn conversation_lock(&self, agent: Uuid) -> PathBuf {
        self.agent(agent).join("conversation.lock")
    }
    /// One process of it.
    pub fn process(&self, agent: Uuid, number: u32) -> PathBuf {
        self.agent(agent).join(format!("p{number}"))
    }

    /// The repository of a project in which the service works.
    pub fn control(&self, project: Uuid) -> PathBuf {
        self.root.join("projects").join(project.to_string()).join("control.git")
    }
    /// The clones of a project's tickets.
    pub fn work(&self, project: Uuid) -> PathBuf {
        self.root.join("work").join(project.to_string())
    }
    /// Where the gates of a project run.
    pub fn gates(&self, project: Uuid) -> PathBuf {
        self.root.join("gates").join(project.to_string())
    }
    /// Where bundles of the person's commits are put to be taken in.
    pub fn import(&self) -> PathBuf {
        self.root.join("import")
    }

    /// Creates a directory below the data directory (0700).
    pub fn create(&self, path: &Path) -> Result<(), DataDirError> {
        create(path)
    }

    /// Replaces a small file in one step: nobody sees half of it.
    pub fn replace(&self, path: &Path, content: &[u8]) -> Result<(), DataDirError> {
        let fail = |source| DataDirError::Write { path: path.to_owned(), source };
        let temporary = path.with_extension(format!("{}.tmp", std::process::id()));
        fs::write(&temporary, content).map_err(fail)?;
        fs::set_permissions(&temporary, fs::Permissions::from_mode(0o600)).map_err(fail)?;
        fs::rename(&temporary, path).map_err(fail)
    }
}

fn create(path: &Path) -> Result<(), DataDirError> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(|source| DataDirError::Create { path: path.to_owned(), source })
}
