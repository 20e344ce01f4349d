//! The words for agents, with bodies fetched from where they lie.

use legion_model::tickets::{AssignmentTexts, AttemptEnd, Crew, assignment};

use super::failure::Failure;
use super::order::Scene;
use super::site::Site;

/// The text for the agent of an attempt. `gone`: its clone was removed by somebody, and had to be made again.
pub(super) async fn of_worker(site: &Site, scene: &Scene, gone: bool) -> Result<String, Failure> {
    let mut texts = texts(site, scene).await?;
    let mut feedback = Vec::new();
    if gone {
        feedback.push("Your clone was gone; it was made again from the commit that was taken last.".to_owned());
    }
    if let Some(last) = scene.ticket.history.last().filter(|last| matches!(last.end, AttemptEnd::Failed(_))) {
        feedback.push(format!("The attempt before was not merged: {}.", last.why));
    }
    if let Some(body) = &scene.ticket.feedback {
        feedback.push(site.text(body).await?);
    }
    texts.feedback = Some(feedback.join("\n\n")).filter(|text| !text.is_empty());
    let goes_on = !scene.attempt.fresh && scene.driver.is_some_and(|driver| driver.capabilities().converses);
    Ok(assignment(&scene.session, &scene.ticket, &scene.attempt, crew(scene), &texts, goes_on))
}

/// The text for who looks at an attempt.
pub(super) async fn of_reviewer(site: &Site, scene: &Scene, diff: String) -> Result<String, Failure> {
    let texts = AssignmentTexts { diff: Some(diff), ..texts(site, scene).await? };
    Ok(assignment(&scene.session, &scene.ticket, &scene.attempt, crew(scene), &texts, false))
}

fn crew(scene: &Scene) -> Crew<'_> {
    Crew { team: scene.team.as_ref(), judges: &scene.judges, role: scene.role.as_ref() }
}

async fn texts(site: &Site, scene: &Scene) -> Result<AssignmentTexts, Failure> {
    let spec = &scene.ticket.spec;
    let prompt = site.text(&spec.prompt).await?;
    // It is put there when the clone is made.
    let previous = scene.previous.is_some() && scene.attempt.fresh;
    let mut texts = AssignmentTexts { prompt, previous, ..AssignmentTexts::default() };
    if let Some(context) = &spec.context {
        texts.context = Some(site.text(context).await?);
    }
    if let Some(plan) = &spec.plan {
        texts.plan = Some(site.text(plan).await?);
    }
    Ok(texts)
}
