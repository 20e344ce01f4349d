use std::path::Path;

use legion_client::{Client, Endpoint, Found, Holder, TreeFilter};
use tokio::time::timeout_at;

use crate::{
    clock, connect,
    context::Context,
    error::CliError,
    exit,
    hooks::{DOCTOR_ANSWER_MAX, Probe, Verdict},
    view,
};

pub(crate) async fn run(context: Context<'_>) -> Result<u8, CliError> {
    let data_dir = context.data_dir()?;
    // At the same time: neither waits for the other.
    let (mut probes, service) = tokio::join!(context.hooks.doctor(&data_dir), service(context, &data_dir));
    probes.extend(service);
    if context.output.json {
        context.output.document(&probes)?;
    } else {
        context.output.data(&view::probes(&probes, &context.output.look()))?;
    }
    Ok(if probes.iter().all(|probe| probe.verdict != Verdict::Failed) { exit::DONE } else { exit::FAILED })
}

/// Whether the service answers, and to this caller. One that does not run is no fault: the next command starts it. Calls that do
/// something have more patience.
async fn service(context: Context<'_>, data_dir: &Path) -> Vec<Probe> {
    let deadline = clock::instant() + DOCTOR_ANSWER_MAX;
    let probe = |ok, detail: String, fix| Probe { name: "service".to_owned(), verdict: Verdict::of(ok), detail, fix };
    let asked = async {
        match connect::connect_if_running(context).await? {
            Some(client) => Ok(Some((client.service().await?, client))),
            None => Ok::<_, CliError>(None),
        }
    };
    let error = match timeout_at(deadline, asked).await {
        Ok(Ok(None)) => return vec![probe(true, "not running; the next command starts it".to_owned(), None)],
        Ok(Ok(Some((info, client)))) => {
            let detail = format!("version {} at {} with pid {}", info.version, info.url, info.pid);
            let gateway = timeout_at(deadline, gateway(context, &client)).await.ok().flatten();
            return [Some(probe(true, detail, None)), gateway].into_iter().flatten().collect();
        }
        Ok(Err(error)) => error,
        Err(_) => silent(context, data_dir),
    };
    vec![probe(false, error.detail(), error.hint())]
}

/// Who did not answer in time.
fn silent(context: Context<'_>, data_dir: &Path) -> CliError {
    let endpoint = match Endpoint::discover(&context.service()) {
        Ok(endpoint) => endpoint,
        Err(error) => return error.into(),
    };
    match Holder::of(data_dir).filter(|_| endpoint.found != Found::Url) {
        Some(holder) => {
            let url = holder.url.or(Some(endpoint.url));
            CliError::Silent { data_dir: data_dir.to_owned(), pid: holder.pid, url }
        }
        None => CliError::Failed {
            what: format!("the service at `{}` did not answer within {DOCTOR_ANSWER_MAX:?}", endpoint.url),
            hint: Some("look whether it runs, and whether LEGION_URL or `--url` is right".to_owned()),
        },
    }
}

/// Whose calls go past the gateway. Nothing is said to callers who may not see it.
async fn gateway(context: Context<'_>, client: &Client) -> Option<Probe> {
    let providers = context.project(client).ok()?.providers().await.ok()?;
    let tree = client.tree(&TreeFilter::default()).await.ok()?;
    Some(view::past_gateway(&tree, !providers.providers.is_empty()))
}
