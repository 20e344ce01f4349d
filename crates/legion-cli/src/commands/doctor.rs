use crate::{
    connect,
    context::Context,
    error::CliError,
    exit,
    hooks::{Probe, Verdict},
    view,
};

pub(crate) async fn run(context: Context<'_>) -> Result<u8, CliError> {
    let data_dir = context.data_dir()?;
    let mut probes = context.hooks.doctor(&data_dir);
    probes.push(service(context).await);
    if context.output.json {
        context.output.document(&probes)?;
    } else {
        context.output.data(&view::probes(&probes, &context.output.look()))?;
    }
    Ok(if probes.iter().all(|probe| probe.verdict != Verdict::Failed) { exit::DONE } else { exit::FAILED })
}

/// Whether the service answers, and to this caller. One that does not run is no fault: the next command starts it.
async fn service(context: Context<'_>) -> Probe {
    let probe = |ok, detail: String, fix| Probe { name: "service".to_owned(), verdict: Verdict::of(ok), detail, fix };
    let failed = |error: CliError| probe(false, error.detail(), error.hint());
    match connect::connect_if_running(context).await {
        Ok(None) => probe(true, "not running; the next command starts it".to_owned(), None),
        Ok(Some(client)) => match client.service().await {
            Ok(info) => probe(true, format!("version {} at {} with pid {}", info.version, info.url, info.pid), None),
            Err(error) => failed(error.into()),
        },
        Err(error) => failed(error),
    }
}
