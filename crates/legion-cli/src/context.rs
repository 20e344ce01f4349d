//! What every command is given.

use std::path::PathBuf;

use legion_api::{Problem, ProblemCode};
use legion_client::{Client, ProjectClient};

use crate::{arguments::GlobalArgs, environment::Environment, error::CliError, hooks::Hooks, output::Output};

/// What a command works with.
#[derive(Clone, Copy)]
pub(crate) struct Context<'a> {
    pub hooks: &'a dyn Hooks,
    pub environment: &'a Environment,
    pub global: &'a GlobalArgs,
    pub output: Output,
}

impl Context<'_> {
    /// The part of the environment and of the options that says where the service is.
    pub(crate) fn service(&self) -> legion_client::Environment {
        self.environment.of_service(self.global.data_dir.as_deref(), self.global.url.as_deref())
    }

    /// The data directory, absolute.
    pub(crate) fn data_dir(&self) -> Result<PathBuf, CliError> {
        self.service().data_dir().ok_or_else(|| CliError::Usage {
            what: "there is no place for the service's data: neither HOME nor XDG_STATE_HOME is set".to_owned(),
            hint: Some("name one with `--data-dir` or LEGION_DATA_DIR".to_owned()),
        })
    }

    /// Refuses what only a person may do, before anything is looked at.
    pub(crate) fn needs_person(&self, does: &str) -> Result<(), CliError> {
        if !self.environment.is_agent() {
            return Ok(());
        }
        let problem = Problem::new(ProblemCode::Forbidden, format!("only a person {does}"));
        Err(CliError::from(problem.hint("an agent dispatches tickets and lands nothing: `legion dispatch --help`")))
    }

    /// The calls about the project in which the person stands. An agent's own is known by its token.
    pub(crate) fn project(&self, client: &Client) -> Result<ProjectClient, CliError> {
        if self.environment.is_agent() {
            return Ok(client.project(None));
        }
        let directory = self.environment.current_dir();
        match directory.to_str() {
            Some(directory) => Ok(client.project(Some(directory))),
            None => Err(CliError::Usage {
                what: format!("the directory `{}` is not UTF-8", directory.display()),
                hint: None,
            }),
        }
    }
}
