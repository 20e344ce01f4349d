//! The way to the service.

use std::io::Write as _;
use std::os::unix::net::UnixListener;
use std::time::Duration;

use legion_sandbox::{RelayPort, Tier};
use legion_testkit::until;

use crate::support::{Place, stderr, stdout};

/// Connects, says so by a file, and prints what it hears.
const CLIENT: &str = "exec 3<>/dev/tcp/127.0.0.1/4100 && touch connected && cat <&3";

#[tokio::test]
async fn a_connection_is_held_until_the_service_is_there_again() {
    let mut place = Place::new();
    let sockets = place.dir.dir("sockets");
    let socket = sockets.join("service.sock");
    place.confinement.grant.sockets = vec![sockets];
    place.confinement.relay = vec![RelayPort { port: 4100, socket: socket.clone() }];
    let connected = place.own().join("connected");
    for word in ["first", "after a restart"] {
        let serve = async {
            until(Duration::from_secs(20), "the client to be connected", async || std::fs::metadata(&connected)).await;
            // Only now, and by a new socket each time.
            let listener = UnixListener::bind(&socket).unwrap();
            std::fs::set_permissions(&socket, std::os::unix::fs::PermissionsExt::from_mode(0o777)).unwrap();
            let (mut stream, _) = tokio::task::spawn_blocking(move || listener.accept()).await.unwrap().unwrap();
            stream.write_all(word.as_bytes()).unwrap();
        };
        let (output, ()) = tokio::join!(place.shell(Tier::Full, CLIENT), serve);
        assert_eq!(stdout(&output), word, "{}", stderr(&output));
        std::fs::remove_file(&connected).unwrap();
        std::fs::remove_file(&socket).unwrap();
    }
}

#[tokio::test]
async fn without_a_relay_there_is_no_way_to_any_address() {
    let place = Place::new();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    for tier in [Tier::Full, Tier::Landlock] {
        let output = place.shell(tier, &format!("exec 3<>/dev/tcp/127.0.0.1/{port}")).await;
        assert!(!output.status.success(), "{tier}");
    }
    let output = place.shell(Tier::None, &format!("exec 3<>/dev/tcp/127.0.0.1/{port}")).await;
    assert!(output.status.success(), "the control fails too: {}", stderr(&output));
}

#[tokio::test]
async fn a_granted_socket_in_tier_landlock_closes_the_network() {
    let mut place = Place::new();
    let sockets = place.dir.dir("sockets");
    let socket = sockets.join("service.sock");
    let unix = UnixListener::bind(&socket).unwrap();
    std::fs::set_permissions(&socket, std::os::unix::fs::PermissionsExt::from_mode(0o777)).unwrap();
    let tcp = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = tcp.local_addr().unwrap().port();
    let line = format!(
        "curl --silent --unix-socket {} http://localhost/ --max-time 0.3 >/dev/null; echo $?; \
         curl --silent http://127.0.0.1:{port}/ --max-time 0.3 >/dev/null; echo $?",
        socket.display()
    );
    // Both accept by their backlog, so that 28 (no answer in time) means connected and 7 means not.
    place.confinement.grant.sockets = vec![sockets];
    assert_eq!(stdout(&place.shell(Tier::Landlock, &line).await), "28\n7");
    place.confinement.grant.sockets = vec![];
    place.confinement.grant.ports = vec![port];
    assert_eq!(stdout(&place.shell(Tier::Landlock, &line).await), "7\n28");
    drop((unix, tcp));
}
