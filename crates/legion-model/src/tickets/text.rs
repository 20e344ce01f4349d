//! The words in which a ticket reaches its agents.

use super::attempt::Attempt;
use super::session::Session;
use super::team::{Duty, Role, Team};
use super::ticket::Ticket;

/// The texts of a ticket, fetched by the caller.
#[derive(Debug, Clone, Default)]
pub struct AssignmentTexts {
    pub prompt: String,
    pub context: Option<String>,
    pub plan: Option<String>,
    /// What failed, of the attempt before.
    pub feedback: Option<String>,
    /// Earlier work is in its clone as a branch.
    pub previous: bool,
    /// For a reviewer: what was changed, cut to a bearable length.
    pub diff: Option<String>,
}

/// Who has to do with a ticket, as far as its agents are told.
#[derive(Debug, Clone, Copy, Default)]
pub struct Crew<'a> {
    pub team: Option<&'a Team>,
    /// The roles that judge, in order.
    pub judges: &'a [Role],
    /// Of who reads it.
    pub role: Option<&'a Role>,
}

/// The text for the agent of an attempt, or for the reviewer of its open step.
///
/// An agent that goes on with its conversation (`goes_on`) has the assignment already: it gets only what is new.
pub fn assignment(
    session: &Session,
    ticket: &Ticket,
    attempt: &Attempt,
    crew: Crew<'_>,
    texts: &AssignmentTexts,
    goes_on: bool,
) -> String {
    let mut text = String::new();
    let mut part = |heading: &str, body: &str| {
        let body = body.trim_end();
        if !body.is_empty() {
            text.push_str(&format!("## {heading}\n{body}\n\n"));
        }
    };
    let reviews = crew.role.is_some_and(|role| role.duty != Duty::Write);
    if goes_on {
        let feedback = texts.feedback.as_deref().unwrap_or("Look at what is done, and go on from there.");
        part(&format!("Ticket {}, attempt {}", ticket.id, attempt.number), &next_try(session, ticket));
        part("What happened", feedback);
        return text;
    }
    part(&format!("Ticket {}: {}", ticket.id, ticket.spec.title), &texts.prompt);
    part("Context", texts.context.as_deref().unwrap_or_default());
    let criteria: Vec<String> = ticket.spec.criteria.iter().map(|criterion| format!("- {criterion}")).collect();
    part("It is done when", &criteria.join("\n"));
    let gates: Vec<String> = ticket
        .spec
        .gates
        .iter()
        .chain(&session.settings.gates)
        .map(|gate| format!("- `{}` ends with exit code 0", gate.command))
        .collect();
    part("Gates, run on the merged tree", &gates.join("\n"));
    part("Plan", texts.plan.as_deref().unwrap_or_default());
    let files: Vec<String> = ticket.spec.files.iter().map(|glob| format!("- {glob}")).collect();
    part("Files it means to touch", &files.join("\n"));
    if let Some(team) = crew.team {
        let parts = [team.prompt.trim(), &judged(crew.judges)];
        part(
            &format!("Team: {}", team.name),
            parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n").as_str(),
        );
    }
    if let Some(role) = crew.role {
        part(&format!("Your role: {}", role.name), &role.prompt);
    }
    if reviews {
        part("What was changed", texts.diff.as_deref().unwrap_or("(nothing)"));
        part(
            "Your verdict",
            "You work in a clone of your own at the commit in question; nothing that you change there is kept. Give your verdict \
             with the tool `legion-report`: status `done` when it passes, or `error` with what must change. Without a verdict it \
             does not go on.",
        );
        return text;
    }
    part("Where you are", &whereabouts(session, ticket, attempt, texts.previous));
    if let Some(feedback) = &texts.feedback {
        part("What happened in the attempt before", feedback);
    }
    text
}

/// Who judges the work before it is merged.
fn judged(judges: &[Role]) -> String {
    if judges.is_empty() {
        return "Nobody looks at the work: only the gates judge it.".to_owned();
    }
    let names: Vec<String> = judges.iter().map(|role| format!("{} ({})", role.name, role.description)).collect();
    format!(
        "The work is judged by {}, before the gates. Each may send it back with what must change.",
        names.join(", then ")
    )
}

fn next_try(session: &Session, ticket: &Ticket) -> String {
    let target = session.name.target_branch();
    format!(
        "Your work on `{}` was not merged. The newest target is `origin/{target}` in your clone; merge it into your branch when the \
         reason below is a conflict. Mend what is said below, commit, and end.",
        ticket.spec.title
    )
}

fn whereabouts(session: &Session, ticket: &Ticket, attempt: &Attempt, previous: bool) -> String {
    let mut text = format!(
        "You are in a clone of the repository made for this ticket alone, on branch `{}`, based on the newest `{}`. Work only here. \
         Commit what belongs to the ticket; what you leave uncommitted and not ignored is committed for you. Do not push. When you \
         end, your work is taken, merged with the newest target in a checkout of its own and tested there.",
        session.name.attempt_branch(ticket.id, attempt.branch_number()),
        session.name.target_branch(),
    );
    if previous {
        text.push_str(&format!(
            "\nThe work of the attempt before is the branch `origin/legion/{}/t{}-previous`: merge it when it helps.",
            session.name, ticket.id.0
        ));
    }
    text
}
