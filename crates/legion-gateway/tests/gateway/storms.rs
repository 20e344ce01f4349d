//! How often a provider that fails is asked.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::net::TcpListener;

use crate::support::{Service, Upstream, anthropic, error, request};

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
        assert!(connections.load(Ordering::SeqCst) <= 2, "{scheme}: one call");
        for _ in 0..10 {
            service.message(request("m", false)).await;
        }
        assert!(connections.load(Ordering::SeqCst) <= 6, "{scheme}: {connections:?}");
    }
}
