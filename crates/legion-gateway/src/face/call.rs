//! Calls with a body: read, looked at, sent on their way.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use http::Response;
use http::request::Parts;
use legion_dialects::Class;
use legion_dialects::hints::Hints;
use legion_dialects::scan::Head;

use crate::allowed;
use crate::core::Core;
use crate::directory::Caller;
use crate::face::count;
use crate::face::path::Wanted;
use crate::lane::{Asked, Refusal, refuse, run};
use crate::upstream::{TooLong, whole};

/// When there are too many calls, the next may come after this.
const CROWD_WAIT: Duration = Duration::from_secs(2);

pub(super) async fn answer(
    core: Arc<Core>,
    wanted: Wanted<'_>,
    caller: Caller,
    own_login: bool,
    (parts, request): (Parts, &str),
    body: Body,
) -> Response<Body> {
    let (at, arrived_ms) = (core.clock.now(), core.clock.mono_ms());
    let settings = core.directory.settings();
    let dialect = wanted.dialect();
    let limits = &settings.limits;
    let Some(_place) = core.place(limits.calls_max) else {
        let message = format!("{} calls are under way already", limits.calls_max);
        return refuse(dialect, Refusal::new(Class::Overloaded, message).after(CROWD_WAIT));
    };
    let bytes_max = limits.request_bytes_max;
    let body = match tokio::time::timeout(limits.request_patience, whole(body, bytes_max)).await {
        Ok(Ok(body)) => body,
        Ok(Err(TooLong::Bytes)) => {
            let message = format!("the request is longer than {bytes_max} bytes");
            return refuse(dialect, Refusal::new(Class::TooLarge, message).for_good());
        }
        Ok(Err(TooLong::Broken)) => {
            return refuse(dialect, Refusal::new(Class::InvalidRequest, "the request broke off"));
        }
        Err(_) => {
            let message = format!("the request did not come within {} s", limits.request_patience.as_secs());
            return refuse(dialect, Refusal::new(Class::InvalidRequest, message));
        }
    };
    let head = match Head::read(&body) {
        Ok(head) => head,
        Err(refused) => return refuse(dialect, Refusal::new(refused.class, refused.to_string())),
    };
    if let Err(refused) = allowed::check(&caller, &head) {
        core.directory.refused(Ok(&caller), request, &refused.to_string()).await;
        return refuse(dialect, Refusal::new(Class::Permission, refused.to_string()).for_good());
    }
    let header = |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let hints = Hints::read(&header, &head);
    let asked = Asked {
        caller: Arc::new(caller),
        settings: settings.clone(),
        dialect,
        query: parts.uri.query().map(str::to_owned),
        headers: parts.headers,
        body,
        head,
        hints,
        own_login,
        at,
        arrived_ms,
    };
    match wanted {
        Wanted::CountTokens(_) => count::answer(&core, asked).await,
        _ => run(core.clone(), asked).await,
    }
}
