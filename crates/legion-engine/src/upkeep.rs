//! What is done now and then.

use std::sync::Arc;
use std::time::Duration;

use legion_store::Reserve;
use tokio_util::sync::CancellationToken;

/// How often it is looked whether there is room for the reserve again.
const RESERVE_EVERY: Duration = Duration::from_secs(5);

/// Sets the reserve aside whenever it is not there and there is room for it.
pub(crate) async fn keep_reserve(reserve: Arc<Reserve>, cancel: CancellationToken) {
    let mut told = false;
    loop {
        let kept = reserve.clone();
        let set_aside = tokio::task::spawn_blocking(move || kept.set_aside()).await;
        let is_kept = matches!(set_aside, Ok(Ok(())));
        match set_aside {
            Ok(Err(error)) if !told => {
                tracing::warn!(%error, "no room can be set aside for the end of agents on a full disk");
            }
            _ => {}
        }
        told = !is_kept;
        let again = async {
            if is_kept {
                reserve.given_back().await;
            }
            tokio::time::sleep(RESERVE_EVERY).await;
        };
        tokio::select! {
            () = cancel.cancelled() => return,
            () = again => {}
        }
    }
}
