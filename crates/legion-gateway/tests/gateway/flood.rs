//! An agent that was taken over and calls as often as it can.

use std::num::NonZeroU32;
use std::time::Instant;

use axum::body::Body;
use http::{Request, Response};
use legion_runtime::Share;
use tower::ServiceExt;

use crate::support::{AGENT, MESSAGE, Service, Upstream, events, request, until};

/// The token of another agent.
const NEIGHBOUR: &str = "lgn_agent_b2";
const PATH: &str = "/gateway/anthropic/v1/messages";
/// What the flood is, and how many of it come at the same time.
const FLOOD: usize = 10_000;
const AT_ONCE: usize = 16;

fn share(per_second: u32, burst: u32, at_once: u32) -> Share {
    let number = |number| NonZeroU32::new(number).expect("not zero");
    Share { per_second: number(per_second), burst: number(burst), at_once: number(at_once) }
}

fn post(token: &str) -> Request<Body> {
    let request_of = Request::post(PATH).header("x-api-key", token).header("content-type", "application/json");
    request_of.body(Body::from(request("m", false))).expect("a request")
}

fn retry_after(answer: &Response<Body>) -> Option<u64> {
    answer.headers().get("retry-after")?.to_str().ok()?.parse().ok()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_flood_of_ten_thousand_is_told_to_wait_and_another_agent_is_answered_all_the_while() {
    let upstream = Upstream::fixed(200, &[], MESSAGE).await;
    let service = Service::sharing(share(5, 20, 16), &upstream).await;
    let router = service.gateway.router();
    let began = Instant::now();
    let flood = (0..AT_ONCE).map(|_| {
        let router = router.clone();
        tokio::spawn(async move {
            let mut passed = 0;
            for _ in 0..FLOOD / AT_ONCE {
                let answer = router.clone().oneshot(post(AGENT)).await.expect("an answer");
                match answer.status().as_u16() {
                    200 => passed += 1,
                    429 => {
                        assert!(retry_after(&answer) >= Some(1), "{:?}", answer.headers());
                        assert!(!answer.headers().contains_key("x-should-retry"), "it may come again");
                    }
                    other => panic!("status {other}"),
                }
            }
            passed
        })
    });
    let flood: Vec<_> = flood.collect();
    for _ in 0..20 {
        let answer = router.clone().oneshot(post(NEIGHBOUR)).await.expect("an answer");
        assert_eq!(answer.status(), 200, "another agent is not touched");
    }
    let mut passed = 0;
    for part in flood {
        passed += part.await.expect("it ends");
    }
    let allowed = 20 + 5 * (began.elapsed().as_secs() as usize + 1);
    assert!((20..=allowed).contains(&passed), "{passed} of {FLOOD} passed; {allowed} may");
    assert_eq!(upstream.count(), passed + 20, "no other call reached the provider");
    until("settled calls", || service.books.calls().len() == passed + 20).await;
}

#[tokio::test]
async fn an_agent_cannot_take_every_place_by_calls_that_do_not_end() {
    let upstream = Upstream::start(|_, mut conn| async move {
        conn.open().await;
        conn.send(&events()[0]).await;
        conn.send(&events()[1]).await;
        conn.send(&events()[2]).await;
        conn.hung_up().await;
    })
    .await;
    let service = Service::sharing(share(100, 100, 2), &upstream).await;
    let open = || async {
        let mut answer = service.open_message(request("m", true)).await;
        assert_eq!(answer.status, 200);
        answer.next().await.expect("a piece").expect("whole");
        answer
    };
    let (first, _second) = (open().await, open().await);
    let refused = service.message(request("m", true)).await;
    assert_eq!((refused.status, refused.header("retry-after")), (429, Some("1")));
    assert!(refused.text().contains("2 requests at the same time"), "{}", refused.text());
    let neighbour = service.open(PATH, &[("x-api-key", NEIGHBOUR)], request("m", true)).await;
    assert_eq!(neighbour.status, 200, "another agent has its own places");
    // A place is free again when its answer has ended.
    first.hang_up();
    until("a settled call", || !service.books.calls().is_empty()).await;
    open().await;
}
