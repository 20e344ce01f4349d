//! Whose a connection within this machine is. Unlike a Unix socket, one over TCP does not say it by itself.

use std::fs;
use std::net::SocketAddr;

/// The tables of connections: of either family, since a program may reach an address of four bytes by a socket of the other one.
const TABLES: [&str; 2] = ["/proc/net/tcp", "/proc/net/tcp6"];
/// Columns of a line.
const LOCAL: usize = 1;
const REMOTE: usize = 2;
const USER: usize = 7;

/// The user whose socket is the other end of a connection that this process holds: `own` is this end, `peer` the other. None when there
/// is no such socket on this machine (any more).
pub fn loopback_user(own: SocketAddr, peer: SocketAddr) -> Option<u32> {
    TABLES.iter().find_map(|table| user_in(&fs::read_to_string(table).ok()?, own, peer))
}

fn user_in(table: &str, own: SocketAddr, peer: SocketAddr) -> Option<u32> {
    let (local, remote) = (spellings(peer)?, spellings(own)?);
    table.lines().skip(1).find_map(|line| {
        let columns: Vec<&str> = line.split_whitespace().collect();
        let is_it = local.iter().any(|local| columns.get(LOCAL) == Some(&local.as_str()))
            && remote.iter().any(|remote| columns.get(REMOTE) == Some(&remote.as_str()));
        if is_it { columns.get(USER)?.parse().ok() } else { None }
    })
}

/// As the kernel writes it in either table: each word of four bytes in the machine's own order.
fn spellings(address: SocketAddr) -> Option<[String; 2]> {
    let SocketAddr::V4(address) = address else { return None };
    let word = u32::from_ne_bytes(address.ip().octets());
    let mapped = u32::from_ne_bytes([0, 0, 0xff, 0xff]);
    let port = address.port();
    Some([format!("{word:08X}:{port:04X}"), format!("{:016X}{mapped:08X}{word:08X}:{port:04X}", 0)])
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{Ipv6Addr, TcpListener, TcpStream};

    fn own_user() -> u32 {
        rustix::process::geteuid().as_raw()
    }

    #[test]
    fn the_other_end_is_found_however_it_came() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let client = TcpStream::connect(("127.0.0.1", port)).unwrap();
        let (server, peer) = listener.accept().unwrap();
        assert_eq!(loopback_user(server.local_addr().unwrap(), peer), Some(own_user()));
        drop(client);
        let mapped = TcpStream::connect((Ipv6Addr::new(0, 0, 0, 0, 0, 0xffff, 0x7f00, 1), port));
        if let Ok(_client) = mapped {
            let (server, peer) = listener.accept().unwrap();
            assert_eq!(loopback_user(server.local_addr().unwrap(), peer), Some(own_user()));
        }
        let nobody = "127.0.0.1:1".parse().unwrap();
        assert_eq!(loopback_user(listener.local_addr().unwrap(), nobody), None);
    }

    #[test]
    fn a_line_is_of_exactly_one_connection() {
        let table = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n   \
            0: 0100007F:1F90 0100007F:A3D2 01 00000000:00000000 00:00000000 00000000  1000        0 1 1 0 20 4 30 10 -1\n";
        let (there, here) = ("127.0.0.1:8080".parse().unwrap(), "127.0.0.1:41938".parse().unwrap());
        if cfg!(target_endian = "little") {
            assert_eq!(user_in(table, here, there), Some(1000));
        }
        assert_eq!(user_in(table, there, here), None, "the other direction is the other end");
        assert_eq!(user_in("", here, there), None);
        assert_eq!(user_in("garbage\ngarbage", here, there), None);
    }
}
