//! The way from agents without a network to the provider: to the one address that the person configured, and to nothing else.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{TcpStream, UnixStream};
use tokio::time::timeout;

use super::provider::{Provider, Target};

/// How long the provider may take to answer the call.
const DIAL_MAX: Duration = Duration::from_secs(30);
/// Bytes of the head of a request for a tunnel, or of its answer.
const HEAD_BYTES_MAX: usize = 8 * 1024;
const HEAD_MAX: Duration = Duration::from_secs(10);

pub(super) trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

/// Leads an agent to the provider. `refused` is told what was asked for in vain, and why.
pub(super) async fn serve<T: Future<Output = ()> + Send>(
    mut agent: impl Stream,
    provider: &Provider,
    refused: impl FnOnce(String, String) -> T + Send,
) -> io::Result<()> {
    let mut there: Box<dyn Stream> = match provider {
        Provider::Plain { target, .. } => Box::new(dial(target).await?),
        Provider::Socket(path) => Box::new(in_time(UnixStream::connect(path)).await?),
        Provider::Tunnel { target, proxy } => return tunnel(agent, target, proxy.as_ref(), refused).await,
        Provider::Unusable(why) => {
            let body =
                format!("HTTP/1.1 502 Bad Gateway\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{why}", why.len());
            return agent.write_all(body.as_bytes()).await;
        }
    };
    copy_bidirectional(&mut agent, &mut there).await.map(drop)
}

/// Answers `CONNECT`, for one target only.
async fn tunnel<T: Future<Output = ()> + Send>(
    mut agent: impl Stream,
    target: &Target,
    proxy: Option<&Target>,
    refused: impl FnOnce(String, String) -> T + Send,
) -> io::Result<()> {
    let (head, rest) = timeout(HEAD_MAX, read_head(&mut agent)).await.map_err(|_| io::ErrorKind::TimedOut)??;
    let wanted = authority(target);
    let line = head.lines().next().unwrap_or_default();
    let asked = line.strip_prefix("CONNECT ").and_then(|rest| rest.split(' ').next()).map(str::to_ascii_lowercase);
    if asked.as_ref() != Some(&wanted) {
        // While it waits for the answer it is still there to be found.
        refused(requested(line), format!("an agent without a network is led to `{wanted}` and nowhere else")).await;
        let refusal = "HTTP/1.1 403 Forbidden\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
        return agent.write_all(refusal.as_bytes()).await;
    }
    let opened = async {
        let Some(proxy) = proxy else { return dial(target).await };
        let mut stream = dial(proxy).await?;
        stream.write_all(format!("CONNECT {wanted} HTTP/1.1\r\nHost: {wanted}\r\n\r\n").as_bytes()).await?;
        let (answer, _) = timeout(HEAD_MAX, read_head(&mut stream)).await.map_err(|_| io::ErrorKind::TimedOut)??;
        let granted = answer.split(' ').nth(1).is_some_and(|status| status.starts_with('2'));
        if granted { Ok(stream) } else { Err(io::Error::other("the proxy refused the tunnel")) }
    };
    let mut there = match opened.await {
        Ok(there) => there,
        Err(error) => {
            tracing::warn!(%error, provider = wanted, "the provider is not reached");
            let refusal = "HTTP/1.1 502 Bad Gateway\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
            return agent.write_all(refusal.as_bytes()).await;
        }
    };
    agent.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await?;
    there.write_all(&rest).await?;
    copy_bidirectional(&mut agent, &mut there).await.map(drop)
}

/// Method and address of a request for the audit: without a query, which may hold anything.
fn requested(line: &str) -> String {
    let mut words = line.split(' ');
    let (method, address) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    format!("{method} {}", address.split(['?', '#']).next().unwrap_or_default()).trim_end().to_owned()
}

/// The head of a message, and what came behind it.
async fn read_head(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<(String, Vec<u8>)> {
    const END: &[u8] = b"\r\n\r\n";
    let mut bytes = Vec::new();
    loop {
        if let Some(at) = bytes.windows(END.len()).position(|window| window == END) {
            let rest = bytes.split_off(at + END.len());
            return Ok((String::from_utf8_lossy(&bytes).into_owned(), rest));
        }
        if bytes.len() > HEAD_BYTES_MAX || stream.read_buf(&mut bytes).await? == 0 {
            return Err(io::ErrorKind::InvalidData.into());
        }
    }
}

async fn dial(target: &Target) -> io::Result<TcpStream> {
    let stream = in_time(TcpStream::connect((target.host.as_str(), target.port))).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

async fn in_time<T>(connecting: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    timeout(DIAL_MAX, connecting).await.map_err(|_| io::ErrorKind::TimedOut)?
}

fn authority(target: &Target) -> String {
    if target.host.contains(':') {
        format!("[{}]:{}", target.host, target.port)
    } else {
        format!("{}:{}", target.host, target.port)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What an agent gets to read that asks in such words, and what is told of it.
    async fn asked(head: &[u8], target: &Target) -> (String, Vec<String>) {
        let (mut agent, service) = UnixStream::pair().unwrap();
        let provider = Provider::Tunnel { target: target.clone(), proxy: None };
        let told = std::sync::Mutex::new(Vec::new());
        let serving = serve(service, &provider, |request, why| {
            assert!(why.contains(&authority(target)), "{why}");
            told.lock().unwrap().push(request);
            std::future::ready(())
        });
        let asking = async {
            // Whoever is refused may find the other end gone: what was said before that counts.
            let _ = agent.write_all(head).await;
            let _ = agent.shutdown().await;
            let mut said = Vec::new();
            let _ = agent.read_to_end(&mut said).await;
            String::from_utf8_lossy(&said).into_owned()
        };
        let (_, text) = tokio::join!(serving, asking);
        (text, told.into_inner().unwrap())
    }

    fn connect(wanted: &str) -> Vec<u8> {
        format!("CONNECT {wanted} HTTP/1.1\r\nHost: {wanted}\r\n\r\nhello").into_bytes()
    }

    /// Spellings of the provider's machine that are not its address as it is configured, and other machines.
    const HOSTS: &str = "localhost LOCALHOST localhost. 127.1 127.0.1 127.0.0.2 0 0.0.0.0 0x7f000001 0x7f.1 2130706433 017700000001 \
        0177.0.0.1 127.000.000.001 127.0.0.1. [::1] ::1 [::] [::ffff:127.0.0.1] [::ffff:7f00:1] [64:ff9b::7f00:1] [2002:7f00:1::] \
        [fe80::1%25lo] 169.254.169.254 metadata.google.internal 10.0.0.1 example.com api.anthropic.com api.anthropic.com.evil.example \
        127.0.0.1.nip.io 127.0.0.1\0.evil.example 127.0.0.1%00 127.0.0.1\t \u{ff11}27.0.0.1 127\u{3002}0\u{3002}0\u{3002}1 \
        xn--ls8h.example evil@127.0.0.1 127.0.0.1@evil.example evil.example#@127.0.0.1 http://127.0.0.1 //127.0.0.1 127.0.0.1/ *";

    /// Ways to ask for something else than the provider; `other` is a port beside its own.
    fn ways_out(port: u16, other: u16) -> Vec<Vec<u8>> {
        let mut ways: Vec<Vec<u8>> = HOSTS.split(' ').map(|host| connect(&format!("{host}:{port}"))).collect();
        for wanted in [
            format!("127.0.0.1:{other}"),
            format!("127.0.0.1:{port}0"),
            format!("127.0.0.1:0{port}"),
            format!("127.0.0.1:+{port}"),
            format!("127.0.0.1:{port}:{other}"),
            format!("127.0.0.1:{port}\0"),
            format!("127.0.0.1:{port}/"),
            format!("127.0.0.1:{port},127.0.0.1:{other}"),
            "127.0.0.1".to_owned(),
            "127.0.0.1:".to_owned(),
            format!(":{port}"),
            String::new(),
        ] {
            ways.push(connect(&wanted));
        }
        for line in [
            format!("GET http://127.0.0.1:{port}/?key=canary HTTP/1.1"),
            format!("POST http://127.0.0.1:{other}/ HTTP/1.1"),
            format!("connect 127.0.0.1:{port} HTTP/1.1"),
            format!("CONNECT\t127.0.0.1:{port} HTTP/1.1"),
            format!("CONNECT  127.0.0.1:{port} HTTP/1.1"),
            format!(" CONNECT 127.0.0.1:{port} HTTP/1.1"),
            "PRI * HTTP/2.0".to_owned(),
            String::new(),
        ] {
            ways.push(format!("{line}\r\nHost: 127.0.0.1:{port}\r\n\r\nhello").into_bytes());
        }
        // What another host is called does not matter, nor what lies behind a bare line feed.
        ways.push(format!("CONNECT evil.example:443\nCONNECT 127.0.0.1:{port} HTTP/1.1\r\n\r\n").into_bytes());
        ways.push([&b"CONNECT \xff\xfe:443 HTTP/1.1\r\n\r\n"[..], b"hello"].concat());
        ways
    }

    #[tokio::test]
    async fn a_tunnel_leads_to_the_provider_and_to_nothing_else() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let target = Target { host: "127.0.0.1".to_owned(), port };
        let other = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let ways = ways_out(port, other.local_addr().unwrap().port());
        assert!(ways.len() >= 60, "{}", ways.len());
        for way in &ways {
            let words = String::from_utf8_lossy(way);
            let (answer, told) = asked(way, &target).await;
            assert!(answer.starts_with("HTTP/1.1 403"), "{words}: {answer}");
            assert_eq!(told.len(), 1, "{words}: {told:?}");
            assert!(!told[0].contains("canary"), "{told:?}");
        }
        let dialled = |listener: &tokio::net::TcpListener| {
            let mut context = std::task::Context::from_waker(std::task::Waker::noop());
            listener.poll_accept(&mut context).is_ready()
        };
        assert!(!dialled(&listener) && !dialled(&other), "something was dialled");
        let echo = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut said = String::new();
            stream.read_to_string(&mut said).await.unwrap();
            stream.write_all(said.to_uppercase().as_bytes()).await.unwrap();
        };
        let wanted = connect(&format!("127.0.0.1:{port}"));
        let (_, (answer, told)) = tokio::join!(echo, asked(&wanted, &target));
        assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("HELLO"), "{answer}");
        assert_eq!(told, [""; 0]);
    }

    #[test]
    fn a_refused_request_is_told_without_its_query() {
        assert_eq!(requested("CONNECT evil.example:443 HTTP/1.1"), "CONNECT evil.example:443");
        assert_eq!(requested("GET http://evil.example/a?key=canary HTTP/1.1"), "GET http://evil.example/a");
        assert_eq!(requested(""), "");
    }
}
