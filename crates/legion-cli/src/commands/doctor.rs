use std::path::Path;

use legion_client::{Endpoint, Found, Holder};
use tokio::time::timeout;

use crate::{
    connect,
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
    probes.push(service);
    if context.output.json {
        context.output.document(&probes)?;
    } else {
        context.output.data(&view::probes(&probes, &context.output.look()))?;
    }
    Ok(if probes.iter().all(|probe| probe.verdict != Verdict::Failed) { exit::DONE } else { exit::FAILED })
}

/// Whether the service answers, and to this caller. One that does not run is no fault: the next command starts it. Calls that do
/// something have more patience.
async fn service(context: Context<'_>, data_dir: &Path) -> Probe {
    let probe = |ok, detail: String, fix| Probe { name: "service".to_owned(), verdict: Verdict::of(ok), detail, fix };
    let asked = async {
        match connect::connect_if_running(context).await? {
            Some(client) => Ok(Some(client.service().await?)),
            None => Ok::<_, CliError>(None),
        }
    };
    let error = match timeout(DOCTOR_ANSWER_MAX, asked).await {
        Ok(Ok(None)) => return probe(true, "not running; the next command starts it".to_owned(), None),
        Ok(Ok(Some(info))) => {
            return probe(true, format!("version {} at {} with pid {}", info.version, info.url, info.pid), None);
        }
        Ok(Err(error)) => error,
        Err(_) => silent(context, data_dir),
    };
    probe(false, error.detail(), error.hint())
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
