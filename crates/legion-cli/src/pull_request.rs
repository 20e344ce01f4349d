//! A pull request for what was merged in a session.

use std::{ffi::OsStr, time::Duration};

use legion_api::{Session, Ticket};
use legion_git::RefName;
use serde::Deserialize;

use crate::{
    context::Context,
    error::CliError,
    repository::Repository,
    text::{escape_line, first_line},
};

/// The forge's program asks over the network.
const OPEN_WITHIN: Duration = Duration::from_secs(120);
/// The forge's program.
const PROGRAM: &str = "gh";
/// What it calls a pull request that is neither merged nor closed.
const OPEN: &str = "OPEN";

/// What the forge's program says of a pull request.
#[derive(Deserialize)]
struct Found {
    state: String,
    url: String,
}

/// Pushes the session's branch to the remote of the branch that the session began on, and opens a pull request where `gh` is installed.
/// One that is open has what was pushed. Returns its address, when there is one.
pub(crate) async fn open(
    context: Context<'_>,
    repository: &Repository,
    session: &Session,
    tickets: &[Ticket],
) -> Result<Option<String>, CliError> {
    let output = context.output;
    let base = session.branch.as_deref().and_then(|branch| RefName::branch(branch).ok());
    let name = format!("legion/{}", session.name);
    let head = RefName::branch(&name).map_err(|bad| CliError::Usage { what: bad.to_string(), hint: None })?;
    let Some(remote) = repository.repo.remote_of(base.as_ref()).await? else {
        return Err(CliError::Repository {
            what: format!(
                "`{}` has no remote to push to; the branch `{name}` is there",
                repository.repo.root().display()
            ),
            hint: Some("add one with `git remote add origin URL`, then run this again".to_owned()),
        });
    };
    repository.repo.push(&remote, &head).await?;
    output.note(&format!("pushed `{name}` to `{}`", escape_line(&remote)));
    let title = format!("Session {}", session.name);
    let body = body(tickets);
    let mut arguments = vec!["pr", "create", "--head", &name, "--title", &title, "--body", &body];
    if let Some(base) = session.branch.as_deref() {
        arguments.extend(["--base", base]);
    }
    let by_hand = by_hand(&arguments);
    if context.environment.find_program(PROGRAM).is_none() {
        output.note(&format!("`{PROGRAM}` is not installed; open the pull request with\n  {by_hand}"));
        return Ok(None);
    }
    let run = |arguments: &[&str]| {
        let words: Vec<&OsStr> = arguments.iter().map(OsStr::new).collect();
        context.hooks.run(OsStr::new(PROGRAM), &words, repository.repo.root(), OPEN_WITHIN)
    };
    // It fails where there is none. Whatever else is wrong, the next call says it.
    let seen = run(&["pr", "view", &name, "--json", "state,url"]).ok().filter(|ran| ran.status.success());
    let found = seen.and_then(|ran| serde_json::from_slice::<Found>(&ran.stdout).ok());
    if let Some(found) = found.filter(|found| found.state == OPEN) {
        output.note(&format!("{} has it now", escape_line(&found.url)));
        return Ok(Some(found.url));
    }
    let why = match run(&arguments) {
        Ok(ran) if ran.status.success() => {
            let address = String::from_utf8_lossy(&ran.stdout).trim().to_owned();
            output.note(&format!("opened {}", escape_line(&address)));
            return Ok(Some(address));
        }
        Ok(ran) => first_line(&String::from_utf8_lossy(&ran.stderr)),
        Err(error) => error.to_string(),
    };
    Err(CliError::Repository {
        what: format!("`{name}` is pushed, but `{PROGRAM}` opened no pull request: {why}"),
        hint: Some(format!("open it with `{by_hand}`")),
    })
}

/// What was merged, in a list.
fn body(tickets: &[Ticket]) -> String {
    let lines = tickets.iter().map(|ticket| format!("- #{} {}\n", ticket.id, escape_line(&ticket.title)));
    lines.collect()
}

/// The command as a person would type it.
fn by_hand(arguments: &[&str]) -> String {
    let quoted = |word: &&str| {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'/');
        if !word.is_empty() && word.bytes().all(plain) {
            (*word).to_owned()
        } else {
            format!("'{}'", word.replace('\'', "'\\''"))
        }
    };
    std::iter::once(PROGRAM.to_owned()).chain(arguments.iter().map(quoted)).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_by_hand_can_be_pasted_into_a_shell() {
        assert_eq!(by_hand(&["pr", "--title", "it's \"x\"", ""]), r#"gh pr --title 'it'\''s "x"' ''"#);
    }
}
