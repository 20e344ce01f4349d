//! The gateway for model calls: its addresses, and what it is made of.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;

use legion_engine::{Engine, GatewayDirectory, PORTS_INSIDE};
use legion_gateway::{Gateway, Options};
use legion_runtime::{DataDir, Environment, Settings, Share};
use tokio::net::{TcpListener, UnixListener};

use crate::error_chain::chain;

/// The port of the gateway.
const PORT: u16 = 18_080;
/// Ports that are tried behind it; then any.
const PORTS_TRIED: u16 = 100;
/// Bytes of a path that a socket may have, less what a name beside it takes.
const SOCKET_PATH_MAX: usize = 100;

/// Where the gateway is reached. Taken before the engine is opened, because agents are told.
pub(crate) struct Place {
    listeners: Vec<TcpListener>,
    pub(crate) url: String,
}

impl Place {
    /// Takes the addresses that are set; otherwise the one of last time, else the first free one.
    pub(crate) async fn take(settings: &Settings, data_dir: &DataDir) -> Result<Self, String> {
        let mut listeners = Vec::new();
        for text in &settings.gateway_listen {
            let address: SocketAddr = text.parse().map_err(|_| {
                format!("`{text}` in the setting `gateway_listen` is not an address such as 127.0.0.1:{PORT}")
            })?;
            // Any free port: the one of last time serves best, because agents hold it.
            let again = last(data_dir).filter(|last| address.port() == 0 && last.ip() == address.ip());
            if let Some(again) = again
                && let Ok(listener) = TcpListener::bind(again).await
            {
                listeners.push(listener);
                continue;
            }
            let listener = TcpListener::bind(address).await;
            listeners.push(listener.map_err(|error| format!("the gateway cannot listen on {address}: {error}"))?);
        }
        if listeners.is_empty() {
            listeners.push(any(data_dir).await?);
        }
        let address = listeners[0].local_addr().map_err(|error| error.to_string())?;
        if PORTS_INSIDE.contains(&address.port()) {
            let what = "agents without a network find something else under this port";
            return Err(format!(
                "the gateway cannot listen on {address}: {what}\nhint: set `gateway_listen` to another port"
            ));
        }
        let file = data_dir.last_gateway_address_file();
        data_dir.replace(&file, address.to_string().as_bytes()).map_err(|error| chain(&error))?;
        Ok(Self { listeners, url: format!("http://{}", super::service::reachable(address)) })
    }

    /// Opens the gateway and serves it: to agents no more than their share.
    pub(crate) fn open(
        self,
        engine: &Engine,
        data_dir: &DataDir,
        environment: &Environment,
        (person_token, share): (&str, Share),
    ) -> Result<Gateway, String> {
        let directory = Arc::new(GatewayDirectory::new(engine.clone(), person_token.to_owned()));
        let options = Options {
            clock: engine.clock(),
            tasks: engine.tasks(),
            data_dir: data_dir.gateway(),
            environment: Arc::new(environment.clone()),
            share,
        };
        let gateway = Gateway::new(directory, options).map_err(|error| chain(&error))?;
        let socket = socket(&data_dir.gateway_socket());
        legion_server::serve_gateway(engine, &gateway, self.listeners, socket);
        Ok(gateway)
    }
}

async fn any(data_dir: &DataDir) -> Result<TcpListener, String> {
    let ports = (PORT..PORT + PORTS_TRIED).chain([0]).map(|port| SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
    for address in last(data_dir).into_iter().chain(ports) {
        match TcpListener::bind(address).await {
            Ok(listener) => return Ok(listener),
            Err(error) if matches!(error.kind(), io::ErrorKind::AddrInUse | io::ErrorKind::AddrNotAvailable) => {}
            Err(error) => return Err(format!("the gateway cannot listen on {address}: {error}")),
        }
    }
    Err("no port is free for the gateway".to_owned())
}

fn last(data_dir: &DataDir) -> Option<SocketAddr> {
    std::fs::read_to_string(data_dir.last_gateway_address_file()).ok()?.trim().parse().ok()
}

/// For programs that speak over sockets. Without it the gateway goes on.
fn socket(path: &Path) -> Option<UnixListener> {
    if path.as_os_str().len() > SOCKET_PATH_MAX {
        tracing::warn!(path = %path.display(), "no socket of the gateway: its path would be too long");
        return None;
    }
    let made = || -> io::Result<UnixListener> {
        match std::fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let listener = UnixListener::bind(path)?;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
        Ok(listener)
    };
    made().inspect_err(|error| tracing::warn!(%error, path = %path.display(), "no socket of the gateway")).ok()
}
