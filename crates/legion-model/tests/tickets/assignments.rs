//! The words in which a ticket reaches its agents, and what those are hired with.

use legion_model::TicketOrder;
use legion_model::tickets::{
    AssignmentTexts, Attempt, Crew, Duty, Role, Session, Ticket, TicketId, TicketSpec, assignment, builtin_roles,
};

use crate::case::{Case, gate, session, spec, talking, workers};

/// A ticket with everything in it, of a team whose tech lead looks at the work.
fn full() -> (Case, TicketId) {
    let settings = legion_model::tickets::SessionSettings { gates: vec![gate("lint")], ..workers(1) };
    let mut case = Case::new(settings);
    let id = case.one(TicketSpec {
        criteria: vec!["a refund is never more than was paid".to_owned(), "it is logged".to_owned()],
        files: vec!["src/pay/**".to_owned()],
        team: Some("backend_team".to_owned()),
        ..talking("Refunds")
    });
    (case, id)
}

fn texts() -> AssignmentTexts {
    AssignmentTexts {
        prompt: "Write them.\n".to_owned(),
        context: Some("Payments lie in `src/pay`.".to_owned()),
        plan: Some("Keep to `docs/pay.md`.".to_owned()),
        ..AssignmentTexts::default()
    }
}

fn role(id: &str) -> Role {
    builtin_roles().into_iter().find(|role| role.id == id).expect("it is built in")
}

struct Scene<'a> {
    session: &'a Session,
    ticket: &'a Ticket,
    attempt: &'a Attempt,
}

impl<'a> Scene<'a> {
    fn of(case: &'a Case, id: TicketId) -> Self {
        let session = &case.state.board.sessions[&session()];
        Self { session, ticket: case.ticket(id), attempt: case.attempt(id) }
    }

    fn text(&self, case: &Case, role: &Role, texts: &AssignmentTexts, goes_on: bool) -> String {
        let (team, judges) = (case.state.board.team("backend_team"), case.state.board.judges(self.ticket));
        let crew = Crew { team: team.as_ref(), judges: &judges, role: Some(role) };
        assignment(self.session, self.ticket, self.attempt, crew, texts, goes_on)
    }
}

const WORK: &str = "## Ticket #1: Refunds
Write them.

## Context
Payments lie in `src/pay`.

## It is done when
- a refund is never more than was paid
- it is logged

## Gates, run on the merged tree
- `test` ends with exit code 0
- `lint` ends with exit code 0

## Plan
Keep to `docs/pay.md`.

## Files it means to touch
- src/pay/**

## Team: Back-end team
The work is judged by Tech lead (reviews the approach and the code), before the gates. Each may send it back with what must change.

";

const WHEREABOUTS: &str = "## Where you are
You are in a clone of the repository made for this ticket alone, on branch `legion/main/t1-1`, based on the newest \
`legion/main/leader`. Work only here. Commit what belongs to the ticket; what you leave uncommitted and not ignored is committed \
for you. Do not push. When you end, your work is taken, merged with the newest target in a checkout of its own and tested there.
";

#[test]
fn a_worker_is_told_all_that_the_ticket_says() {
    let (case, id) = full();
    let engineer = role("engineer");
    let expected = format!("{WORK}## Your role: Engineer\n{}\n\n{WHEREABOUTS}\n", engineer.prompt);
    assert_eq!(Scene::of(&case, id).text(&case, &engineer, &texts(), false), expected);
}

#[test]
fn one_that_goes_on_is_told_only_what_is_new() {
    let (case, id) = full();
    let texts = AssignmentTexts { feedback: Some("3 tests failed".to_owned()), ..texts() };
    assert_eq!(
        Scene::of(&case, id).text(&case, &role("engineer"), &texts, true),
        "## Ticket #1, attempt 1
Your work on `Refunds` was not merged. The newest target is `origin/legion/main/leader` in your clone; merge it into your branch \
when the reason below is a conflict. Mend what is said below, commit, and end.

## What happened
3 tests failed

"
    );
}

#[test]
fn a_reviewer_is_told_the_ticket_and_what_was_changed_and_how_to_judge() {
    let (case, id) = full();
    let lead = role("tech_lead");
    let texts = AssignmentTexts { diff: Some("+refund()".to_owned()), ..texts() };
    let expected = format!(
        "{WORK}## Your role: Tech lead
{}

## What was changed
+refund()

## Your verdict
You work in a clone of your own at the commit in question; nothing that you change there is kept. Give your verdict with the tool \
`legion-report`: status `done` when it passes, or `error` with what must change. Without a verdict it does not go on.

",
        lead.prompt
    );
    assert_eq!(Scene::of(&case, id).text(&case, &lead, &texts, false), expected);
}

#[test]
fn a_resolver_is_told_of_the_work_before_and_of_the_conflict() {
    let (case, id) = full();
    let resolver = role("resolver");
    let texts = AssignmentTexts { feedback: Some("<<<<<<<".to_owned()), previous: true, ..texts() };
    let expected = format!(
        "{WORK}## Your role: Resolver
{}

{WHEREABOUTS}The work of the attempt before is the branch `origin/legion/main/t1-previous`: merge it when it helps.

## What happened in the attempt before
<<<<<<<

",
        resolver.prompt
    );
    assert_eq!(Scene::of(&case, id).text(&case, &resolver, &texts, false), expected);
}

#[test]
fn what_is_empty_has_no_heading() {
    let mut case = Case::new(workers(1));
    let id = case.one(TicketSpec { gates: Vec::new(), ..spec("a") });
    let texts = AssignmentTexts { prompt: "do it".to_owned(), ..AssignmentTexts::default() };
    let scene = Scene::of(&case, id);
    let text = assignment(scene.session, scene.ticket, scene.attempt, Crew::default(), &texts, false);
    assert_eq!(text, format!("## Ticket #1: a\ndo it\n\n{WHEREABOUTS}\n"));
}

#[test]
fn role_and_model_of_a_ticket_are_those_of_its_agent() {
    let mut case = Case::new(workers(1));
    let (role, model) = (Some("devops".to_owned()), Some("model-7".to_owned()));
    let id = case.one(TicketSpec { role: role.clone(), model: model.clone(), ..talking("a") });
    case.prepare(id);
    let agent = &case.state.agents[&case.agent(id)];
    assert_eq!((&agent.role, &agent.spec.model), (&role, &model));
    assert_eq!(agent.spec.limits.seconds, Some(600), "the time of the ticket is that of its runs");
    // Without one, it is that of the team that writes; and a reviewer's own model goes before the ticket's.
    let mut case = Case::new(workers(1));
    let sharp = Role {
        id: "tech_lead".to_owned(),
        name: "Tech lead".to_owned(),
        description: "judges".to_owned(),
        duty: Duty::Review,
        prompt: "Judge.".to_owned(),
        driver: None,
        command: None,
        model: Some("model-9".to_owned()),
        builtin: false,
    };
    case.done(TicketOrder::SetRole { role: sharp });
    let id = case.one(TicketSpec { team: Some("backend_team".to_owned()), model, ..talking("b") });
    case.prepare(id);
    let worker = case.agent(id);
    assert_eq!(case.state.agents[&worker].role.as_deref(), Some("engineer"));
    case.turn(worker);
    case.collect(id, "head", true, &[]);
    let reviewer = case.prepare_review(id);
    let reviewer = &case.state.agents[&reviewer];
    assert_eq!((reviewer.role.as_deref(), reviewer.spec.model.as_deref()), (Some("tech_lead"), Some("model-9")));
    assert_eq!(case.state.agents[&worker].spec.model.as_deref(), Some("model-7"));
}
