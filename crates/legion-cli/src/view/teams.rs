//! Teams and roles.

use legion_api::{Role, Team};

use super::{
    Look,
    style::Style,
    table::{Cell, table},
};
use crate::text::{escape_block, escape_line};

fn own(builtin: bool) -> Cell {
    Cell::styled(Style::Faint, if builtin { "built in" } else { "your own" })
}

/// One line each.
pub(crate) fn teams(teams: &[Team], look: &Look) -> String {
    let rows: Vec<Vec<Cell>> = teams
        .iter()
        .map(|team| {
            vec![
                Cell::styled(Style::Head, escape_line(&team.id)),
                own(team.builtin),
                Cell::new(escape_line(&team.roles.join(", "))),
                Cell::new(escape_line(&team.description)),
            ]
        })
        .collect();
    table(&["ID", "", "ROLES", "DESCRIPTION"], &rows, look)
}

/// Everything about one.
pub(crate) fn team(team: &Team, look: &Look) -> String {
    let mut text = teams(std::slice::from_ref(team), look);
    prompt(&mut text, &team.prompt);
    text
}

/// One line each.
pub(crate) fn roles(roles: &[Role], look: &Look) -> String {
    let rows: Vec<Vec<Cell>> = roles
        .iter()
        .map(|role| {
            let run = [role.driver.map(|driver| driver.as_str()), role.command.as_deref(), role.model.as_deref()];
            let run: Vec<String> = run.into_iter().flatten().map(escape_line).collect();
            vec![
                Cell::styled(Style::Head, escape_line(&role.id)),
                own(role.builtin),
                Cell::new(role.duty.as_str()),
                Cell::new(run.join(", ")),
                Cell::new(escape_line(&role.description)),
            ]
        })
        .collect();
    table(&["ID", "", "DUTY", "RUN WITH", "DESCRIPTION"], &rows, look)
}

/// Everything about one.
pub(crate) fn role(role: &Role, look: &Look) -> String {
    let mut text = roles(std::slice::from_ref(role), look);
    prompt(&mut text, &role.prompt);
    text
}

fn prompt(text: &mut String, prompt: &str) {
    if !prompt.trim().is_empty() {
        text.push('\n');
        text.push_str(&escape_block(prompt.trim_end()));
        text.push('\n');
    }
}
