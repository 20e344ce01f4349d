//! Finding the service, and finding it again after it moved.

mod support;

use std::path::Path;

use legion_client::{Client, DEFAULT_URL, Endpoint, Environment, Found, Holder, Patience};
use serde_json::json;
use support::{Reply, Service};

fn write_service_file(dir: &Path, url: &str) {
    let info = json!({"pid": 1, "url": url, "version": "0", "started_at": "2026-01-01T00:00:00Z", "data_dir": dir});
    std::fs::write(dir.join("service.json"), info.to_string()).expect("written");
}

#[test]
fn url_then_service_file_then_default() {
    let dir = tempfile::tempdir().expect("a directory");
    let mut environment = Environment { legion_data_dir: Some(dir.path().to_owned()), ..Environment::default() };
    let endpoint = Endpoint::discover(&environment).expect("found");
    assert_eq!((endpoint.url.as_str(), endpoint.token, endpoint.found), (DEFAULT_URL, None, Found::Default));

    write_service_file(dir.path(), "http://127.0.0.1:7001");
    std::fs::write(dir.path().join("token"), "from-file\n").expect("written");
    let endpoint = Endpoint::discover(&environment).expect("found");
    assert_eq!((endpoint.url.as_str(), endpoint.token.as_deref()), ("http://127.0.0.1:7001", Some("from-file")));
    assert_eq!(endpoint.found, Found::ServiceFile(dir.path().join("service.json")));
    assert!(!format!("{endpoint:?}").contains("from-file"), "a token does not get into logs");

    environment.legion_url = Some("http://localhost:7002".to_owned());
    environment.legion_token = Some("given".to_owned());
    let endpoint = Endpoint::discover(&environment).expect("found");
    assert_eq!((endpoint.url.as_str(), endpoint.token.as_deref()), ("http://localhost:7002", Some("given")));
    assert_eq!(endpoint.found, Found::Url);
}

#[test]
fn the_data_directory_is_named_or_follows_xdg() {
    let mut environment = Environment { home: Some("/home/ann".into()), ..Environment::default() };
    assert_eq!(environment.data_dir().as_deref(), Some(Path::new("/home/ann/.local/state/legion")));
    environment.xdg_state_home = Some("relative".into());
    assert_eq!(environment.data_dir().as_deref(), Some(Path::new("/home/ann/.local/state/legion")));
    environment.xdg_state_home = Some("/state".into());
    assert_eq!(environment.data_dir().as_deref(), Some(Path::new("/state/legion")));
    environment.legion_data_dir = Some("/data".into());
    assert_eq!(environment.data_dir().as_deref(), Some(Path::new("/data")));
    assert_eq!(Environment::default().data_dir(), None);
}

#[test]
fn without_a_usable_service_file_the_held_lock_tells() {
    let dir = tempfile::tempdir().expect("a directory");
    let environment = Environment { legion_data_dir: Some(dir.path().to_owned()), ..Environment::default() };
    let url = "http://127.0.0.1:7003";
    let path = dir.path().join("lock");
    std::fs::write(&path, format!("17\n{url}\n")).expect("written");
    for garbage in [None, Some(&b"{"[..]), Some(&b""[..]), Some(&b"\xff\xfe"[..])] {
        if let Some(garbage) = garbage {
            std::fs::write(dir.path().join("service.json"), garbage).expect("written");
        }
        let nobody = Endpoint::discover(&environment).expect("found");
        assert_eq!(
            (nobody.url.as_str(), nobody.found),
            (DEFAULT_URL, Found::Default),
            "a crash leaves the file behind"
        );
        assert_eq!(Holder::of(dir.path()), None);
        let lock = std::fs::File::open(&path).expect("opened");
        lock.try_lock().expect("locked");
        let found = Endpoint::discover(&environment).expect("found");
        assert_eq!((found.url.as_str(), found.found), (url, Found::Lock(dir.path().to_owned())));
        assert_eq!(Holder::of(dir.path()), Some(Holder { pid: Some(17), url: Some(url.to_owned()) }));
    }
}

#[tokio::test]
async fn a_service_that_comes_back_on_another_port_is_found_within_the_same_call() {
    let dir = tempfile::tempdir().expect("a directory");
    let healthy = |_: usize, _: &support::Seen| Reply::Json(200, json!({"status": "healthy"}));
    for given_url in [false, true] {
        let first = Service::start(healthy).await;
        write_service_file(dir.path(), &first.url);
        let environment = Environment {
            legion_url: given_url.then(|| first.url.clone()),
            legion_data_dir: Some(dir.path().to_owned()),
            ..Environment::default()
        };
        let patience = Patience { unreached: support::DEADLINE, lost: support::DEADLINE };
        let client = Client::rediscovering(environment).expect("a client").with_patience(patience);
        client.health().await.expect("healthy");
        first.stop().await;

        let second = Service::start(healthy).await;
        let asking = tokio::spawn(async move { client.health().await });
        write_service_file(dir.path(), &second.url);
        asking.await.expect("no panic").expect("healthy again");
        assert_eq!(second.seen().len(), 1);
        second.stop().await;
    }
}
