//! Calls against real sockets.

mod support;

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use legion_api::{ProblemCode, TellRequest};
use legion_client::{AgentFilter, Client, ClientError, Patience, Transport, lend};
use serde_json::json;
use support::{Reply, Service, problem, told};

const PATIENT: Patience = Patience { unreached: support::DEADLINE, lost: support::DEADLINE };

fn client(service: &Service) -> Client {
    Client::new(Transport::parse(&service.url).expect("an address"), Some("secret")).expect("a client")
}

fn tell() -> TellRequest {
    TellRequest { text: "hello".to_owned(), ..TellRequest::default() }
}

#[tokio::test]
async fn a_call_carries_token_host_key_and_body() {
    let service = Service::start(|_, _| Reply::Json(202, told())).await;
    let told = client(&service).tell("a/1", &tell(), Some("key-1")).await.expect("told");
    assert_eq!(told.id, "m-1");
    let seen = service.seen().remove(0);
    assert_eq!((seen.method.as_str(), seen.path.as_str()), ("POST", "/v1/org/agents/a%2F1/messages"));
    assert_eq!(seen.header("authorization"), Some("Bearer secret"));
    assert_eq!(seen.header("host"), service.url.strip_prefix("http://"));
    assert_eq!(seen.header("content-type"), Some("application/json"));
    assert_eq!(seen.key(), "key-1");
    assert_eq!(seen.body, r#"{"text":"hello","now":false}"#);
}

#[tokio::test]
async fn a_lost_answer_is_asked_for_again_under_the_same_key() {
    let service = Service::start(|number, _| match number {
        0 => Reply::Cut,
        1 => Reply::Raw(b"HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n{\"id\":".to_vec()),
        _ => Reply::Json(202, told()),
    })
    .await;
    let client = client(&service).with_patience(PATIENT);
    client.tell("a-1", &tell(), None).await.expect("told in the end");
    client.tell("a-1", &tell(), None).await.expect("told again");
    let seen = service.seen();
    assert_eq!(seen.len(), 4);
    assert!(seen[..3].iter().all(|request| request.key() == seen[0].key() && request.body == seen[0].body));
    assert_ne!(seen[3].key(), seen[0].key(), "another call has another key");
}

#[tokio::test]
async fn a_key_that_the_service_would_refuse_is_not_sent() {
    let service = Service::start(|_, _| Reply::Json(202, told())).await;
    for key in ["", "two words", "ü", &"k".repeat(129)] {
        let error = client(&service).tell("a-1", &tell(), Some(key)).await.expect_err(key);
        assert!(matches!(error, ClientError::Invalid { .. }), "{error:?}");
    }
    assert!(service.seen().is_empty());
}

#[tokio::test]
async fn one_connection_serves_a_sequence_of_calls_and_is_replaced_when_the_service_closed_it() {
    let service = Service::start(|number, _| match number {
        // Answers, and closes the connection without having said so.
        1 => Reply::Raw(b"HTTP/1.1 200 OK\r\ncontent-length: 20\r\n\r\n{\"status\":\"healthy\"}".to_vec()),
        _ => Reply::Json(200, json!({"status": "healthy"})),
    })
    .await;
    let client = client(&service).with_patience(Patience::NONE);
    for _ in 0..5 {
        assert_eq!(client.health().await.expect("healthy").status, "healthy");
    }
    assert_eq!(service.connections.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn a_problem_is_handed_on_with_its_code_and_hint() {
    for code in ProblemCode::ALL {
        if *code == ProblemCode::ShuttingDown {
            continue;
        }
        let service = Service::start(|_, _| problem(*code, "no such agent `x`")).await;
        let error = client(&service).agent("x").await.expect_err("refused");
        assert_eq!(error.problem().map(|problem| problem.code), Some(*code));
        assert_eq!(error.to_string(), "no such agent `x`");
        assert_eq!(error.hint().as_deref(), Some("do better"));
        assert_eq!(error.exit_code(), code.exit_code());
        assert_eq!(service.seen().len(), 1, "a refusal is not asked for again");
    }
}

#[tokio::test]
async fn a_service_that_is_ending_is_asked_again_until_patience_ends() {
    let service = Service::start(|number, _| match number {
        0 => problem(ProblemCode::ShuttingDown, "ending"),
        _ => Reply::Json(202, told()),
    })
    .await;
    let client = client(&service);
    let error = client.clone().with_patience(Patience::NONE).tell("a-1", &tell(), None).await.expect_err("ending");
    assert_eq!(error.exit_code(), ProblemCode::ShuttingDown.exit_code());
    let service = Service::start(|number, _| match number {
        0 => problem(ProblemCode::ShuttingDown, "ending"),
        _ => Reply::Json(202, told()),
    })
    .await;
    let client = self::client(&service).with_patience(PATIENT);
    client.tell("a-1", &tell(), None).await.expect("the next one did it");
    assert_eq!(service.seen()[0].key(), service.seen()[1].key());
}

#[tokio::test]
async fn what_is_not_legion_is_named_as_such() {
    let answers: [&[u8]; 5] = [
        b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n<html>\x1b[0",
        b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}",
        b"HTTP/1.1 500 X\r\ncontent-length: 4\r\n\r\noops",
        b"HTTP/1.1 302 X\r\nlocation: http://elsewhere/\r\ncontent-length: 0\r\n\r\n",
        b"HTTP/1.1 204 X\r\n\r\n",
    ];
    for answer in answers {
        let service = Service::start(|_, _| Reply::Raw(answer.to_vec())).await;
        let error = client(&service).service().await.expect_err("not Legion");
        assert!(matches!(error, ClientError::Protocol { .. }), "{error:?}");
        assert_eq!(error.exit_code(), 5);
        assert!(!error.to_string().contains('\x1b'), "a foreign answer cannot write control characters to a terminal");
    }
    let service = Service::start(|_, _| Reply::Raw(b"220 smtp ready\r\n".to_vec())).await;
    assert!(matches!(client(&service).service().await, Err(ClientError::Unreachable { .. })));
}

#[tokio::test]
async fn an_answer_without_end_is_cut_at_the_bound() {
    let service = Service::start(|_, _| {
        let mut answer = b"HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\n\r\n".to_vec();
        answer.resize(answer.len() + 65 * 1024 * 1024, b' ');
        Reply::Raw(answer)
    })
    .await;
    let error = client(&service).service().await.expect_err("too long");
    assert!(matches!(&error, ClientError::Protocol { what, .. } if what.contains("longer")), "{error:?}");
}

#[tokio::test]
async fn a_service_that_says_nothing_is_not_waited_for_for_ever() {
    let service = Service::start(|_, _| Reply::Silence).await;
    let client = client(&service).with_patience(PATIENT).with_call_timeout(Duration::from_millis(50));
    let error = client.tell("a-1", &tell(), None).await.expect_err("too slow");
    assert!(matches!(error, ClientError::TimedOut { .. }), "{error:?}");
    assert_eq!(error.exit_code(), 4);
}

#[tokio::test]
async fn nobody_there_is_said_within_patience() {
    let service = Service::start(|_, _| Reply::Cut).await;
    let client = client(&service);
    service.stop().await;
    let start = Instant::now();
    let error = client.health().await.expect_err("nobody");
    assert!(matches!(error, ClientError::Unreachable { .. }));
    assert_eq!(error.exit_code(), 4);
    assert!(error.hint().is_some_and(|hint| hint.contains("legion serve")));
    assert!(start.elapsed() < Duration::from_secs(5));

    let short = Patience { unreached: Duration::from_millis(250), lost: Duration::ZERO };
    let start = Instant::now();
    client.with_patience(short).health().await.expect_err("nobody");
    assert!(start.elapsed() >= Duration::from_millis(100), "it was tried more than once");
}

#[tokio::test]
async fn down_is_sent_once_even_when_its_answer_is_lost() {
    let service = Service::start(|_, _| Reply::Cut).await;
    let client = client(&service).with_patience(PATIENT);
    assert!(matches!(client.down(true).await, Err(ClientError::Unreachable { .. })));
    assert_eq!(service.seen().len(), 1);
    assert_eq!(service.seen()[0].body, r#"{"keep":true}"#);
}

#[tokio::test]
async fn all_agents_are_read_page_by_page() {
    let service = Service::start(|number, _| {
        Reply::Json(
            200,
            json!({"agents": [], "next": if number < 2 { json!(format!("p {number}")) } else { json!(null) }}),
        )
    })
    .await;
    let filter = AgentFilter { level: Some(2), ..AgentFilter::default() };
    client(&service).agents_all(&filter).await.expect("all");
    let paths: Vec<String> = service.seen().into_iter().map(|seen| seen.path).collect();
    assert_eq!(
        paths,
        ["/v1/org/agents?level=2", "/v1/org/agents?level=2&after=p%200", "/v1/org/agents?level=2&after=p%201"]
    );
}

#[tokio::test]
async fn wait_survives_a_restart_and_ends_at_its_own_limit() {
    let service = Service::start(|number, _| match number {
        0 => Reply::Empty(204),
        1 => Reply::Cut,
        _ => Reply::Json(200, support::run_result()),
    })
    .await;
    let client = client(&service).with_patience(Patience::NONE);
    let result = client.wait("a-1", support::DEADLINE).await.expect("waited").expect("ended");
    assert_eq!(result.result, "done");
    assert_eq!(service.seen()[0].path, "/v1/org/agents/a-1/wait?timeout_seconds=20");

    let service = Service::start(|_, _| Reply::Empty(204)).await;
    let client = self::client(&service);
    assert_eq!(client.wait("a-1", Duration::ZERO).await.expect("waited"), None);
    assert_eq!(service.seen()[0].path, "/v1/org/agents/a-1/wait?timeout_seconds=0");
}

#[tokio::test]
async fn a_router_of_this_process_and_a_unix_socket_are_called_alike() {
    let router = axum::Router::new().route(
        "/v1/org/status",
        axum::routing::get(|headers: axum::http::HeaderMap| async move {
            let token = headers["authorization"].to_str().expect("text").to_owned();
            (axum::http::StatusCode::NOT_FOUND, axum::Json(legion_api::Problem::new(ProblemCode::NotFound, token)))
        }),
    );
    let client = Client::new(Transport::InProcess(lend(router.clone())), Some("t-1")).expect("a client");
    assert_eq!(client.status(None).await.expect_err("refused").to_string(), "Bearer t-1");

    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("socket");
    let listener = tokio::net::UnixListener::bind(&path).expect("bound");
    let serving = tokio::spawn(async move { axum::serve(listener, router).await });
    let client = Client::new(Transport::Unix(path), Some("t-2")).expect("a client");
    assert_eq!(client.status(None).await.expect_err("refused").to_string(), "Bearer t-2");
    serving.abort();
}
