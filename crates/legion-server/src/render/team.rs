//! Roles and teams.

use legion_api as api;
use legion_model::tickets::{Duty, Role, Team};

use super::agent;

pub(crate) fn role(role: &Role) -> api::Role {
    api::Role {
        id: role.id.clone(),
        name: role.name.clone(),
        description: role.description.clone(),
        duty: match role.duty {
            Duty::Write => api::Duty::Write,
            Duty::Review => api::Duty::Review,
            Duty::Verify => api::Duty::Verify,
        },
        prompt: role.prompt.clone(),
        driver: role.driver.map(agent::driver),
        command: role.command.as_deref().map(agent::command_line),
        model: role.model.clone(),
        builtin: role.builtin,
    }
}

pub(crate) fn team(team: &Team) -> api::Team {
    api::Team {
        id: team.id.clone(),
        name: team.name.clone(),
        description: team.description.clone(),
        roles: team.roles.clone(),
        prompt: team.prompt.clone(),
        builtin: team.builtin,
    }
}
