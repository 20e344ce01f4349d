//! What a provider of another dialect can do wrong in the middle of its answer.

use std::time::Duration;

use crate::support::{Service, Upstream, request, until};
use crate::translate::{chat, chunks};

/// The answer of a provider that sends these pieces, and ends its stream or breaks off; and how the call was settled.
async fn answered(pieces: Vec<String>, ends: bool) -> (String, &'static str) {
    let upstream = Upstream::start(move |_, mut conn| {
        let pieces = pieces.clone();
        async move {
            conn.open().await;
            for piece in &pieces {
                conn.send(piece).await;
            }
            if ends {
                conn.end().await;
            }
        }
    })
    .await;
    let service = Service::with(vec![chat("one", &upstream.url)]).await;
    let got = service.message(request("m", true)).await;
    assert_eq!((got.status, got.cut), (200, false), "its end is said in an event");
    until("a settled call", || !service.books.calls().is_empty()).await;
    assert_eq!((service.books.calls().len(), upstream.count()), (1, 1), "what has begun is not asked again");
    (got.text(), service.books.calls()[0].outcome)
}

/// Whether the answer ends well; never both, and never neither.
fn ends_well(text: &str) -> bool {
    let (error, stop) = (text.matches("event: error\n").count(), text.matches("event: message_stop\n").count());
    assert_eq!(error + stop, 1, "{} bytes: {}", text.len(), &text[text.len().saturating_sub(500)..]);
    stop == 1
}

#[tokio::test]
async fn an_event_of_ten_megabytes_is_translated() {
    let mut pieces = chunks();
    pieces[2] = pieces[2].replace("lo", &"h".repeat(10 * 1024 * 1024));
    let (text, outcome) = answered(pieces, true).await;
    assert!(ends_well(&text) && text.len() > 10 * 1024 * 1024, "{} bytes", text.len());
    assert_eq!(outcome, "done");
}

#[tokio::test]
async fn an_event_that_is_too_large_or_no_json_ends_the_answer_with_an_error() {
    let mut large = chunks();
    large[2] = large[2].replace("lo", &"h".repeat(17 * 1024 * 1024));
    let mut broken = chunks();
    broken[2] = "data: {\"id\":\"c1\",broken\n\n".to_owned();
    for pieces in [large, broken] {
        let (text, outcome) = answered(pieces, true).await;
        assert!(!ends_well(&text) && text.contains("\"Hel\""), "{}", &text[..text.len().min(2_000)]);
        assert!(matches!(outcome, "failed" | "cut"), "{outcome}");
    }
}

#[tokio::test]
async fn an_answer_that_breaks_off_in_an_event_ends_with_an_error() {
    let mut pieces = chunks()[..2].to_vec();
    pieces.push("data: {\"id\":\"c1\",\"obj".to_owned());
    for ends in [true, false] {
        let (text, outcome) = answered(pieces.clone(), ends).await;
        assert!(!ends_well(&text) && text.contains("\"Hel\""), "{text}");
        assert!(matches!(outcome, "failed" | "cut"), "{outcome}");
    }
}

#[tokio::test]
async fn a_provider_that_falls_silent_in_its_answer_is_given_up() {
    let upstream = Upstream::start(|_, mut conn| async move {
        conn.open().await;
        conn.send(&chunks()[..2].concat()).await;
        conn.hung_up().await;
    })
    .await;
    let service = Service::with(vec![chat("one", &upstream.url)]).await;
    service.books.change(|settings| settings.limits.silence_patience = Duration::from_millis(200));
    let got = service.message(request("m", true)).await;
    assert!(!got.cut && !ends_well(&got.text()) && got.text().contains("\"Hel\""), "{}", got.text());
    until("a settled call", || !service.books.calls().is_empty()).await;
    assert_eq!((service.books.calls()[0].outcome, upstream.count()), ("silent", 1));
}
