//! Every request comes in here.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::routing::any;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Method, Response};
use legion_dialects::{Class, Dialect};

use crate::core::Core;
use crate::face::held_body::HeldBody;
use crate::face::path::{self, Wanted};
use crate::face::{call, models, token};
use crate::lane::{Refusal, refuse};

pub(crate) fn router(core: Arc<Core>) -> Router {
    Router::new().route("/gateway/{*path}", any(entry)).with_state(core)
}

async fn entry(State(core): State<Arc<Core>>, request: Request) -> Response<Body> {
    let (head, body) = request.into_parts();
    let path = head.uri.path().to_owned();
    let Some((in_path, wanted)) = path::parse(&path) else {
        // Nobody's dialect is known here.
        return refuse(Dialect::Chat, Refusal::new(Class::NotFound, "the gateway has nothing at this path").for_good());
    };
    let dialect = wanted.dialect();
    let posts = matches!(wanted, Wanted::Generate(_) | Wanted::CountTokens(_));
    let fits = if posts { head.method == Method::POST } else { matches!(head.method, Method::GET | Method::HEAD) };
    if !fits {
        let message = format!("{} is not what this path takes", head.method);
        return refuse(dialect, Refusal::new(Class::NotSupported, message).for_good());
    }
    let (token, own_login) = token::of(in_path, &head.headers);
    let caller = match token {
        Some(token) => core.directory.caller(token).await,
        None => None,
    };
    // A token in the path is not remembered.
    let shown = in_path.map_or_else(|| path.clone(), |token| path.replacen(&format!("{token}/"), "", 1));
    let request = format!("{} {shown}", head.method);
    let Some(caller) = caller else {
        let message = "this token opens nothing here; `legion gateway url` gives the address with a token that does";
        core.directory.refused(Err(token), &request, message).await;
        return refuse(dialect, Refusal::new(Class::Authentication, message).for_good());
    };
    // The person is not limited.
    let taken = caller.agent.clone().map(|agent| core.shares.take(agent, core.clock.mono_ms())).transpose();
    let place = match taken {
        Ok(place) => place,
        Err(exceeded) => {
            core.directory.refused(Ok(&caller), &request, &exceeded.to_string()).await;
            let refusal = Refusal::new(Class::RateLimited { retry_after: None }, exceeded.to_string());
            return refuse(dialect, refusal.after(exceeded.wait()));
        }
    };
    let answer = match wanted {
        Wanted::Base(_) => json("{\"gateway\":\"legion\"}".to_owned()),
        Wanted::Models(dialect) => models::list(&core, dialect),
        Wanted::Model(dialect, id) => models::one(&core, dialect, id),
        Wanted::Generate(_) | Wanted::CountTokens(_) => {
            call::answer(core, wanted, caller, own_login, (head, &request), body).await
        }
    };
    match place {
        Some(place) => answer.map(|body| Body::new(HeldBody::new(body, place))),
        None => answer,
    }
}

pub(super) fn json(text: String) -> Response<Body> {
    let mut response = Response::new(Body::from(text));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
