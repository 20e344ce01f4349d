//! The names under which the service is reached. A request for any other name comes from somewhere else.

use std::collections::BTreeSet;
use std::net::SocketAddr;

/// The port that clients leave out of `Host` and `Origin`.
const DEFAULT_PORT: u16 = 80;

/// Values of `Host` that are ours, in lower case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hosts {
    names: BTreeSet<String>,
    own: String,
}

impl Hosts {
    /// The names of the addresses that are listened on. A loopback or unspecified address is reached as `127.0.0.1`, `localhost` and
    /// `[::1]`; `further` names are those by which other machines know this one, each with or without a port.
    pub fn new(addresses: &[SocketAddr], further: &[String]) -> Self {
        let mut names = BTreeSet::new();
        for address in addresses {
            let port = address.port();
            let mut add = |host: &str| {
                let given = host.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
                if given || port == DEFAULT_PORT {
                    names.insert(host.to_owned());
                }
                if !given {
                    names.insert(format!("{host}:{port}"));
                }
            };
            if address.ip().is_loopback() || address.ip().is_unspecified() {
                ["127.0.0.1", "localhost", "[::1]"].into_iter().for_each(&mut add);
            }
            if !address.ip().is_unspecified() {
                match address {
                    SocketAddr::V4(v4) => add(&v4.ip().to_string()),
                    SocketAddr::V6(v6) => add(&format!("[{}]", v6.ip())),
                }
            }
            further.iter().for_each(|name| add(&name.to_ascii_lowercase()));
        }
        let port = addresses.first().map_or(DEFAULT_PORT, SocketAddr::port);
        let own = format!("127.0.0.1:{port}");
        names.insert(own.clone());
        Self { names, own }
    }

    /// Whether a value of `Host` is one of ours.
    pub fn allows(&self, host: &str) -> bool {
        self.names.contains(&host.to_ascii_lowercase())
    }

    /// Whether a value of `Origin` is one of ours.
    pub fn allows_origin(&self, origin: &str) -> bool {
        origin.strip_prefix("http://").is_some_and(|host| self.allows(host))
    }

    /// The name that the service calls itself by.
    pub fn own(&self) -> &str {
        &self.own
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_names_of_the_addresses_that_are_listened_on_are_ours() {
        let hosts = Hosts::new(&["127.0.0.1:6666".parse().unwrap()], &[]);
        for ours in ["127.0.0.1:6666", "localhost:6666", "LOCALHOST:6666", "[::1]:6666"] {
            assert!(hosts.allows(ours), "{ours}");
            assert!(hosts.allows_origin(&format!("http://{ours}")), "{ours}");
        }
        for foreign in ["", "localhost", "localhost:80", "evil.example:6666", "127.0.0.1.evil:6666", "0.0.0.0:6666"] {
            assert!(!hosts.allows(foreign), "{foreign}");
        }
        for foreign in ["null", "https://localhost:6666", "localhost:6666", "http://localhost:6666/"] {
            assert!(!hosts.allows_origin(foreign), "{foreign}");
        }
    }

    #[test]
    fn a_machine_is_known_by_the_names_it_was_given() {
        let hosts = Hosts::new(&["0.0.0.0:7000".parse().unwrap()], &["Box.lan".to_owned(), "proxy.lan:443".to_owned()]);
        assert!(hosts.allows("box.lan:7000") && hosts.allows("proxy.lan:443") && hosts.allows("localhost:7000"));
        assert!(!hosts.allows("box.lan") && !hosts.allows("0.0.0.0:7000"));
    }
}
