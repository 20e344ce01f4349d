//! Canaries: keys that must be nowhere but at their own provider.

use std::path::Path;
use std::sync::Arc;

use legion_gateway::{Authorization, CassetteMode, Settings};
use tokio::sync::Notify;

use crate::support::{AGENT, MESSAGE, Service, Upstream, events, request, until};

#[tokio::test]
async fn a_switch_while_streaming_never_sends_one_providers_key_to_another() {
    let gate = Arc::new(Notify::new());
    let opened = gate.clone();
    let first = Upstream::start(move |_, mut conn| {
        let gate = opened.clone();
        async move {
            conn.open().await;
            conn.send(&events()[0]).await;
            gate.notified().await;
            conn.send(events()[1..].concat()).await;
            conn.end().await;
        }
    })
    .await;
    let second = Upstream::fixed(200, &[], MESSAGE).await;
    let service = Service::start(&[("first", &first), ("second", &second)]).await;
    let mut running = service.open_message(request("m", true)).await;
    running.next().await.expect("a piece").expect("whole");
    service.books.change(|settings: &mut Settings| settings.routes[0].target.provider = "second".to_owned());
    // Then even the name moves to the other's address.
    let moved = second.url.clone();
    assert_eq!(service.message(request("m", false)).await.status, 200);
    service.books.change(move |settings: &mut Settings| {
        settings.providers.get_mut("first").expect("there").url = moved;
        settings.routes[0].target.provider = "second".to_owned();
    });
    assert_eq!(service.message(request("m", false)).await.status, 200);
    gate.notify_one();
    assert!(running.rest().await.text().ends_with(&events()[5]));
    for received in second.requests() {
        assert_eq!(received.headers["x-api-key"], "canary-key-of-second");
        assert!(!received.text().contains("canary-key-of-first"), "{}", received.text());
    }
    for received in first.requests() {
        assert!(!received.text().contains("canary-key-of-second"), "{}", received.text());
    }
    assert_eq!((first.count(), second.count()), (1, 2));
}

#[tokio::test]
async fn between_a_new_address_and_its_key_the_old_key_goes_nowhere() {
    let old = Upstream::fixed(200, &[], MESSAGE).await;
    let new = Upstream::fixed(200, &[], MESSAGE).await;
    let service = Service::start(&[("one", &old)]).await;
    let moved = new.url.clone();
    service.books.change(move |settings: &mut Settings| {
        settings.providers.get_mut("one").expect("there").url = moved;
    });
    let got = service.message(request("m", false)).await;
    assert_eq!(got.status, 401);
    assert!(got.text().contains("given for another address"), "{}", got.text());
    let provider = service.books.lock().settings.providers["one"].clone();
    let tested = service.gateway.test(&provider).await.expect_err("its key is for another address");
    assert!(tested.contains("given for another address"), "{tested}");
    assert!(!service.gateway.secrets().has(&provider));
    assert_eq!((old.count(), new.count()), (0, 0));
    service.keep_key("one", "canary-new");
    assert_eq!(service.message(request("m", false)).await.status, 200);
    assert_eq!(new.requests()[0].headers["x-api-key"], "canary-new");
    assert_eq!(old.count(), 0);
}

#[tokio::test]
async fn a_call_that_began_before_the_address_changed_takes_the_new_key_nowhere() {
    let gate = Arc::new(Notify::new());
    let opened = gate.clone();
    let old = Upstream::start(move |_, mut conn| {
        let gate = opened.clone();
        async move {
            gate.notified().await;
            conn.answer(500, &[], crate::support::error("api_error", "once more").as_bytes()).await;
        }
    })
    .await;
    let new = Upstream::fixed(200, &[], MESSAGE).await;
    let service = Service::start(&[("one", &old)]).await;
    let body = request("m", false);
    let (got, ()) = tokio::join!(service.message(body.clone()), async {
        until("the first try", || old.count() == 1).await;
        let moved = new.url.clone();
        service.books.change(move |settings: &mut Settings| {
            settings.providers.get_mut("one").expect("there").url = moved;
        });
        service.keep_key("one", "canary-new");
        // The second try has the settings of the call's beginning.
        gate.notify_one();
    });
    assert_eq!((got.status, old.count()), (401, 1), "{}", got.text());
    assert!(!old.requests()[0].text().contains("canary-new"));
    assert_eq!(service.message(body).await.status, 200);
    assert_eq!(new.requests()[0].headers["x-api-key"], "canary-new");
}

#[tokio::test]
async fn a_failover_takes_no_key_along() {
    let bad = Upstream::fixed(529, &[], crate::support::error("overloaded_error", "no")).await;
    let good = Upstream::fixed(200, &[], MESSAGE).await;
    let service = Service::start(&[("bad", &bad), ("good", &good)]).await;
    assert_eq!(service.message(request("m", false)).await.status, 200);
    assert!(!good.requests()[0].text().contains("canary-key-of-bad"));
    assert!(!bad.requests()[0].text().contains("canary-key-of-good"));
}

#[tokio::test]
async fn a_provider_without_its_key_is_not_asked() {
    let upstream = Upstream::fixed(200, &[], MESSAGE).await;
    let service = Service::start(&[("one", &upstream)]).await;
    service.gateway.secrets().remove("one").expect("removed");
    let got = service.message(request("m", false)).await;
    assert_eq!(got.status, 401);
    assert!(got.text().contains("there is no key for it"), "{}", got.text());
    assert_eq!(upstream.count(), 0);
    // As soon as it has one, it is.
    service.keep_key("one", "canary-new");
    assert_eq!(service.message(request("m", false)).await.status, 200);
}

#[tokio::test]
async fn each_use_of_a_key_is_entered_before_and_none_is_used_that_cannot_be() {
    let upstream = Upstream::fixed(200, &[], MESSAGE).await;
    let service = Service::start(&[("one", &upstream)]).await;
    let provider = service.books.lock().settings.providers["one"].clone();
    let count =
        || service.post("/gateway/anthropic/v1/messages/count_tokens", &[("x-api-key", AGENT)], request("m", false));
    service.books.lock().audit_fails = true;
    let got = service.message(request("m", false)).await;
    assert_eq!(got.status, 529, "{}", got.text());
    assert!(got.text().contains("cannot be entered in the audit"), "{}", got.text());
    let tested = service.gateway.test(&provider).await.expect_err("it cannot be entered");
    assert!(tested.contains("cannot be entered in the audit"), "{tested}");
    assert_eq!(count().await.status, 200, "the estimate is ours");
    assert_eq!(upstream.count(), 0, "the key was used");
    assert!(service.books.calls().is_empty(), "nothing was sent, so nothing is charged");
    // Nothing is wrong with the provider: as soon as it can be entered, it is asked.
    service.books.lock().audit_fails = false;
    assert_eq!(service.message(request("m", false)).await.status, 200);
    assert_eq!(count().await.status, 200);
    service.gateway.test(&provider).await.expect("it answers");
    assert_eq!(upstream.count(), 3);
    assert_eq!(service.books.lock().keys_used, ["a1 one", "a1 one", "person one"]);
    // Without a key there is nothing to tell.
    service.books.change(|settings: &mut Settings| {
        settings.providers.get_mut("one").expect("there").authorization = Authorization::None;
    });
    assert_eq!(service.message(request("m", false)).await.status, 200);
    assert_eq!((upstream.count(), service.books.lock().keys_used.len()), (4, 3));
}

#[tokio::test]
async fn no_sink_holds_a_key_or_a_token() {
    let echo =
        crate::support::error("invalid_request_error", "you sent canary-key-of-one and lgn_agent_a1xxxxxxxxxxxxxxxx");
    let upstream = Upstream::fixed(400, &[], echo).await;
    let service = Service::start(&[("one", &upstream)]).await;
    service
        .books
        .change(|settings: &mut Settings| settings.cassette = CassetteMode::Record { name: "tape".to_owned() });
    let body = request("m", false).replace("hi", "my key is canary-key-of-one");
    let got = service.post("/gateway/anthropic/v1/messages", &[("x-api-key", AGENT)], body).await;
    assert_eq!(got.status, 400);
    assert!(!got.text().contains("canary"), "{}", got.text());
    let tape = service.data_dir().join("cassettes/tape.jsonl");
    until("a record", || tape.exists()).await;
    for text in [
        format!("{:?}", service.books.calls()),
        format!("{:?}", service.gateway.lanes()),
        format!("{:?}", service.books.lock().lanes),
    ] {
        assert!(!text.contains("canary") && !text.contains(AGENT), "{text}");
    }
    let mut files = 0;
    each_file(service.path(), &mut |path, text| {
        files += 1;
        if path.file_name().is_some_and(|name| name != "keys.json") {
            assert!(!text.contains("canary") && !text.contains(AGENT), "{}: {text}", path.display());
        }
    });
    assert!(files >= 2, "keys and a cassette");
}

fn each_file(dir: &Path, look: &mut dyn FnMut(&Path, &str)) {
    for entry in std::fs::read_dir(dir).expect("a directory") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            each_file(&path, look);
        } else if path.is_file() {
            look(&path, &String::from_utf8_lossy(&std::fs::read(&path).expect("a file")));
        }
    }
}
