//! Ctrl-C, and the signal with which programs are asked to end.

use tokio::signal::unix::{SignalKind, signal};

/// Waits until somebody wants this program to end.
pub(crate) async fn told_to_stop() {
    let (Ok(mut interrupt), Ok(mut terminate)) = (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
    else {
        // Without handlers the signals end the program as they do by default.
        return std::future::pending().await;
    };
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
}
