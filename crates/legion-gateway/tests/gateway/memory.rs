//! Memory does not grow with the number of calls.

use crate::support::{Service, Upstream, events, request, until};

const CALLS: usize = 2_000;
/// A call that left its request and answer behind would leave more than this; what the allocator keeps for itself is less. The
/// bench counts more calls.
const GROWTH_MAX: u64 = 4 * 1024 * 1024;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thousands_of_calls_leave_nothing_behind() {
    let upstream = Upstream::streaming(events()).await;
    let service = Service::start(&[("one", &upstream)]).await;
    let call = async || assert_eq!(service.message(request("m", true)).await.status, 200);
    for _ in 0..200 {
        call().await;
    }
    service.books.lock().calls.clear();
    let before = resident();
    for _ in 0..CALLS / 8 {
        futures_util::future::join_all((0..8).map(|_| call())).await;
    }
    until("all calls are settled", || service.books.lock().calls.len() == CALLS).await;
    assert_eq!((service.gateway.running(), service.gateway.lanes().len()), (0, 0));
    let grown = resident().saturating_sub(before);
    assert!(grown <= GROWTH_MAX, "{grown} bytes more after {CALLS} calls");
}

/// Bytes of this process that are in memory.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.trim().split(' ').next()?.parse::<u64>().ok()).unwrap_or(0) * 1024
}
