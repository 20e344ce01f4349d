//! Secure connections, and certificates that are wrong.

use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::pki_types::PrivateKeyDer;

use crate::support::{MESSAGE, Service, Upstream, anthropic, request};

pub fn server(name: &str) -> (rustls::ServerConfig, String) {
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed(vec![name.to_owned()]).expect("a certificate");
    let key = PrivateKeyDer::try_from(signing_key.serialize_der()).expect("a key");
    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key)
        .expect("a server");
    (config, cert.pem())
}

#[tokio::test]
async fn a_certificate_that_nobody_vouches_for_gets_no_key() {
    let (config, _) = server("localhost");
    let upstream =
        Upstream::start_tls(config, |_, mut conn| async move { conn.answer(200, &[], MESSAGE.as_bytes()).await }).await;
    let service = Service::start(&[("one", &upstream)]).await;
    let got = service.message(request("m", false)).await;
    assert_eq!(got.status, 500);
    let text = got.text();
    assert!(text.contains("no secure connection to `localhost`") || text.contains("no authorities"), "{text}");
    assert_eq!(upstream.count(), 0);
}

#[tokio::test]
async fn a_certificate_of_another_host_gets_no_key_and_the_right_one_does() {
    let (config, pem) = server("other.example");
    let wrong =
        Upstream::start_tls(config, |_, mut conn| async move { conn.answer(200, &[], MESSAGE.as_bytes()).await }).await;
    let (config, right_pem) = server("localhost");
    let right =
        Upstream::start_tls(config, |_, mut conn| async move { conn.answer(200, &[], MESSAGE.as_bytes()).await }).await;
    let dir = tempfile::tempdir().expect("a directory");
    for (upstream, pem, status, count) in [(&wrong, pem, 500, 0), (&right, right_pem, 200, 1)] {
        let file = dir.path().join(format!("{status}.pem"));
        std::fs::write(&file, pem).expect("written");
        let mut provider = anthropic("one", &upstream.url);
        provider.authorities = Some(file);
        let service = Service::with(vec![provider]).await;
        let got = service.message(request("m", false)).await;
        assert_eq!((got.status, upstream.count()), (status, count), "{}", got.text());
    }
}
