//! A hire as it comes in: defaults that only the outside knows are resolved before it is decided.

use std::path::{Path, PathBuf};

use legion_model::command::HireOrder;
use legion_model::{
    Agent, AgentId, Answer, DriverKind, Key, Limits, MessageId, OnRestart, Order, Organisation, Party, PermissionMode,
    Permissions, ProjectId, Refusal, RefusalKind,
};

use crate::engine::Engine;
use crate::error::EngineError;

/// What a caller asks for.
#[derive(Debug, Clone, Default)]
pub struct HireAsk {
    pub task: String,
    pub name: Option<String>,
    pub role: Option<String>,
    pub driver: Option<DriverKind>,
    /// Program line, as a shell would split it.
    pub command: Option<String>,
    pub model: Option<String>,
    pub cwd: Option<PathBuf>,
    pub tools: Option<Vec<String>>,
    pub permission_mode: Option<String>,
    /// How it is held: a word; the parent's, or the service's when absent.
    pub tier: Option<String>,
    /// Paths that it may reach, relative to its directory or absolute.
    pub permissions: Option<Permissions>,
    pub limits: Limits,
    /// Below whom; the caller when absent.
    pub parent: Option<Party>,
    pub files: Vec<String>,
    pub on_restart: OnRestart,
}

/// Characters of a task that a name may be made of.
const TASK_HEAD_CHARS: usize = 200;

impl Engine {
    /// Hires an agent. The answer comes when the hire is durable and its process is being started.
    ///
    /// `project` is the caller's own; for the person it is found from the parent, or from the directory.
    pub async fn hire(
        &self,
        project: Option<ProjectId>,
        by: Party,
        key: Option<Key>,
        ask: HireAsk,
    ) -> Result<(ProjectId, AgentId, Vec<String>), EngineError> {
        self.hire_and_look(project, by, key, ask, |_, _| ())
            .await
            .map(|(project, agent, warnings, _)| (project, agent, warnings))
    }

    /// As [`Engine::hire`], with a look at the new agent in the state that the hire led to. There is none when a hire is repeated under its
    /// key: the agent of the first time is answered then, and it may be gone.
    pub async fn hire_and_look<T, F>(
        &self,
        project: Option<ProjectId>,
        by: Party,
        key: Option<Key>,
        ask: HireAsk,
        look: F,
    ) -> Result<(ProjectId, AgentId, Vec<String>, Option<T>), EngineError>
    where
        T: Send + 'static,
        F: FnOnce(&Organisation, &Agent) -> T + Send + 'static,
    {
        let parent = ask.parent.unwrap_or(by);
        if ask.task.len() as u64 > self.inner.bounds.text_bytes_max {
            return Err(too_large(ask.task.len(), self.inner.bounds.text_bytes_max).into());
        }
        let cwd = ask.cwd.as_deref().map(resolve_directory).transpose()?;
        let project = match (project, parent) {
            (Some(project), _) => project,
            (None, Party::Agent(agent)) => self.project_of(agent).await.ok_or_else(|| unknown(agent))?,
            (None, Party::Root) => {
                let cwd = cwd.as_deref().ok_or_else(|| {
                    Refusal::new(RefusalKind::Invalid, "a hire by the person needs a directory")
                        .hint("give one with `--cwd DIR`")
                })?;
                self.project_for(cwd).await?
            }
        };
        let driver = match (ask.driver, &ask.command, parent) {
            (Some(driver), ..) => driver,
            (None, Some(_), _) => DriverKind::Command,
            (None, None, Party::Root) => DriverKind::Claude,
            (None, None, Party::Agent(parent)) => {
                let inherited =
                    self.read(project, move |state| state.agents.get(&parent).map(|agent| agent.spec.driver));
                inherited.await?.unwrap_or(DriverKind::Claude)
            }
        };
        if driver == DriverKind::Claude && self.claude_program().is_none() {
            return Err(EngineError::DriverUnavailable {
                what: "Claude Code is not installed: there is no program `claude` on the service's PATH".to_owned(),
                hint: "install it with `npm install -g @anthropic-ai/claude-code`, name it in LEGION_CLAUDE, or hire with \
                       `--driver command --command 'PROGRAM ARGS'`"
                    .to_owned(),
            });
        }
        let containment = self.containment_of(project, parent, &ask, cwd.as_deref()).await?;
        let command = ask.command.as_deref().map(split_words).transpose()?;
        let permission_mode = ask.permission_mode.as_deref().map(permission_mode).transpose()?;
        let task_bytes = ask.task.len() as u64;
        let task_head = ask.task.chars().take(TASK_HEAD_CHARS).collect();
        let agent = AgentId(legion_runtime::new_id());
        let order = HireOrder {
            agent,
            message: MessageId(legion_runtime::new_id()),
            parent,
            task: self.body(ask.task).await?,
            task_head,
            task_bytes,
            name: ask.name,
            role: ask.role,
            driver,
            command,
            model: ask.model,
            cwd: cwd.map(|cwd| cwd.to_string_lossy().into_owned()),
            tools: ask.tools,
            permission_mode,
            containment,
            limits: ask.limits,
            on_restart: ask.on_restart,
            files: ask.files,
        };
        let look = move |state: &Organisation| state.agents.get(&agent).map(|agent| look(state, agent));
        match self.command_and_read(project, by, key, Order::Hire(Box::new(order)), look).await? {
            (Answer::Hired { agent, warnings }, seen) => {
                self.remember(agent, project);
                Ok((project, agent, warnings, seen))
            }
            (other, _) => Err(EngineError::Internal { what: format!("a hire was answered with {other:?}") }),
        }
    }

    /// Claude Code: as configured, else on PATH.
    pub fn claude_program(&self) -> Option<PathBuf> {
        self.inner.claude_program()
    }
}

impl crate::engine::Inner {
    pub(crate) fn claude_program(&self) -> Option<PathBuf> {
        if let Some(program) = &self.claude {
            return Some(program.clone());
        }
        let path = self.base_environment.get("PATH")?;
        std::env::split_paths(path).map(|directory| directory.join("claude")).find(|program| program.is_file())
    }
}

fn resolve_directory(path: &Path) -> Result<PathBuf, Refusal> {
    let invalid = |what: String| Refusal::new(RefusalKind::Invalid, what);
    if !path.is_absolute() {
        return Err(invalid(format!("the directory `{}` is not an absolute path", path.display())));
    }
    let resolved = path
        .canonicalize()
        .map_err(|error| invalid(format!("the directory `{}` cannot be used: {error}", path.display())))?;
    if !resolved.is_dir() {
        return Err(invalid(format!("`{}` is not a directory", path.display())));
    }
    if resolved.to_str().is_none() {
        return Err(invalid(format!("the path of the directory `{}` is not UTF-8", path.display())));
    }
    Ok(resolved)
}

fn split_words(line: &str) -> Result<Vec<String>, Refusal> {
    let words = shlex::split(line).ok_or_else(|| {
        Refusal::new(RefusalKind::Invalid, format!("the command `{line}` has an open quote or ends in a backslash"))
    })?;
    if words.is_empty() || words.iter().any(|word| word.contains('\0')) {
        return Err(Refusal::new(RefusalKind::Invalid, "the command is empty")
            .hint("give a program: `--command 'PROGRAM ARGS'`"));
    }
    Ok(words)
}

fn permission_mode(word: &str) -> Result<PermissionMode, Refusal> {
    PermissionMode::parse(word).ok_or_else(|| {
        Refusal::new(RefusalKind::Invalid, format!("no permission mode is called `{word}`"))
            .hint("one of: plan, dontAsk, default, acceptEdits")
    })
}

fn too_large(bytes: usize, max: u64) -> Refusal {
    Refusal::new(RefusalKind::TooLarge, format!("the task has {bytes} bytes; at most {max} are allowed"))
        .hint("put the long part into a file and name the file")
}

fn unknown(agent: AgentId) -> Refusal {
    Refusal::new(RefusalKind::NotFound, format!("no agent has the id {agent}")).hint("`legion tree` lists the agents")
}
