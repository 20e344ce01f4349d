//! Finds the service, and starts it when it is not running.

use std::{path::Path, time::Duration};

use legion_api::ServiceInfo;
use legion_client::{Client, ClientError, Endpoint, Found, Patience};
use tokio::time::{Instant, sleep};

use crate::{
    context::Context,
    error::CliError,
    hooks::{Listen, ServeArgs},
};

/// A service must answer this soon after its start.
const START_SECONDS_MAX: u64 = 10;
/// How often a starting service is looked for. Nothing tells us of it: it is not our child.
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// A living service answers `/health` within this, even on a busy machine.
const HEALTH_WITHIN: Duration = Duration::from_secs(2);

/// A client of the running service. Without `LEGION_URL` and `--url` the service is started when it does not run.
pub(crate) async fn connect(context: Context<'_>) -> Result<Client, CliError> {
    let environment = context.service();
    let endpoint = Endpoint::discover(&environment)?;
    if endpoint.found != Found::Url && !answers(&endpoint).await {
        let listen = Listen::Default;
        let started = start(context, &ServeArgs { listen, data_dir: context.data_dir()? }).await?;
        context.output.note(&format!("started the service at {}", started.url));
    }
    Ok(Client::rediscovering(environment)?)
}

/// A client of the service if it runs; it is never started.
pub(crate) async fn connect_if_running(context: Context<'_>) -> Result<Option<Client>, CliError> {
    let environment = context.service();
    let endpoint = Endpoint::discover(&environment)?;
    if endpoint.found != Found::Url && !answers(&endpoint).await {
        return Ok(None);
    }
    Ok(Some(Client::rediscovering(environment)?))
}

/// Starts the service in the background and waits until it answers.
pub(crate) async fn start(context: Context<'_>, args: &ServeArgs) -> Result<Endpoint, CliError> {
    context.hooks.start_detached(args).map_err(|why| CliError::Start { why })?;
    until_ready(context, &args.data_dir).await
}

/// Waits until the service of this data directory answers.
pub(crate) async fn until_ready(context: Context<'_>, data_dir: &Path) -> Result<Endpoint, CliError> {
    let environment = context.environment.of_service(Some(data_dir), None);
    let deadline = Instant::now() + Duration::from_secs(START_SECONDS_MAX);
    loop {
        // Files of a service that just starts can be there in part: that is looked at again.
        if let Ok(endpoint) = Endpoint::discover(&environment)
            && matches!(endpoint.found, Found::ServiceFile(_))
            && answers(&endpoint).await
        {
            return Ok(endpoint);
        }
        if Instant::now() >= deadline {
            return Err(CliError::NotReady { seconds: START_SECONDS_MAX });
        }
        sleep(LOOK_EVERY).await;
    }
}

/// True when a service answers there.
pub(crate) async fn answers(endpoint: &Endpoint) -> bool {
    let Ok(client) = Client::to(endpoint) else { return false };
    let client = client.with_patience(Patience::NONE).with_call_timeout(HEALTH_WITHIN);
    match client.health().await {
        Ok(_) => true,
        Err(ClientError::Unreachable { .. } | ClientError::TimedOut { .. }) => false,
        // What does not speak as Legion does is no service of ours.
        Err(_) => false,
    }
}

/// What `service.json` in the data directory says, when it is there.
pub(crate) fn service_file(data_dir: &Path) -> Option<ServiceInfo> {
    let text = std::fs::read_to_string(data_dir.join("service.json")).ok()?;
    serde_json::from_str(&text).ok()
}

/// Waits until nothing answers there any more.
pub(crate) async fn until_gone(endpoint: &Endpoint, within: Duration) -> Result<(), CliError> {
    let deadline = Instant::now() + within;
    while answers(endpoint).await {
        if Instant::now() >= deadline {
            return Err(CliError::NotDown { seconds: within.as_secs() });
        }
        sleep(LOOK_EVERY).await;
    }
    Ok(())
}
