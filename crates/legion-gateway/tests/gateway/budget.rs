//! Budgets that hold.

use std::sync::Arc;
use std::time::Duration;

use legion_gateway::{NoAllowance, Settings, Usage};
use tokio::sync::Notify;

use crate::support::{AGENT, Log, MESSAGE, Service, Upstream, events, request, until};

/// What one scripted answer costs: 11 tokens of prompt and 7 of output.
const ANSWER: u64 = 81_000;

#[tokio::test]
async fn over_budget_is_said_in_the_callers_dialect_and_not_to_be_tried_again() {
    let upstream = Upstream::fixed(200, &[], MESSAGE).await;
    let service = Service::start(&[("one", &upstream)]).await;
    service.books.lock().limit = Some(0);
    for (path, place) in [("anthropic/v1/messages", "/error/type"), ("openai/v1/chat/completions", "/error/message")] {
        let got = service.post(&format!("/gateway/{path}"), &[("x-api-key", AGENT)], request("m", false)).await;
        assert_eq!(got.status, 429, "{path}");
        assert_eq!((got.header("retry-after"), got.header("x-should-retry")), (None, Some("false")), "{path}");
        let body: serde_json::Value = serde_json::from_slice(&got.body).expect("JSON");
        assert!(body.pointer(place).is_some(), "{body}");
        assert!(got.text().contains("has spent its budget"), "{}", got.text());
    }
    assert_eq!(upstream.count(), 0);
    assert!(service.books.calls().is_empty());
}

#[tokio::test]
async fn only_a_limit_that_is_spent_is_final() {
    let upstream = Upstream::fixed(200, &[], MESSAGE).await;
    let service = Service::start(&[("one", &upstream)]).await;
    let message = || "words of the books".to_owned();
    let (again, never) = ((Some("10"), None), (None, Some("false")));
    for (none, anthropic, openai, told) in [
        (NoAllowance::Busy { message: message() }, 429, 429, again),
        (NoAllowance::Unavailable { message: message() }, 529, 503, again),
        (NoAllowance::OverBudget { scope: "ticket t-1".to_owned(), message: message() }, 429, 429, never),
        (NoAllowance::Forbidden { message: message() }, 403, 403, never),
    ] {
        for (path, status) in [("anthropic/v1/messages", anthropic), ("openai/v1/chat/completions", openai)] {
            service.books.lock().refusals.push(none.clone());
            let got = service.post(&format!("/gateway/{path}"), &[("x-api-key", AGENT)], request("m", false)).await;
            assert_eq!(got.status, status, "{none:?} {path}");
            assert_eq!((got.header("retry-after"), got.header("x-should-retry")), told, "{none:?} {path}");
            assert!(got.text().contains("words of the books"), "{}", got.text());
            let is_budget = matches!(none, NoAllowance::OverBudget { .. });
            assert_eq!(got.text().contains("over budget"), is_budget, "{}", got.text());
        }
    }
    assert_eq!(upstream.count(), 0);
    // Whoever comes back is answered.
    assert_eq!(service.message(request("m", false)).await.status, 200);
}

#[tokio::test]
async fn a_call_that_is_refused_for_money_is_in_the_log_and_is_no_refusal_of_access() {
    let log = Log::default();
    let sink = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::DEBUG)
        .with_ansi(false)
        .with_writer(move || sink.clone());
    let _guard = tracing::subscriber::set_default(subscriber.finish());
    let upstream = Upstream::fixed(200, &[], MESSAGE).await;
    let service = Service::start(&[("one", &upstream)]).await;
    service.books.change(|settings: &mut Settings| settings.call_max_nanos = Some(1));
    assert_eq!(service.message(request("m", false)).await.status, 429);
    service.books.change(|settings: &mut Settings| settings.call_max_nanos = None);
    service.books.lock().limit = Some(0);
    assert_eq!(service.message(request("m", false)).await.status, 429);
    let text = log.text();
    let told: Vec<&str> = text.lines().filter(|line| line.contains("legion::calls")).collect();
    assert_eq!(told.len(), 2, "{text}");
    assert!(told.iter().all(|line| line.contains("a call was refused") && line.contains("a1")), "{text}");
    assert!(told[0].contains("a single call may cost") && told[1].contains("has spent its budget"), "{text}");
    assert_eq!(service.books.lock().refused, [""; 0], "the audit is for access");
    assert_eq!(upstream.count(), 0);
}

#[tokio::test]
async fn two_hundred_streams_at_the_cap_overspend_by_one_call_at_most() {
    let upstream = Upstream::streaming(events()).await;
    let service = Service::start(&[("one", &upstream)]).await;
    let limit = 10 * ANSWER + 1;
    service.books.lock().limit = Some(limit);
    let body = request("m", true);
    let calls = (0..200).map(|_| service.message(body.clone()));
    let answers = futures_util::future::join_all(calls).await;
    let answered = answers.iter().filter(|got| got.status == 200).count();
    assert!(answers.iter().all(|got| got.status == 200 || got.status == 429));
    assert!(answered >= 1, "somebody gets an answer");
    until("settled calls", || service.books.calls().len() == answered).await;
    assert!(service.books.spent() <= limit + ANSWER, "{} of {limit} were spent", service.books.spent());
    assert_eq!(service.books.spent(), answered as u64 * ANSWER);
    // What is left is spent, too, one call after the other, and then it is over.
    let mut more = 0;
    while service.message(body.clone()).await.status == 200 {
        more += 1;
        until("settled calls", || service.books.calls().len() == answered + more).await;
        assert!(more < 20, "the budget never ends");
    }
    let spent = service.books.spent();
    assert!(spent >= limit && spent <= limit + ANSWER, "{spent} of {limit}");
}

#[tokio::test]
async fn a_large_budget_needs_one_grant_for_many_calls_and_gives_it_back_after_a_rest() {
    let upstream = Upstream::fixed(200, &[], MESSAGE).await;
    let service = Service::start(&[("one", &upstream)]).await;
    service
        .books
        .change(|settings: &mut Settings| settings.limits.allowance_rest = std::time::Duration::from_millis(1));
    for _ in 0..20 {
        assert_eq!(service.message(request("m", false)).await.status, 200);
    }
    until("allowances that are given back", || service.books.open_allowances() == 0).await;
    let inner = service.books.lock();
    // The upkeep may come in the middle of the calls.
    assert!(inner.asked <= 4, "{} grants for twenty calls", inner.asked);
    assert_eq!(inner.released.len(), inner.asked);
    assert_eq!(inner.calls.len(), 20);
}

#[tokio::test]
async fn an_allowance_that_could_not_be_given_back_is_given_back_later() {
    let upstream = Upstream::fixed(200, &[], MESSAGE).await;
    let service = Service::start(&[("one", &upstream)]).await;
    service.books.lock().releases_fail = 3;
    assert_eq!(service.message(request("m", false)).await.status, 200);
    service
        .books
        .change(|settings: &mut Settings| settings.limits.allowance_rest = std::time::Duration::from_millis(1));
    until("an allowance that is given back", || service.books.open_allowances() == 0).await;
    let inner = service.books.lock();
    assert_eq!((inner.releases_fail, inner.released.len(), inner.asked), (0, 1, 1));
}

#[tokio::test]
async fn an_image_counts_as_one_and_not_as_its_letters() {
    let upstream = Upstream::fixed(200, &[], MESSAGE).await;
    let service = Service::start(&[("one", &upstream)]).await;
    // As text these would be 1.3 million tokens, for more than a dollar.
    let image = format!("/9j/{}", "A".repeat(5_000_000));
    let image =
        format!(r#"{{"type":"image","source":{{"type":"base64","media_type":"image/jpeg","data":"{image}"}}}}"#);
    let body = format!(r#"{{"model":"m","max_tokens":100,"messages":[{{"role":"user","content":[{image}]}}]}}"#);
    service.books.change(|settings: &mut Settings| settings.call_max_nanos = Some(10_000_000));
    assert_eq!(service.message(body.clone()).await.status, 200, "a cent is enough");

    // Cut before the provider named its own numbers, it is charged by the same estimate.
    let silent = Upstream::start(|_, mut conn| async move { conn.hung_up().await }).await;
    service.books.change(|settings: &mut Settings| {
        settings.providers.get_mut("one").expect("set up").url.clone_from(&silent.url);
    });
    service.keep_key("one", "canary-key-of-one");
    let call = service.message(body);
    let call = tokio::time::timeout(std::time::Duration::from_secs(5), call);
    let hung_up = async {
        tokio::select! {
            _ = call => panic!("there is no answer"),
            () = until("a call at the provider", || silent.count() == 1) => {}
        }
    };
    hung_up.await;
    until("a settled call", || service.books.calls().len() == 2).await;
    let call = &service.books.calls()[1];
    assert_eq!((call.outcome, call.estimated), ("hang-up", true));
    assert!((1_600..1_700).contains(&call.usage.input), "{:?}", call.usage);
    assert_eq!(call.charged_nanos, call.usage.input * 1_000);
}

#[tokio::test]
async fn a_call_that_no_provider_answers_costs_nothing() {
    let upstream = Upstream::fixed(400, &[], crate::support::error("invalid_request_error", "no")).await;
    let service = Service::start(&[("one", &upstream)]).await;
    assert_eq!(service.message(request("m", false)).await.status, 400);
    let calls = service.books.calls();
    assert_eq!(calls.len(), 1);
    assert_eq!((calls[0].charged_nanos, calls[0].usage, calls[0].outcome), (0, Usage::default(), "refused"));
}

#[tokio::test]
async fn a_call_that_could_cost_more_than_a_single_one_may_is_refused_before_it_is_sent() {
    let upstream = Upstream::fixed(200, &[], MESSAGE).await;
    let service = Service::start(&[("one", &upstream)]).await;
    // A hundred tokens of output cost a tenth of a cent.
    for (most, status) in [(1_000_000, 429), (2_000_000, 200)] {
        service.books.change(|settings: &mut Settings| settings.call_max_nanos = Some(most));
        let got = service.message(request("m", false)).await;
        assert_eq!(got.status, status, "{}", got.text());
        if status == 429 {
            assert_eq!((got.header("retry-after"), got.header("x-should-retry")), (None, Some("false")));
            assert!(got.text().contains("a single call may cost 0.0010"), "{}", got.text());
        }
    }
    assert_eq!(upstream.count(), 1);
}

/// A budget is another one from now on: of all calls together, in nano-dollars.
fn set_budget(service: &Service, limit: u64) {
    service.books.lock().limit = Some(limit);
    service.books.change(|settings: &mut Settings| settings.budgets += 1);
}

#[tokio::test]
async fn a_budget_that_is_set_holds_for_the_next_call_also_of_whoever_has_a_grant() {
    let upstream = Upstream::fixed(200, &[], MESSAGE).await;
    let service = Service::start(&[("one", &upstream)]).await;
    let status = async || service.message(request("m", false)).await.status;
    assert_eq!(status().await, 200);
    assert_eq!(service.books.open_allowances(), 1, "plenty is granted, and kept for the next call");
    // That it lies there for long gives nothing back here.
    service.books.change(|settings: &mut Settings| settings.limits.allowance_rest = Duration::from_secs(3_600));
    set_budget(&service, ANSWER);
    assert_eq!((status().await, upstream.count()), (429, 1));
    // The same for one that is raised.
    set_budget(&service, 3 * ANSWER);
    assert_eq!((status().await, upstream.count()), (200, 2));
    // Nobody calls: what lies there is given back all the same, as others may need it.
    set_budget(&service, 4 * ANSWER);
    until("a grant of before to be given back", || service.books.open_allowances() == 0).await;
    assert_eq!(service.books.spent(), 2 * ANSWER);
}

#[tokio::test]
async fn a_budget_that_is_set_leaves_calls_that_are_under_way_the_money_that_they_have() {
    let goes_on = Arc::new(Notify::new());
    let gate = goes_on.clone();
    let upstream = Upstream::start(move |received, mut conn| {
        let gate = gate.clone();
        async move {
            conn.open().await;
            for (number, event) in events().iter().enumerate() {
                if (received.number, number) == (0, 3) {
                    gate.notified().await;
                }
                conn.send(event).await;
            }
            conn.end().await;
        }
    })
    .await;
    let service = Service::start(&[("one", &upstream)]).await;
    let mut under_way = service.open_message(request("m", true)).await;
    under_way.next().await.expect("it begins").expect("whole");
    set_budget(&service, 10_000_000_000);
    assert_eq!(service.message(request("m", true)).await.status, 200);
    until("a settled call", || service.books.calls().len() == 1).await;
    assert_eq!((service.books.open_allowances(), service.books.lock().released.len()), (2, 0));
    goes_on.notify_one();
    assert_eq!(under_way.rest().await.status, 200);
    until("the first grant to be given back", || service.books.open_allowances() == 1).await;
    let calls = service.books.calls();
    assert_eq!((service.books.lock().released.as_slice(), calls.len()), ([calls[1].allowance].as_slice(), 2));
    assert_eq!(service.books.spent(), 2 * ANSWER);
}
