//! Finds the service, and starts it when it is not running.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use legion_api::{ProblemCode, ServiceInfo};
use legion_client::{Client, ClientError, Endpoint, Found, Holder, Patience};
use tokio::time::sleep;

use crate::{
    clock,
    context::Context,
    error::CliError,
    exit,
    hooks::{Listen, ServeArgs, StartedService},
};

/// A service must answer this soon after its start.
const START_SECONDS_MAX: u64 = 10;
/// A service that holds the data directory answers within this, unless something is wrong: it starts, or it ends its agents.
const HELD_SECONDS_MAX: u64 = 10;
/// How often a starting service is looked for. Nothing tells us that it is ready.
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// A living service answers within this, even on a busy machine.
const ANSWER_WITHIN: Duration = Duration::from_secs(2);

/// A client of the running service. Without `LEGION_URL` and `--url` the service is started when it does not run.
pub(crate) async fn connect(context: Context<'_>) -> Result<Client, CliError> {
    if let Some(client) = connect_if_running(context).await? {
        return Ok(client);
    }
    let args = ServeArgs { listen: Listen::Default, data_dir: context.data_dir()?, tier: None };
    let endpoint = start(context, &args).await?;
    context.output.note(&format!("started the service at {}", endpoint.url));
    Ok(Client::rediscovering(context.service())?)
}

/// A client of the service if it runs; it is never started.
pub(crate) async fn connect_if_running(context: Context<'_>) -> Result<Option<Client>, CliError> {
    Ok(match running(context).await? {
        Some(_) => Some(Client::rediscovering(context.service())?),
        None => None,
    })
}

/// Where the service is, if it runs. One that was named by its address is believed to: what is wrong with it, the call itself will say.
///
/// A service that holds the data directory and does not answer is waited for: it may be starting or ending. None means that none is there.
pub(crate) async fn running(context: Context<'_>) -> Result<Option<Endpoint>, CliError> {
    running_in(&context.service()).await
}

/// As [`running`], for a service of one's own choice.
pub(crate) async fn running_in(environment: &legion_client::Environment) -> Result<Option<Endpoint>, CliError> {
    let deadline = clock::instant() + Duration::from_secs(HELD_SECONDS_MAX);
    loop {
        let endpoint = Endpoint::discover(environment)?;
        let data_dir = environment.data_dir();
        let answer = match (&endpoint.found, &data_dir) {
            (Found::Url, _) => return Ok(Some(endpoint)),
            (Found::ServiceFile(_) | Found::Lock(_), _) | (Found::Default, None) => ask(&endpoint).await,
            // Another service may listen on the default port. The data directory of ours would say where it is.
            (Found::Default, Some(_)) => Heard::Nobody,
        };
        if answer == Heard::Service {
            return Ok(Some(endpoint));
        }
        let Some((data_dir, holder)) = data_dir.and_then(|dir| Some((dir.clone(), Holder::of(&dir)?))) else {
            return Ok(None);
        };
        if answer == Heard::WrongToken && holder.url.as_ref() == Some(&endpoint.url) {
            let token = data_dir.join("token");
            return Err(CliError::Locked {
                token,
                missing: endpoint.token.is_none(),
                pid: holder.pid,
                url: endpoint.url,
            });
        }
        if clock::instant() >= deadline {
            return Err(CliError::Silent { data_dir, pid: holder.pid, url: holder.url });
        }
        sleep(LOOK_EVERY).await;
    }
}

/// Starts the service in the background and waits until it answers.
pub(crate) async fn start(context: Context<'_>, args: &ServeArgs) -> Result<Endpoint, CliError> {
    let mut started = context.hooks.start_detached(args).map_err(|why| CliError::Start { why })?;
    until_ready(context, &args.data_dir, Some(started.as_mut())).await
}

/// Waits until the service of this data directory answers, or the one that was started for it has ended.
pub(crate) async fn until_ready(
    context: Context<'_>,
    data_dir: &Path,
    mut started: Option<&mut dyn StartedService>,
) -> Result<Endpoint, CliError> {
    let environment = context.environment.of_service(Some(data_dir), None);
    let deadline = clock::instant() + Duration::from_secs(START_SECONDS_MAX);
    let mut ended = None;
    loop {
        // Files of a service that just starts can be there in part: that is looked at again.
        if let Ok(endpoint) = Endpoint::discover(&environment)
            && matches!(endpoint.found, Found::ServiceFile(_) | Found::Lock(_))
            && ask(&endpoint).await == Heard::Service
        {
            return Ok(endpoint);
        }
        ended = ended.or_else(|| started.as_mut()?.ended());
        match &ended {
            // Another one was faster: that one is waited for.
            Some(end) if end.code == Some(exit::DATA_DIR_HELD.into()) && clock::instant() < deadline => {}
            Some(end) => return Err(CliError::Start { why: end.why.clone() }),
            None if clock::instant() >= deadline => return Err(CliError::NotReady { seconds: START_SECONDS_MAX }),
            None => {}
        }
        sleep(LOOK_EVERY).await;
    }
}

/// What is to be heard at an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Heard {
    Service,
    /// Somebody, to whom our token says nothing: someone else's service that has that port meanwhile, or ours without its token.
    WrongToken,
    Nobody,
}

async fn ask(endpoint: &Endpoint) -> Heard {
    // A damaged token fits into no header: who listens is asked without one, and says that it is needed.
    let is_whole = |token: &String| token.bytes().all(|byte| byte.is_ascii_graphic());
    let endpoint = Endpoint { token: endpoint.token.clone().filter(is_whole), ..endpoint.clone() };
    let Ok(client) = Client::to(&endpoint) else { return Heard::Nobody };
    let client = client.with_patience(Patience::NONE).with_call_timeout(ANSWER_WITHIN);
    match client.service().await {
        Ok(_) => Heard::Service,
        Err(ClientError::Problem(problem)) if problem.code == ProblemCode::Unauthorized => Heard::WrongToken,
        Err(ClientError::Problem(_)) => Heard::Service,
        Err(_) => Heard::Nobody,
    }
}

/// What `service.json` in the data directory says, when it is there.
pub(crate) fn service_file(data_dir: &Path) -> Option<ServiceInfo> {
    let text = std::fs::read_to_string(data_dir.join("service.json")).ok()?;
    serde_json::from_str(&text).ok()
}

/// The service that holds the data directory through which `endpoint` was found: its pid with that directory.
pub(crate) fn holder(endpoint: &Endpoint) -> Option<(PathBuf, u32)> {
    let data_dir = match &endpoint.found {
        Found::ServiceFile(file) => file.parent()?,
        Found::Lock(data_dir) => data_dir,
        Found::Url | Found::Default => return None,
    };
    Some((data_dir.to_owned(), Holder::of(data_dir)?.pid?))
}

/// Waits until nothing answers there any more, and, when the data directory is at hand, until its [`holder`] has left it: with its log
/// closed and its file gone.
pub(crate) async fn until_gone(
    endpoint: &Endpoint,
    holder: Option<(PathBuf, u32)>,
    within: Duration,
) -> Result<(), CliError> {
    let deadline = clock::instant() + within;
    // Another service may take the directory at once.
    let holds = || holder.as_ref().is_some_and(|(dir, pid)| Holder::of(dir).is_some_and(|now| now.pid == Some(*pid)));
    while ask(endpoint).await == Heard::Service || holds() {
        if clock::instant() >= deadline {
            return Err(CliError::NotDown { seconds: within.as_secs() });
        }
        sleep(LOOK_EVERY).await;
    }
    Ok(())
}
