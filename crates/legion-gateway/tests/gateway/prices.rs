//! Prices: fetched, one's own, and what happens when either is wrong.

use std::path::Path;
use std::sync::Arc;

use legion_gateway::{
    Directory, Gateway, NewPrices, Options, PriceOrigin, PricesError, PricesUpdated, Provider, Settings,
};
use legion_runtime::{Environment, Share, SystemClock, TaskScope};
use serde_json::{Value, json};

use crate::support::{Books, MESSAGE, Service, Upstream, anthropic, request, until};

/// A model of the shipped table, and what that says it costs.
const MODEL: &str = "claude-sonnet-4-5";
const SHIPPED: u64 = 3_000_000_000;

fn list(input: f64) -> Value {
    json!({
        MODEL: {"litellm_provider": "anthropic", "mode": "chat", "input_cost_per_token": input, "output_cost_per_token": 1e-5},
        "claude-brand-new": {"litellm_provider": "anthropic", "mode": "chat", "input_cost_per_token": 1e-6,
            "output_cost_per_token": 2e-6},
    })
}

fn gateway(dir: &Path) -> Gateway {
    let options = Options {
        clock: Arc::new(SystemClock::new()),
        tasks: TaskScope::new(),
        data_dir: dir.to_owned(),
        environment: Arc::new(Environment::from_pairs([])),
        share: Share::ALL,
    };
    let directory: Arc<dyn Directory> = Arc::new(Books::default());
    Gateway::new(directory, options).expect("a gateway")
}

/// What the model costs at Anthropic itself, and who says so.
fn found(gateway: &Gateway, model: &str) -> Option<(u64, PriceOrigin)> {
    let provider = legion_gateway::templates::anthropic("a");
    let priced = gateway.prices().find(&Settings::default(), &provider, model)?;
    Some((priced.card.price.input, priced.origin))
}

async fn update(gateway: &Gateway, url: &str) -> Result<PricesUpdated, PricesError> {
    gateway.update_prices(NewPrices::Url(format!("{url}/list.json"))).await
}

#[tokio::test]
async fn fetched_prices_count_from_the_next_call_on_and_after_a_restart() {
    let prices = Upstream::fixed(200, &[], list(4e-6).to_string()).await;
    let upstream = Upstream::fixed(200, &[], MESSAGE).await;
    // A maker's price counts for what leads to it from this machine.
    let provider = Provider { prices: Default::default(), ..anthropic("one", &upstream.url) };
    let service = Service::with(vec![provider]).await;
    let cost = async |calls: usize| {
        until("a settled call", || service.books.calls().len() == calls).await;
        service.books.calls()[calls - 1].cost_nanos
    };
    assert_eq!(service.message(request(MODEL, false)).await.status, 200);
    assert_eq!(cost(1).await, Some(11 * 3_000 + 7 * 15_000));

    let told = update(&service.gateway, &prices.url).await.expect("taken");
    assert_eq!((told.models, told.added, told.changed), (2, 1, 1));
    assert!(told.source.starts_with(&prices.url) && told.date.len() == 10, "{told:?}");
    let sent = prices.requests().remove(0);
    assert_eq!(sent.line, "GET /list.json HTTP/1.1");
    assert!(!sent.text().contains("canary"), "a key went to where prices are: {}", sent.text());
    assert_eq!(service.message(request(MODEL, false)).await.status, 200);
    assert_eq!(cost(2).await, Some(11 * 4_000 + 7 * 10_000));

    let again = gateway(&service.data_dir());
    assert_eq!(found(&again, MODEL), Some((4_000_000_000, PriceOrigin::Update)));
    assert_eq!(found(&again, "claude-brand-new"), Some((1_000_000_000, PriceOrigin::Update)));
    // What the list does not have is known from the table that is shipped; what neither has is not known.
    assert_eq!(found(&again, "claude-opus-4-5").map(|found| found.1), Some(PriceOrigin::BuiltIn));
    assert_eq!(found(&again, "claude-unheard-of"), None);
}

#[tokio::test]
async fn whatever_is_wrong_with_a_new_table_the_old_one_stays() {
    let dir = tempfile::tempdir().expect("a directory");
    let gateway = gateway(dir.path());
    let good = Upstream::fixed(200, &[], list(4e-6).to_string()).await;
    update(&gateway, &good.url).await.expect("taken");
    let kept = std::fs::read(dir.path().join("prices.json")).expect("kept");
    let whole = list(5e-6).to_string();
    let with = |field: &str, value: Value| {
        let mut list = list(5e-6);
        list[MODEL][field] = value;
        list.to_string()
    };
    let mut long = list(5e-6);
    long["filler"] = json!({"text": "x".repeat(10 * 1024 * 1024)});
    let cut = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{}", whole.len(), &whole[..whole.len() / 2]);
    let chunked = format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{:x}\r\n{whole}\r\n", whole.len());
    let answer = |status: u16, body: &str| {
        format!(
            "HTTP/1.1 {status} X\r\ncontent-length: {}\r\nlocation: {}/list.json\r\n\r\n{body}",
            body.len(),
            good.url
        )
    };
    for (what, answer, why) in [
        ("garbage", answer(200, "<html>not found</html>"), "no JSON"),
        ("nothing", answer(200, ""), "no JSON"),
        ("an empty map", answer(200, "{}"), "no model"),
        ("another form", answer(200, "[1, 2]"), "no map"),
        ("10 MB and more", answer(200, &long.to_string()), "longer than"),
        ("a wrong type", answer(200, &with("input_cost_per_token", json!("3e-6"))), "not a number"),
        ("a negative price", answer(200, &with("output_cost_per_token", json!(-1e-6))), "negative"),
        ("an absurd price", answer(200, &with("cache_read_input_token_cost", json!(1e9))), "too high"),
        ("an interrupted download", cut, "broke off"),
        ("an interrupted stream", chunked, "broke off"),
        ("an error", answer(404, "gone"), "404"),
        ("a redirection", answer(302, ""), "302"),
        ("no answer", String::new(), "broke off"),
    ] {
        let server = Upstream::start(move |_, mut conn| {
            let answer = answer.clone();
            async move { conn.raw(answer.as_bytes()).await }
        })
        .await;
        let error = update(&gateway, &server.url).await.expect_err(what).to_string();
        assert!(error.contains(why), "{what}: {error}");
        assert_eq!(found(&gateway, MODEL), Some((4_000_000_000, PriceOrigin::Update)), "{what}");
        assert_eq!(std::fs::read(dir.path().join("prices.json")).expect("kept"), kept, "{what}");
    }
    assert_eq!(good.count(), 1, "a redirection was followed");
}

#[tokio::test]
async fn a_list_comes_from_this_machine_or_unseen_by_others() {
    let dir = tempfile::tempdir().expect("a directory");
    let gateway = gateway(dir.path());
    for (url, why) in [
        ("http://prices.example/list.json", "changed by anybody on the way"),
        ("ftp://prices.example/list.json", "no address"),
        ("file:///etc/passwd", "no address"),
        ("https://me:secret@prices.example/l", "name or password"),
        ("http://127.0.0.1:9/list.json", "no connection"),
    ] {
        let error = gateway.update_prices(NewPrices::Url(url.to_owned())).await.expect_err(url).to_string();
        assert!(error.contains(why), "{url}: {error}");
    }
    let text = NewPrices::Text { text: list(6e-6).to_string(), name: "my\nlist".to_owned() };
    assert_eq!(gateway.update_prices(text).await.expect("taken").source, "mylist");
    assert_eq!(found(&gateway, MODEL), Some((6_000_000_000, PriceOrigin::Update)));
}

#[tokio::test]
async fn ones_own_prices_win_are_read_when_they_change_and_stay_when_they_are_wrong() {
    let dir = tempfile::tempdir().expect("a directory");
    let gateway = gateway(dir.path());
    assert_eq!(found(&gateway, MODEL), Some((SHIPPED, PriceOrigin::BuiltIn)));
    let file = dir.path().join("prices.toml");
    std::fs::write(&file, format!("[models.\"{MODEL}\"]\ninput = \"0.50\"\noutput = 1\n")).expect("written");
    assert_eq!(found(&gateway, MODEL), Some((500_000_000, PriceOrigin::Overlay)));
    assert_eq!(gateway.prices().problems, Vec::<String>::new());
    // A slip of the pen: it is named, and the prices of before count.
    std::fs::write(&file, format!("[models.\"{MODEL}\"]\ninput = \"0.75\"\noutputs = 1\n")).expect("written");
    assert_eq!(found(&gateway, MODEL), Some((500_000_000, PriceOrigin::Overlay)));
    let problems = gateway.prices().problems.join("\n");
    assert!(problems.contains("`outputs`") && problems.contains("prices.toml"), "{problems}");
    std::fs::remove_file(&file).expect("removed");
    assert_eq!(found(&gateway, MODEL), Some((SHIPPED, PriceOrigin::BuiltIn)));
    assert_eq!(gateway.prices().problems, Vec::<String>::new());
}

#[tokio::test]
async fn ones_own_file_is_noticed_without_asking() {
    let upstream = Upstream::fixed(200, &[], MESSAGE).await;
    let service = Service::with(vec![Provider { prices: Default::default(), ..anthropic("one", &upstream.url) }]).await;
    assert!(service.gateway.models().iter().all(|model| model.card.is_none()), "it has no price yet");
    let own = "[providers.one.m]\ninput = 1000\noutput = 1000\n";
    std::fs::write(service.data_dir().join("prices.toml"), own).expect("written");
    // The upkeep looks once a second.
    let priced = || service.gateway.models().iter().any(|model| model.card.is_some());
    until("the price is known", priced).await;
    assert_eq!(service.message(request("m", false)).await.status, 200);
    until("a settled call", || !service.books.calls().is_empty()).await;
    assert_eq!(service.books.calls()[0].cost_nanos, Some(18 * 1_000_000));
}

#[tokio::test]
async fn a_damaged_table_is_told_of_and_the_shipped_one_counts() {
    let dir = tempfile::tempdir().expect("a directory");
    std::fs::write(dir.path().join("prices.json"), "{\"source\": \"half").expect("written");
    let gateway = gateway(dir.path());
    assert_eq!(found(&gateway, MODEL), Some((SHIPPED, PriceOrigin::BuiltIn)));
    assert!(gateway.prices().problems.join("\n").contains("damaged"), "{:?}", gateway.prices().problems);
    let text = NewPrices::Text { text: list(6e-6).to_string(), name: "list".to_owned() };
    gateway.update_prices(text).await.expect("taken");
    assert_eq!(gateway.prices().problems, Vec::<String>::new());
}
