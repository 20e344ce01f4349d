//! Which address to take.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};

use legion_cli::Listen;
use legion_runtime::{DataDir, Settings};
use tokio::net::TcpListener;

/// The port of Legion.
const PORT: u16 = 6666;
/// Ports that are tried behind it.
const PORTS_TRIED: u16 = 100;

/// Binds what was asked for; otherwise the address of last time, because agents that live hold it, else the first free port.
pub(crate) async fn bind(asked: &Listen, settings: &Settings, data_dir: &DataDir) -> Result<Vec<TcpListener>, String> {
    let addresses = match asked {
        Listen::At(addresses) => addresses.clone(),
        Listen::Default if !settings.listen.is_empty() => {
            let parse = |text: &String| {
                text.parse::<SocketAddr>()
                    .map_err(|_| format!("`{text}` in the setting `listen` is not an address such as 127.0.0.1:6666"))
            };
            settings.listen.iter().map(parse).collect::<Result<_, _>>()?
        }
        Listen::Default => return bind_any(data_dir).await.map(|listener| vec![listener]),
    };
    let mut listeners = Vec::new();
    let mut last = last_address(data_dir);
    for address in addresses {
        // Any free port: the one of last time serves best.
        if address.port() == 0
            && let Some(last) = last.take().filter(|last| last.ip() == address.ip())
            && let Ok(listener) = TcpListener::bind(last).await
        {
            listeners.push(listener);
            continue;
        }
        let listener = TcpListener::bind(address).await;
        listeners.push(listener.map_err(|error| format!("cannot listen on {address}: {error}"))?);
    }
    Ok(listeners)
}

async fn bind_any(data_dir: &DataDir) -> Result<TcpListener, String> {
    let tried = last_address(data_dir)
        .into_iter()
        .chain((PORT..PORT + PORTS_TRIED).map(|port| SocketAddr::from((Ipv4Addr::LOCALHOST, port))));
    for address in tried {
        match TcpListener::bind(address).await {
            Ok(listener) => return Ok(listener),
            Err(error)
                if error.kind() == io::ErrorKind::AddrInUse || error.kind() == io::ErrorKind::AddrNotAvailable => {}
            Err(error) => return Err(format!("cannot listen on {address}: {error}")),
        }
    }
    Err(format!("no port from {PORT} to {} is free", PORT + PORTS_TRIED - 1))
}

fn last_address(data_dir: &DataDir) -> Option<SocketAddr> {
    std::fs::read_to_string(data_dir.last_address_file()).ok()?.trim().parse().ok()
}
