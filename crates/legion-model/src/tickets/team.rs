//! Roles and teams. What a team demands is enforced by the engine: each reviewing role is a step of the ticket with its own agent.

use serde::{Deserialize, Serialize};

use crate::driver::DriverKind;

/// What a role does in a team.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Duty {
    /// Does the work of the ticket.
    Write,
    /// Looks at the work and lets it through or sends it back.
    Review,
    /// Tries the work against the criteria, after all reviews.
    Verify,
}

/// A role: how an agent is told to behave, and what it is run with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Role {
    /// Small letters, digits and `_`.
    pub id: String,
    pub name: String,
    pub description: String,
    pub duty: Duty,
    /// Put before the assignment.
    pub prompt: String,
    /// Of one that judges or resolves: instead of the ticket's own. Of one that writes: where the ticket names none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub driver: Option<DriverKind>,
    /// The program, with the driver `command`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<Vec<String>>,
    /// As the driver.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    #[serde(default)]
    pub builtin: bool,
}

/// A team: roles in order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Team {
    /// Small letters, digits and `_`.
    pub id: String,
    pub name: String,
    pub description: String,
    pub roles: Vec<String>,
    /// Told to every member.
    #[serde(default)]
    pub prompt: String,
    #[serde(default)]
    pub builtin: bool,
}

impl Role {
    /// The id of the role of who does the work: the ticket's own, else the first of its team that writes.
    pub fn writer<'a>(own: Option<&'a str>, team: Option<&'a Team>, duty: impl Fn(&str) -> Option<Duty>) -> &'a str {
        let of_team = || team?.roles.iter().find(|role| duty(role) == Some(Duty::Write)).map(String::as_str);
        own.or_else(of_team).unwrap_or("engineer")
    }
}

/// Most roles of a team.
pub(super) const TEAM_ROLES_MAX: usize = 8;

/// The roles that are always there.
pub fn builtin_roles() -> Vec<Role> {
    let role = |id: &str, name: &str, description: &str, duty, prompt: &str| Role {
        id: id.to_owned(),
        name: name.to_owned(),
        description: description.to_owned(),
        duty,
        prompt: prompt.to_owned(),
        driver: None,
        command: None,
        model: None,
        builtin: true,
    };
    vec![
        role(
            "tech_lead",
            "Tech lead",
            "reviews the approach and the code",
            Duty::Review,
            "You are the tech lead. Judge whether the change does what the ticket asks, fits the code around it, keeps to the plan, \
             and is as simple as it can be. Name what must change by file and line; do not ask for matters of taste.",
        ),
        role(
            "engineer",
            "Engineer",
            "writes the code",
            Duty::Write,
            "You are the engineer. Write the smallest change that fulfils the ticket, test first where tests exist. Stay inside the \
             files that the ticket names unless there is no other way, and say so when there is none.",
        ),
        role(
            "qa",
            "QA",
            "tries the work against each criterion",
            Duty::Verify,
            "You are QA. Believe nothing: try each criterion yourself in the clone, with real commands, and the borders besides the \
             happy path. For each that does not hold give the command and what it printed.",
        ),
        role(
            "pm",
            "Product manager",
            "checks the result against what was asked for",
            Duty::Review,
            "You are the product manager. Judge only whether a user would get what the ticket promises, and what is missing.",
        ),
        role(
            "architect",
            "Architect",
            "judges structure and interfaces",
            Duty::Review,
            "You are the architect. Judge boundaries, names, dependencies and what this change makes hard later.",
        ),
        role(
            "devops",
            "DevOps",
            "builds, packaging, CI",
            Duty::Write,
            "You are the DevOps engineer. Make builds repeatable and pinned, keep secrets out, and show that it runs from a clean \
             checkout.",
        ),
        role(
            "resolver",
            "Resolver",
            "resolves a conflict that its author could not",
            Duty::Write,
            "You resolve a merge conflict. Keep the intent of both sides; drop neither. When they cannot both hold, keep the target's \
             behaviour and say what was given up.",
        ),
    ]
}

/// The teams that are always there.
pub fn builtin_teams() -> Vec<Team> {
    let team = |id: &str, name: &str, description: &str, roles: &[&str]| Team {
        id: id.to_owned(),
        name: name.to_owned(),
        description: description.to_owned(),
        roles: roles.iter().map(|&role| role.to_owned()).collect(),
        prompt: String::new(),
        builtin: true,
    };
    vec![
        team(
            "tech_lead_team",
            "Tech lead team",
            "engineer, reviewed by a tech lead, verified by QA",
            &["tech_lead", "engineer", "qa"],
        ),
        team(
            "fullstack_team",
            "Full-stack team",
            "engineer, reviewed by an architect, verified by QA",
            &["architect", "engineer", "qa"],
        ),
        team("backend_team", "Back-end team", "engineer, reviewed by a tech lead", &["tech_lead", "engineer"]),
        team("qa_team", "QA team", "engineer, verified by QA", &["qa", "engineer"]),
        team("solo", "Solo", "one engineer; only the gates judge", &["engineer"]),
    ]
}
