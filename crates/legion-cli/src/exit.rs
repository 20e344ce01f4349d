//! Exit codes of the command line. The table is documented in `docs/cli.md`; a test holds the two together.

use legion_api::{Outcome, ProblemCode};

/// All was done; a run that was waited for completed.
pub(crate) const DONE: u8 = 0;
/// The run that was waited for failed; a ticket of the plan did not get done; or a check (`doctor`, `demo`) did not pass.
pub(crate) const FAILED: u8 = 1;
/// The command line cannot be understood.
pub(crate) const USAGE: u8 = 2;
/// Another service holds the data directory. Given by `legion serve`.
pub(crate) const DATA_DIR_HELD: u8 = 3;
/// The service cannot be reached.
pub(crate) const UNREACHABLE: u8 = 4;
/// The run that was waited for was interrupted; or Ctrl-C ended the command.
pub(crate) const INTERRUPTED: u8 = 5;
/// A limit ended the run that was waited for.
pub(crate) const LIMIT: u8 = 6;
/// The run that was waited for was killed.
pub(crate) const KILLED: u8 = 7;
/// The time given to `wait` passed.
pub(crate) const WAIT_TIMED_OUT: u8 = 8;
/// The person's repository is not in a state that allows it, or it cannot be worked with at all.
pub(crate) const REPOSITORY: u8 = 9;

/// Exit code of a run's outcome, as `wait` and `hire --wait` give it.
pub(crate) fn of_outcome(outcome: Outcome) -> u8 {
    match outcome {
        Outcome::Completed => DONE,
        Outcome::Failed => FAILED,
        Outcome::Interrupted => INTERRUPTED,
        Outcome::Limit => LIMIT,
        Outcome::Killed => KILLED,
    }
}

/// Every exit code with its meaning, in order; codes of problems carry the problem's code.
pub const EXIT_CODES: &[(u8, &str)] = &[
    (DONE, "done; the run completed; every ticket of the plan is merged"),
    (FAILED, "the run failed; a ticket of the plan failed, was stopped or skipped; a check did not pass"),
    (USAGE, "wrong usage, or a request that is not valid (LEG0001, LEG0016, LEG0017)"),
    (DATA_DIR_HELD, "another service holds the data directory"),
    (UNREACHABLE, "the service cannot be reached"),
    (INTERRUPTED, "the run was interrupted; `legion run` was left with Ctrl-C"),
    (LIMIT, "a limit ended the run"),
    (KILLED, "the run was killed"),
    (WAIT_TIMED_OUT, "the wait timed out; the run goes on"),
    (REPOSITORY, "the repository does not allow it as it is (LEG0018)"),
    (10, "a valid token is needed (LEG0002)"),
    (11, "the caller may not do this (LEG0003, LEG0004)"),
    (12, "there is no such thing (LEG0005)"),
    (13, "the present state does not allow this (LEG0006, LEG0007)"),
    (14, "too large (LEG0008)"),
    (15, "a limit forbids this (LEG0009)"),
    (16, "too much at once (LEG0010)"),
    (17, "the agents would wait for each other (LEG0011)"),
    (18, "the driver cannot run here (LEG0012)"),
    (19, "the disk is full (LEG0013)"),
    (20, "the service is ending (LEG0014)"),
    (70, "a fault inside Legion (LEG0015)"),
];

/// Exit code of a problem.
pub(crate) fn of_problem(code: ProblemCode) -> u8 {
    code.exit_code()
}

/// The table as text for `--help`.
pub(crate) fn help() -> String {
    let mut text = String::from("Exit codes:\n");
    for (code, meaning) in EXIT_CODES {
        text.push_str(&format!("  {code:>2}  {meaning}\n"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_problem_code_is_in_the_table_under_its_exit_code() {
        for code in ProblemCode::ALL {
            let (_, meaning) = EXIT_CODES
                .iter()
                .find(|(exit, _)| *exit == of_problem(*code))
                .unwrap_or_else(|| panic!("{} has no row", code.as_str()));
            assert!(meaning.contains(code.as_str()), "{} is not named in `{meaning}`", code.as_str());
        }
    }

    #[test]
    fn every_outcome_has_an_exit_code_of_its_own() {
        let outcomes = [Outcome::Completed, Outcome::Failed, Outcome::Interrupted, Outcome::Limit, Outcome::Killed];
        let codes: Vec<u8> = outcomes.into_iter().map(of_outcome).collect();
        assert_eq!(codes, [0, 1, 5, 6, 7]);
    }

    #[test]
    fn the_document_holds_the_same_table() {
        let document = include_str!("../../../docs/cli.md");
        for (code, meaning) in EXIT_CODES {
            let row = format!("| {code} | {meaning} |");
            assert!(document.contains(&row), "docs/cli.md lacks the row `{row}`");
        }
    }
}
