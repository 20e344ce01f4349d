//! Memory does not grow with the number of calls.

use crate::support::{Service, Upstream, events, request, until};

/// Calls of a round, at the end of which the test itself forgets them.
const CALLS: usize = 400;
const ROUNDS: usize = 25;
/// From the middle round to the last: pools and buffers are full by then. Calls that left anything behind would go on growing.
const GROWTH_MAX: u64 = 1024 * 1024;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thousands_of_calls_leave_nothing_behind() {
    let upstream = Upstream::streaming(events()).await;
    let service = Service::start(&[("one", &upstream)]).await;
    let body = format!("{}{}", " ".repeat(1_000), request("m", true));
    let call = async || assert_eq!(service.message(body.clone()).await.status, 200);
    let mut after = Vec::new();
    for _ in 0..ROUNDS {
        for _ in 0..CALLS / 8 {
            futures_util::future::join_all((0..8).map(|_| call())).await;
        }
        until("all calls are settled", || service.books.lock().calls.len() == CALLS).await;
        service.books.lock().calls = Vec::new();
        upstream.forget();
        assert_eq!((service.gateway.running(), service.gateway.lanes().len()), (0, 0));
        after.push(resident());
    }
    let grown = after[ROUNDS - 1].saturating_sub(after[ROUNDS / 2]);
    assert!(grown <= GROWTH_MAX, "{grown} bytes more: {after:?}");
}

/// Bytes of this process that are in memory.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.trim().split(' ').next()?.parse::<u64>().ok()).unwrap_or(0) * 1024
}
