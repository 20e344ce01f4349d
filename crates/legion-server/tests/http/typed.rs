//! The typed client and the service agree on every call about tickets: its types read what the service writes.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderValue, Request};
use legion_api::{
    DispatchRequest, Duty, ImportRequest, OnUpstream, OpenRepository, OpenSession, PlanRequest, ProblemCode,
    RetryRequest, RoleRequest, SessionChanges, TeamRequest, TextOrList, TicketStatus,
};
use legion_client::{Client, ClientError, Handler, HandlerFuture, TicketFilter, Transport, lend};

use crate::repo::repo;
use crate::support::{HOST, PERSON, SLEEPER};

/// The router, called by its own name.
struct Inside(Arc<dyn Handler>);

impl Handler for Inside {
    fn handle(&self, mut request: Request<Bytes>) -> HandlerFuture<'_> {
        request.headers_mut().insert("host", HeaderValue::from_static(HOST));
        self.0.handle(request)
    }
}

fn code(error: ClientError) -> ProblemCode {
    match error {
        ClientError::Problem(problem) => problem.code,
        other => panic!("{other}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_call_of_the_client_is_understood_and_its_answer_read() {
    let repo = repo().await;
    let transport = Transport::InProcess(Arc::new(Inside(lend(repo.bench.router.clone()))));
    let client = Client::new(transport, Some(PERSON)).expect("a client");
    let project = client.project(Some(&repo.dir));

    let opened = project.open_repository(&OpenRepository::default(), None).await.expect("opened");
    assert_eq!(project.repository().await.expect("a repository"), opened);
    assert!(opened.tips.contains(&repo.base));
    let usage = client.usage(Some(&repo.dir)).await.expect("what is taken");
    assert!(usage.agents.is_empty() && usage.machine.cores >= 1, "{usage:?}");
    let open = OpenSession {
        name: "other".to_owned(),
        commit: repo.base.clone(),
        branch: None,
        bundle: None,
        settings: SessionChanges { workers: Some(1), ..SessionChanges::default() },
    };
    assert!(project.open_session(&open, Some("open")).await.expect("opened").current);
    assert_eq!(project.sessions().await.expect("sessions").sessions.len(), 2);
    assert!(project.use_session("s", None).await.expect("used").current);
    let changes = SessionChanges { gate: Some(TextOrList::Text("true".to_owned())), ..SessionChanges::default() };
    assert_eq!(project.set_session("other", &changes, None).await.expect("set").settings.gates.len(), 1);
    project.complete_session("other", None).await.expect("completed");
    project.delete_session("other", false, None).await.expect("deleted");
    assert_eq!(code(project.session("other").await.expect_err("it is gone")), ProblemCode::NotFound);
    let import = ImportRequest { commit: "1".repeat(40), branch: None, bundle: None };
    assert_eq!(code(project.import("s", &import, None).await.expect_err("no such commit")), ProblemCode::Repository);

    let role = RoleRequest {
        name: None,
        description: "judges".to_owned(),
        duty: Duty::Verify,
        prompt: "judge".to_owned(),
        driver: None,
        command: None,
        model: None,
    };
    assert_eq!(project.set_role("judge", &role, None).await.expect("set").name, "judge");
    let team = TeamRequest {
        name: None,
        description: String::new(),
        roles: vec!["engineer".to_owned(), "judge".to_owned()],
        prompt: String::new(),
    };
    project.set_team("pair", &team, None).await.expect("set");
    assert!(project.teams().await.expect("teams").teams.iter().any(|team| team.id == "pair"));
    project.delete_team("pair", None).await.expect("deleted");
    project.delete_role("judge", None).await.expect("deleted");
    assert!(project.roles().await.expect("roles").roles.iter().all(|role| role.id != "judge"));

    let ticket = DispatchRequest {
        title: Some("typed".to_owned()),
        criteria: Some(TextOrList::Text("it is there".to_owned())),
        command: Some(TextOrList::Text(SLEEPER.to_owned())),
        on_upstream: Some("skip".to_owned()),
        ..DispatchRequest::default()
    };
    let done = project.dispatch(&ticket, Some("first")).await.expect("dispatched");
    assert_eq!(done.tickets, [1]);
    repo.agent_at_work(1).await;
    let plan: PlanRequest = serde_json::from_value(serde_json::json!({ "plan": { "ticket": [
        { "id": "a", "title": "a", "criteria": "c", "command": "true", "after": [] },
        { "id": "b", "title": "b", "criteria": "c", "command": "true", "after": ["a"] },
    ] } }))
    .expect("a plan");
    assert!(project.check_plan(&plan).await.expect("checked").valid);
    assert_eq!(project.dispatch_plan(&plan, None).await.expect("dispatched").tickets, [2, 3]);
    let broken = PlanRequest { session: None, plan: legion_api::Plan::default() };
    match project.dispatch_plan(&broken, None).await.expect_err("no ticket") {
        ClientError::Problem(problem) => {
            assert_eq!((problem.code, problem.problems.len()), (ProblemCode::PlanInvalid, 1), "{problem:?}");
        }
        other => panic!("{other}"),
    }
    let filter = TicketFilter { limit: Some(2), ..TicketFilter::default() };
    assert_eq!(project.tickets(&filter).await.expect("a page").next, Some(2));
    assert_eq!(project.tickets_all(&filter).await.expect("all").len(), 3);
    let filter = TicketFilter {
        status: vec![TicketStatus::Queued, TicketStatus::Blocked],
        session: Some("s".to_owned()),
        ..TicketFilter::default()
    };
    assert_eq!(project.tickets_all(&filter).await.expect("all").len(), 2);
    let detail = project.ticket(1).await.expect("a ticket");
    assert_eq!((detail.ticket.title.as_str(), detail.on_upstream), ("typed", OnUpstream::Skip));
    assert!(detail.attempt.expect("an attempt").directory.is_some());
    assert_eq!(project.why(3).await.expect("why").mover.ticket, Some(2));
    assert_eq!(project.whys(Some("s"), Some(1)).await.expect("whys").tickets.len(), 2);
    assert_eq!(project.deps(3).await.expect("deps").dependencies[0].id, 2);
    assert_eq!(code(project.own_deps().await.expect_err("the person has none")), ProblemCode::NotFound);
    assert_eq!(project.diff(1).await.expect("a diff").files, []);
    let log = project.ticket_log(1, 10).await.expect("a log");
    project.ticket_log_after(1, &log.next).await.expect("a log");
    assert_eq!(project.rescues(1).await.expect("rescues").rescues, []);
    assert_eq!(project.all_rescues().await.expect("rescues").rescues, []);
    assert_eq!(code(project.decide_held(1, true, None, None).await.expect_err("not held")), ProblemCode::Conflict);
    assert_eq!(project.stop(3, None).await.expect("stopped").tickets, [3]);
    let retry = RetryRequest { feedback: Some("again".to_owned()), ..RetryRequest::default() };
    assert_eq!(project.retry(3, &retry, None).await.expect("opened").tickets, [3]);
    assert_eq!(project.delete_ticket(3, false, None).await.expect("deleted").tickets, [3]);
    assert_eq!(project.stop_all(Some("s"), None).await.expect("stopped").tickets, [1, 2]);
    assert_eq!(project.gc().await.expect("cleared").kept, Vec::<String>::new());
    assert_eq!(client.status(None).await.expect("a status").tickets.stopped, 2);
    repo.end().await;
}
