//! A caller that goes away.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use crate::support::{Service, Upstream, events, request, until, within};

async fn upstream(begins: usize) -> (Upstream, Arc<Notify>) {
    let gone = Arc::new(Notify::new());
    let tell = gone.clone();
    let upstream = Upstream::start(move |_, mut conn| {
        let tell = tell.clone();
        async move {
            if begins > 0 {
                conn.open().await;
            }
            for event in &events()[..begins] {
                conn.send(event).await;
            }
            conn.hung_up().await;
            tell.notify_one();
        }
    })
    .await;
    (upstream, gone)
}

#[tokio::test]
async fn a_hang_up_in_the_middle_cancels_upstream_within_a_second_and_settles_an_estimate() {
    let (upstream, gone) = upstream(3).await;
    let service = Service::start(&[("one", &upstream)]).await;
    let mut answer = service.open_message(request("m", true)).await;
    answer.next().await.expect("a piece").expect("whole");
    let began = Instant::now();
    answer.hang_up();
    within("upstream's end", gone.notified()).await;
    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
    until("a settled call", || !service.books.calls().is_empty()).await;
    let call = &service.books.calls()[0];
    assert_eq!((call.outcome, call.estimated, call.usage.input), ("hang-up", true, 11));
    assert!(call.charged_nanos > 0);
    assert_eq!(service.gateway.running(), 0);
}

#[tokio::test]
async fn a_hang_up_before_the_answer_begins_cancels_upstream_too() {
    let (upstream, gone) = upstream(0).await;
    let service = Service::start(&[("one", &upstream)]).await;
    let body = request("m", true);
    let call = tokio::time::timeout(Duration::from_millis(300), service.message(body));
    let (call, ()) = tokio::join!(call, until("a call at the provider", || upstream.count() == 1));
    assert!(call.is_err(), "there is no answer");
    let began = Instant::now();
    within("upstream's end", gone.notified()).await;
    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
    until("a settled call", || !service.books.calls().is_empty()).await;
    let calls = service.books.calls();
    assert_eq!((calls[0].outcome, calls[0].estimated), ("hang-up", true));
}

#[tokio::test]
async fn a_hang_up_after_the_last_event_is_a_success() {
    let (upstream, gone) = upstream(events().len()).await;
    let service = Service::start(&[("one", &upstream)]).await;
    let mut answer = service.open_message(request("m", true)).await;
    let mut bytes = 0;
    while bytes < events().concat().len() {
        bytes += answer.next().await.expect("a piece").expect("whole").len();
    }
    answer.hang_up();
    within("upstream's end", gone.notified()).await;
    until("a settled call", || !service.books.calls().is_empty()).await;
    let call = &service.books.calls()[0];
    assert_eq!((call.outcome, call.estimated, call.usage.output), ("done", false, 7));
}
