//! Unix sockets, on both sides.

use bytes::Bytes;
use tokio::net::UnixStream;

use crate::support::{AGENT, MESSAGE, Service, Upstream, anthropic, http_request, request, send};

#[tokio::test]
async fn callers_and_providers_may_be_on_unix_sockets() {
    let dir = tempfile::tempdir().expect("a directory");
    let upstream = Upstream::start_unix(&dir.path().join("model.sock"), |_, mut conn| async move {
        conn.answer(200, &[], MESSAGE.as_bytes()).await
    })
    .await;
    let service = Service::with(vec![anthropic("one", &upstream.url)]).await;
    let stream = UnixStream::connect(service.listen_unix()).await.expect("a connection");
    let path = format!("/gateway/{AGENT}/anthropic/v1/messages");
    let got = send(stream, http_request("POST", &path, &[], Bytes::from(request("m", false)))).await.rest().await;
    assert_eq!((got.status, got.text().as_str()), (200, MESSAGE));
    assert_eq!(upstream.requests()[0].headers["x-api-key"], "canary-key-of-one");
}
