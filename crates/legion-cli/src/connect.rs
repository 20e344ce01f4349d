//! Finds the service, and starts it when it is not running.

use std::{path::Path, time::Duration};

use legion_api::{ProblemCode, ServiceInfo};
use legion_client::{Client, ClientError, Endpoint, Found, Patience};
use tokio::time::sleep;

use crate::{
    clock,
    context::Context,
    error::CliError,
    hooks::{Listen, ServeArgs},
};

/// A service must answer this soon after its start.
const START_SECONDS_MAX: u64 = 10;
/// How often a starting service is looked for. Nothing tells us of it: it is not our child.
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// A living service answers within this, even on a busy machine.
const ANSWER_WITHIN: Duration = Duration::from_secs(2);

/// A client of the running service. Without `LEGION_URL` and `--url` the service is started when it does not run.
pub(crate) async fn connect(context: Context<'_>) -> Result<Client, CliError> {
    if let Some(client) = connect_if_running(context).await? {
        return Ok(client);
    }
    let args = ServeArgs { listen: Listen::Default, data_dir: context.data_dir()? };
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
pub(crate) async fn running(context: Context<'_>) -> Result<Option<Endpoint>, CliError> {
    let environment = context.service();
    let endpoint = Endpoint::discover(&environment)?;
    let runs = match endpoint.found {
        Found::Url => true,
        Found::ServiceFile(_) => answers(&endpoint).await,
        // Another service may listen on the default port. The data directory of ours would have a service file.
        Found::Default => environment.data_dir().is_none() && answers(&endpoint).await,
    };
    Ok(runs.then_some(endpoint))
}

/// Starts the service in the background and waits until it answers.
pub(crate) async fn start(context: Context<'_>, args: &ServeArgs) -> Result<Endpoint, CliError> {
    context.hooks.start_detached(args).map_err(|why| CliError::Start { why })?;
    until_ready(context, &args.data_dir).await
}

/// Waits until the service of this data directory answers.
pub(crate) async fn until_ready(context: Context<'_>, data_dir: &Path) -> Result<Endpoint, CliError> {
    let environment = context.environment.of_service(Some(data_dir), None);
    let deadline = clock::instant() + Duration::from_secs(START_SECONDS_MAX);
    loop {
        // Files of a service that just starts can be there in part: that is looked at again.
        if let Ok(endpoint) = Endpoint::discover(&environment)
            && matches!(endpoint.found, Found::ServiceFile(_))
            && answers(&endpoint).await
        {
            return Ok(endpoint);
        }
        if clock::instant() >= deadline {
            return Err(CliError::NotReady { seconds: START_SECONDS_MAX });
        }
        sleep(LOOK_EVERY).await;
    }
}

/// True when the service of this data directory answers there.
pub(crate) async fn answers(endpoint: &Endpoint) -> bool {
    let Ok(client) = Client::to(endpoint) else { return false };
    let client = client.with_patience(Patience::NONE).with_call_timeout(ANSWER_WITHIN);
    match client.service().await {
        Ok(_) => true,
        // A stale service file, and meanwhile someone else's service has that port: our token opens nothing there.
        Err(ClientError::Problem(problem)) => problem.code != ProblemCode::Unauthorized,
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
    let deadline = clock::instant() + within;
    while answers(endpoint).await {
        if clock::instant() >= deadline {
            return Err(CliError::NotDown { seconds: within.as_secs() });
        }
        sleep(LOOK_EVERY).await;
    }
    Ok(())
}
