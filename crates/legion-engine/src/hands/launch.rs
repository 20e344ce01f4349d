//! From a start order to a shim's specification.

use std::fs;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use legion_agents::{Access, Start, driver};
use legion_process::{Bytes, FirstInput, ShimSpec};
use legion_runtime::AgentGrant;

use super::clear_locks::clear_locks;
use super::compose::compose;
use super::order::StartOrder;
use crate::containment::{Grouped, Watched, Whose, hold};
use crate::engine::Inner;

/// How long a shim goes on without a service, in seconds.
const ORPHAN_AFTER_SECONDS: u64 = 600;

/// The specification of a start; the directories that it names are made.
pub(super) async fn specification(inner: &Arc<Inner>, order: &StartOrder) -> Result<(ShimSpec, Arc<Watched>), String> {
    let agent = &order.agent;
    let text = match &order.prompt {
        Some((injection, letter)) => {
            let text = compose(inner, agent.spec.driver, letter).await.map_err(|error| error.to_string())?;
            Some((injection.0, text))
        }
        None => None,
    };
    let dir = inner.data_dir.process(agent.id.0, order.number);
    let home = inner.data_dir.agent_home(agent.id.0);
    let temporary = inner.data_dir.agent(agent.id.0).join("tmp");
    let task_file = dir.join("task");
    prepare(inner, &[&dir, &home], &temporary)
        .map_err(|error| format!("failed to make the agent's directories: {error}"))?;
    let written = fs::write(&task_file, text.as_ref().map(|(_, text)| text.as_str()).unwrap_or_default());
    written.map_err(|error| format!("failed to write the agent's task file: {error}"))?;
    clear_locks(inner, order).await;

    let access = Access {
        url: inner.url.clone(),
        token: inner.key.agent_token(AgentGrant { agent: agent.id.0, process: order.number }),
        service_file: inner.data_dir.service_file(),
        legion: inner.data_dir.bin().join("legion"),
    };
    let settings = inner.gateway.books.settings();
    let gateway = inner.gateway.address.way(&settings, &access.token, &inner.login, &inner.base_environment);
    let (login, base) = gateway.as_ref().map_or((&inner.login, &inner.base_environment), |way| (&way.login, &way.base));
    let claude = inner.claude_program();
    let first = order.prompt.as_ref().and_then(|(_, letter)| letter.messages.first());
    let launch = driver(agent.spec.driver).launch(&Start {
        agent: agent.id.0,
        name: &agent.name,
        parent: agent.parent.to_string(),
        level: order.level,
        project: &order.project_path,
        run: order.run.0,
        process: order.process.0,
        spec: &agent.spec,
        home: &home,
        temporary: &temporary,
        task_file: &task_file,
        continues: order.number > 1,
        message: first.map(|message| (message.from.to_string(), message.from_name.clone(), message.kind.as_str())),
        introduction: &order.introduction,
        // The gateway holds the budget where it sees the calls: the program's own figures would be another opinion.
        budget_dollars: order.budget_left.map(legion_model::MicroUsd::dollars).filter(|_| gateway.is_none()),
        access: &access,
        login,
        base,
        program: claude.as_deref(),
        prompt: text.as_ref().map(|(injection, text)| (*injection, text.as_str())),
    });
    let mut launch = launch.map_err(|error| error.to_string())?;
    let (cwd, keep_stdin_open) = (launch.cwd.clone(), launch.keep_stdin_open);
    let first_input = launch.first_input.take();
    let held = hold(inner, order, launch, (&home, &temporary, &task_file)).await?;
    let groups = Grouped::make(inner, &order.process.to_string(), &held.limits);
    let whose = Whose { process: order.process, agent: Some(agent.id), tier: agent.spec.tier };
    let watched = Arc::new(Watched::new(whose, held.limits, groups.group));
    let spec = ShimSpec {
        process: order.process.0,
        conversation_lock: inner.data_dir.conversation_lock(agent.id.0),
        socket: inner.sockets.socket(order.process.0),
        secret: inner.key.shim_secret(agent.id.0, order.number),
        program: held.program,
        args: held.args,
        env: held.env,
        cwd,
        stdin: first_input.map(|(id, bytes)| FirstInput {
            id,
            bytes: Bytes::Inline(bytes),
            close_after: !keep_stdin_open,
        }),
        keep_stdin_open,
        output_bytes_max: inner.output_bytes_max,
        orphan_after: ORPHAN_AFTER_SECONDS,
        grace: inner.bounds.stop_grace_ms,
        cgroup: groups.tree,
        groups: groups.others,
        leave_group: true,
        inside: held.inside,
        dir,
    };
    Ok((spec, watched))
}

fn prepare(inner: &Inner, lasting: &[&PathBuf], temporary: &PathBuf) -> io::Result<()> {
    for directory in lasting {
        inner.data_dir.create(directory).map_err(io::Error::other)?;
    }
    match fs::remove_dir_all(temporary) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    inner.data_dir.create(temporary).map_err(io::Error::other)
}
