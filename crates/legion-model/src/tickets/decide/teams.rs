//! The user's own roles and teams.

use super::{conflict, invalid, not_found};
use crate::command::{Answer, TicketOrder};
use crate::decide::Decision;
use crate::driver::DriverKind;
use crate::event::Event;
use crate::ids::Party;
use crate::organisation::Organisation;
use crate::refusal::Refusal;
use crate::tickets::team::{TEAM_ROLES_MAX, builtin_roles, builtin_teams};

/// Characters of an id.
const ID_CHARS_MAX: usize = 64;
/// Bytes of a name, description or prompt.
const TEXT_BYTES_MAX: usize = 16 * 1024;
/// Roles, and teams, of one project.
const COUNT_MAX: usize = 200;

pub(super) fn decide(state: &Organisation, by: Party, order: &TicketOrder) -> Decision {
    let board = &state.board;
    let event = match order {
        TicketOrder::SetRole { role } => {
            check_id("role", &role.id, builtin_roles().iter().any(|builtin| builtin.id == role.id))?;
            check_texts("role", &role.id, &[&role.name, &role.description, &role.prompt])?;
            check_count("roles", board.roles.len())?;
            if role.driver == Some(DriverKind::Command) && role.command.as_ref().is_none_or(Vec::is_empty) {
                return Err(invalid(format!("the role `{}` with the driver `command` needs a program", role.id)));
            }
            if role.driver == Some(DriverKind::Claude) && role.command.is_some() {
                return Err(invalid(format!("the role `{}` with the driver `claude` takes no program", role.id)));
            }
            let mut role = role.clone();
            role.builtin = false;
            // A program without a driver can only mean one.
            role.driver = role.driver.or(role.command.as_ref().map(|_| DriverKind::Command));
            Event::RoleSet { role, by }
        }
        TicketOrder::DeleteRole { role } => {
            if !board.roles.contains_key(role) {
                return Err(not_found(format!("there is no role `{}` of your own", crate::body::clip(role, 80)))
                    .hint("built-in roles stay"));
            }
            let used: Vec<&str> =
                board.teams.values().filter(|team| team.roles.contains(role)).map(|team| team.id.as_str()).collect();
            let builtin = builtin_roles().iter().any(|builtin| builtin.id == *role);
            if !used.is_empty() && !builtin {
                return Err(conflict(format!("the role `{role}` is part of the teams {}", used.join(", ")))
                    .hint("change those teams first"));
            }
            Event::RoleDeleted { role: role.clone(), by }
        }
        TicketOrder::SetTeam { team } => {
            if builtin_teams().iter().any(|builtin| builtin.id == team.id) {
                return Err(conflict(format!("`{}` is a built-in team and stays as it is", team.id))
                    .hint("make one of another name"));
            }
            check_id("team", &team.id, false)?;
            check_texts("team", &team.id, &[&team.name, &team.description, &team.prompt])?;
            check_count("teams", board.teams.len())?;
            if team.roles.is_empty() || team.roles.len() > TEAM_ROLES_MAX {
                return Err(invalid(format!("a team has 1 to {TEAM_ROLES_MAX} roles")));
            }
            if let Some(unknown) = team.roles.iter().find(|role| board.role(role).is_none()) {
                let ids: Vec<String> = board.all_roles().into_iter().map(|role| role.id).collect();
                return Err(not_found(format!("there is no role `{}`", crate::body::clip(unknown, 80)))
                    .hint(format!("roles: {}", ids.join(", "))));
            }
            let mut team = team.clone();
            team.builtin = false;
            Event::TeamSet { team, by }
        }
        TicketOrder::DeleteTeam { team } => {
            if !board.teams.contains_key(team) {
                return Err(not_found(format!("there is no team `{}` of your own", crate::body::clip(team, 80)))
                    .hint("built-in teams stay"));
            }
            let used =
                board.tickets.values().find(|ticket| !ticket.is_closed() && ticket.spec.team.as_ref() == Some(team));
            if let Some(ticket) = used {
                return Err(conflict(format!("the team `{team}` is named by {}", ticket.called())));
            }
            Event::TeamDeleted { team: team.clone(), by }
        }
        _ => unreachable!("the caller sorts the orders"),
    };
    Ok((vec![event], Answer::Done))
}

/// A built-in role may be given another driver, command, model or prompt: its id stays a role.
fn check_id(noun: &str, id: &str, known: bool) -> Result<(), Refusal> {
    let formed = id.starts_with(|c: char| c.is_ascii_lowercase())
        && id.len() <= ID_CHARS_MAX
        && id.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
    if formed || known {
        return Ok(());
    }
    Err(invalid(format!("`{}` cannot be the id of a {noun}", crate::body::clip(id, 80)))
        .hint(format!("small letters, digits and `_`; begins with a letter; at most {ID_CHARS_MAX}")))
}

fn check_texts(noun: &str, id: &str, texts: &[&String]) -> Result<(), Refusal> {
    if texts.iter().any(|text| text.len() > TEXT_BYTES_MAX) {
        return Err(invalid(format!("a text of the {noun} `{id}` is longer than {TEXT_BYTES_MAX} bytes")));
    }
    Ok(())
}

fn check_count(noun: &str, count: usize) -> Result<(), Refusal> {
    if count >= COUNT_MAX {
        return Err(conflict(format!("there are {COUNT_MAX} {noun} of your own, which is the limit")));
    }
    Ok(())
}
