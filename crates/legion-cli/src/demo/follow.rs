//! Follows the organisation until it is at rest.

use futures_util::StreamExt as _;
use legion_api::{Approval, ApprovalDecision, DecideRequest, TreeNode};
use legion_client::{Client, ProjectClient, TreeFilter};

use super::{account::Account, checks::is_at_rest};
use crate::{
    context::Context,
    error::CliError,
    live::{Display, Pace},
    text::escape_line,
};

/// Why changes to protected files are sent back.
const GIVEN: &str = "the tests are given: take your changes to them back, and make the code pass";
/// Lines of a leader that did not do what it was told to.
const SAID_LINES: u32 = 5;

/// Shows what happens, decides what agents ask for, and gives the tree when nobody works and nothing waits.
pub(super) async fn until_at_rest(
    context: Context<'_>,
    client: &Client,
    account: &mut Account,
) -> Result<TreeNode, CliError> {
    let mut display = Display::new(context.output, "root", "root");
    // From the beginning of this service's log: nothing that the account needs is missed.
    let mut events = std::pin::pin!(client.events(Some(0)));
    let mut pace = Pace::new();
    loop {
        tokio::select! {
            biased;
            event = events.next() => {
                let Some(event) = event else {
                    return Err(CliError::Failed { what: "the stream of events ended".to_owned(), hint: None });
                };
                let event = event?;
                account.take(&event);
                display.event(&event);
                if event.kind == "approval-asked" {
                    for line in decide_all(client).await? {
                        context.output.note(&line);
                    }
                }
                pace.touch();
            }
            () = pace.due() => {
                let tree = client.tree(&TreeFilter::default()).await?;
                let over = is_at_rest(&tree) && began(&tree);
                display.tree(tree.clone());
                if over {
                    display.close();
                    return Ok(tree);
                }
            }
        }
    }
}

/// Whether the leader has ended a run: before that the organisation is at rest too.
fn began(tree: &TreeNode) -> bool {
    tree.reports.iter().any(|leader| leader.last_outcome.is_some())
}

/// Stands by while tickets are worked on: counts runs, decides what agents ask for, and lets nobody change the tests. Ends only when something is wrong, such as a
/// leader that ends its run without a ticket.
pub(super) async fn attend(
    context: Context<'_>,
    (client, project): (&Client, &ProjectClient),
    account: &mut Account,
    leader: &str,
    after: u64,
) -> CliError {
    let mut events = std::pin::pin!(client.events(Some(after)));
    let mut dispatched = false;
    loop {
        let event = match events.next().await {
            Some(Ok(event)) => event,
            Some(Err(error)) => return error.into(),
            None => return CliError::Failed { what: "the stream of events ended".to_owned(), hint: None },
        };
        account.take(&event);
        match event.kind.as_str() {
            "ticket-added" => dispatched = true,
            "approval-asked" => match decide_all(client).await {
                // On a terminal the board stands where the lines would go.
                Ok(lines) if !context.output.stderr_is_terminal() => {
                    lines.iter().for_each(|line| context.output.note(line));
                }
                Ok(_) => {}
                Err(error) => return error,
            },
            // Nobody sits here to let it through, and then the whole demo would wait.
            "attempt-held" if let Some(ticket) = event.ticket => {
                if let Err(error) = project.decide_held(ticket, false, Some(GIVEN), None).await {
                    return error.into();
                }
            }
            "run-ended" if !dispatched && event.agent.as_deref() == Some(leader) => {
                return no_tickets(client, leader).await;
            }
            _ => {}
        }
    }
}

/// Counts what happens until this run of an agent is counted, which has ended.
pub(super) async fn count_until(client: &Client, account: &mut Account, agent: &str, run: u32) -> Result<(), CliError> {
    let mut events = std::pin::pin!(client.events(Some(account.last())));
    while account.ended(agent) < run {
        match events.next().await {
            Some(event) => account.take(&event?),
            None => return Ok(()),
        }
    }
    Ok(())
}

async fn no_tickets(client: &Client, leader: &str) -> CliError {
    let said = match client.logs(leader, SAID_LINES).await {
        Ok(log) => log.lines.iter().map(|line| escape_line(&line.text)).collect::<Vec<_>>().join("; "),
        Err(error) => return error.into(),
    };
    CliError::Failed { what: format!("the leader dispatched no ticket: {said}"), hint: None }
}

/// Nobody sits at the demo to be asked: what the tests need is allowed, all else is refused. Gives a line for each decision.
async fn decide_all(client: &Client) -> Result<Vec<String>, CliError> {
    let mut lines = Vec::new();
    for approval in client.approvals().await?.approvals {
        let request = decision(&approval);
        lines.push(crate::view::decided(&approval, request.decision));
        client.decide(&approval.id, &request, None).await?;
    }
    Ok(lines)
}

fn decision(approval: &Approval) -> DecideRequest {
    let command = approval.input.get("command").and_then(serde_json::Value::as_str).unwrap_or_default();
    let test = command.strip_prefix("sh tests/").and_then(|rest| rest.strip_suffix(".sh"));
    let is_test = test.is_some_and(|name| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_lowercase()));
    if approval.tool == "Bash" && is_test {
        DecideRequest { decision: ApprovalDecision::Approve, reason: None }
    } else {
        let reason = "in this demo only `sh tests/NAME.sh` and, for a conflict, git's status, diff, log, merge, add and commit may be run \
            in a shell, each as a command of its own and without `cd`; write files with the tools for files"
            .to_owned();
        DecideRequest { decision: ApprovalDecision::Deny, reason: Some(reason) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::samples;

    fn decided(tool: &str, command: &str) -> ApprovalDecision {
        let approval = Approval {
            id: "1".to_owned(),
            agent: samples::WORKER.to_owned(),
            agent_name: "slugify".to_owned(),
            tool: tool.to_owned(),
            input: serde_json::json!({ "command": command }),
            at: samples::moment("12:00:00"),
            deadline: samples::moment("12:10:00"),
        };
        decision(&approval).decision
    }

    #[test]
    fn only_a_single_test_may_be_run_in_a_shell() {
        assert_eq!(decided("Bash", "sh tests/slugify.sh"), ApprovalDecision::Approve);
        for command in
            ["sh tests/a.sh; rm -rf /", "sh tests/../x.sh", "rm -rf lib", "sh tests/.sh", "sh tests/a.sh && b.sh", ""]
        {
            assert_eq!(decided("Bash", command), ApprovalDecision::Deny, "{command}");
        }
        assert_eq!(decided("WebFetch", "sh tests/slugify.sh"), ApprovalDecision::Deny);
    }
}
