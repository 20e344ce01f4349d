//! How often a provider that fails is asked.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use legion_gateway::Provider;
use tokio::net::TcpListener;
use tracing::Level;

use crate::support::{Log, Service, Upstream, anthropic, error, request};
use crate::tls::server;

#[tokio::test]
async fn fifty_calls_at_once_to_a_provider_that_fails_are_no_storm() {
    let upstream = Upstream::fixed(503, &[], error("api_error", "down")).await;
    let service = Service::start(&[("one", &upstream)]).await;
    let body = request("m", true);
    let wave = || futures_util::future::join_all((0..50).map(|_| service.message(body.clone())));
    let answers = wave().await;
    assert!(answers.iter().all(|got| matches!(got.status, 500 | 503 | 529)));
    // Each went there once; those that failed before the circuit broke, twice at most.
    let first = upstream.count();
    assert!((5..=54).contains(&first), "{first}");
    assert!(service.gateway.lanes()[0].closed_until.is_some(), "{:?}", service.gateway.lanes());
    wave().await;
    // One finds out whether it works again, if its time has come.
    assert!(upstream.count() <= first + 1, "{} after {first}", upstream.count());
}

/// How often one call asks a provider that it cannot reach.
const ATTEMPTS_OF_A_CALL_MAX: usize = 2;
/// How often any number of calls do, one after the other, until the lane is closed: five failures close it, and the last may be a
/// second attempt.
const ATTEMPTS_MAX: usize = 6;
const CALLS: usize = 10;

/// One call, and then many more. `attempts` counts what was tried so far.
async fn is_no_storm(service: &Service, what: &str, attempts: impl Fn() -> usize) {
    let got = service.message(request("m", false)).await;
    assert_eq!(got.status, 500, "{what}: {}", got.text());
    let first = attempts();
    assert!((1..=ATTEMPTS_OF_A_CALL_MAX).contains(&first), "{what}: {first} attempts of one call");
    for _ in 0..CALLS {
        service.message(request("m", false)).await;
    }
    let all = attempts();
    assert!((first..=ATTEMPTS_MAX).contains(&all), "{what}: {all} attempts of {} calls", CALLS + 1);
    assert!(service.gateway.lanes()[0].closed_until.is_some(), "{what}: {:?}", service.gateway.lanes());
    assert!(service.books.calls().is_empty(), "{what}: nothing was sent");
}

#[tokio::test]
async fn a_provider_with_a_wrong_certificate_is_connected_to_a_few_times_only() {
    let (config, pem) = server("other.example");
    let upstream = Upstream::start_tls(config, |_, _| async {}).await;
    let dir = tempfile::tempdir().expect("a directory");
    let file = dir.path().join("other.pem");
    std::fs::write(&file, pem).expect("written");
    let provider = Provider { authorities: Some(file), ..anthropic("one", &upstream.url) };
    let service = Service::with(vec![provider]).await;
    is_no_storm(&service, "a wrong certificate", || upstream.connections()).await;
    assert_eq!(upstream.count(), 0);
}

#[tokio::test]
async fn a_name_that_nobody_has_is_looked_up_a_few_times_only() {
    let log = Log::default();
    let writer = log.clone();
    let to_log = tracing_subscriber::fmt().with_ansi(false).with_max_level(Level::DEBUG);
    // The runtime of this test has one thread: all of its tasks log here.
    let _log = tracing::subscriber::set_default(to_log.with_writer(move || writer.clone()).finish());
    let service = Service::with(vec![anthropic("one", "https://nobody.invalid")]).await;
    let looks = || log.text().lines().filter(|line| line.contains("a provider's name is looked up")).count();
    is_no_storm(&service, "a dead name", looks).await;
    // Where nobody answers for names at all, that takes too long.
    let said = ["`nobody.invalid` could not be resolved", "no connection within"];
    assert!(said.iter().any(|said| log.text().contains(said)), "{}", log.text());
}

#[tokio::test]
async fn a_provider_whose_connections_break_is_connected_to_a_few_times_only() {
    for scheme in ["http", "https"] {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("{scheme}://{}", listener.local_addr().expect("bound"));
        let connections = Arc::new(AtomicUsize::new(0));
        let counted = connections.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                counted.fetch_add(1, Ordering::SeqCst);
                drop(stream);
            }
        });
        let service = Service::with(vec![anthropic("one", &url)]).await;
        assert_eq!(service.message(request("m", false)).await.status, 500, "{scheme}");
        assert!(connections.load(Ordering::SeqCst) <= ATTEMPTS_OF_A_CALL_MAX, "{scheme}: one call");
        for _ in 0..CALLS {
            service.message(request("m", false)).await;
        }
        assert!(connections.load(Ordering::SeqCst) <= ATTEMPTS_MAX, "{scheme}: {connections:?}");
    }
}
