//! Whether the organisation came to anything at all. Real agents may not even begin: nobody is logged in, or the model is refused.

use std::time::Duration;

use legion_api::{Outcome, Problem, ProblemCode, TreeNode};
use legion_client::Client;

use crate::error::CliError;

/// Words of providers and of Claude Code, in lower case, about a login that is missing or not good.
const LOGIN_WORDS: &[&str] =
    &["/login", "not logged in", "api key", "authentication", "oauth", "api error: 401", "api error: 403"];
/// What to do about it.
const LOG_IN: &str =
    "log in with `claude` and `/login`, or set ANTHROPIC_API_KEY; `legion doctor` says which login is used";
const LOOK: &str =
    "see whether `claude -p hello` works; run it again with `--keep`, and look at the log in the directory it names";

/// Refuses to go on when the leader has failed and nobody was hired.
pub(super) async fn check(client: &Client, tree: &TreeNode) -> Result<(), CliError> {
    let Some(leader) = tree.reports.first().filter(|leader| has_failed(leader)) else { return Ok(()) };
    // Its run is over: that is answered at once.
    let run = client.wait(&leader.id, Duration::ZERO).await?;
    let outcome = leader.last_outcome.map_or("failed", Outcome::as_str);
    Err(failed(outcome, run.and_then(|run| run.error).as_deref()))
}

fn has_failed(leader: &TreeNode) -> bool {
    leader.reports.is_empty() && leader.last_outcome != Some(Outcome::Completed)
}

fn failed(outcome: &str, why: Option<&str>) -> CliError {
    let why = why.map_or_else(|| outcome.to_owned(), |why| format!("{outcome}: {why}"));
    let what = format!("the leader could not even begin: its first run {why}");
    let said = why.to_lowercase();
    if LOGIN_WORDS.iter().any(|word| said.contains(word)) {
        return unavailable(what, Some(LOG_IN));
    }
    CliError::Failed { what, hint: Some(LOOK.to_owned()) }
}

/// Real agents cannot run here.
pub(super) fn unavailable(what: String, fix: Option<&str>) -> CliError {
    let alone = "`legion demo` alone needs neither Claude Code nor a login";
    let hint = fix.map_or_else(|| alone.to_owned(), |fix| format!("{fix}; {alone}"));
    CliError::from(Problem::new(ProblemCode::DriverUnavailable, what).hint(hint))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::samples;

    #[test]
    fn a_login_that_is_not_good_is_told_apart_from_other_failures() {
        let login = failed("failed", Some("Not logged in · Please run /login"));
        assert_eq!(login.exit_code(), 18);
        insta::assert_snapshot!(login.render(&samples::look()), @r"
        error: the leader could not even begin: its first run failed: Not logged in · Please run /login [LEG0012]
        hint: log in with `claude` and `/login`, or set ANTHROPIC_API_KEY; `legion doctor` says which login is used; `legion demo` alone needs neither Claude Code nor a login
        ");
        let other = failed("failed", Some("API Error: 404 no such model"));
        assert_eq!(other.exit_code(), 1);
        assert!(other.detail().ends_with("its first run failed: API Error: 404 no such model"), "{}", other.detail());
    }

    #[test]
    fn a_leader_that_hired_somebody_has_begun() {
        let mut leader = samples::organisation().reports.remove(0);
        leader.last_outcome = Some(Outcome::Failed);
        assert!(!has_failed(&leader));
        leader.reports.clear();
        assert!(has_failed(&leader));
    }
}
