//! What the end of a gate means.

use legion_model::tickets::{GateSpec, GateVerdict};
use legion_process::{Exit, ExitCause, ExitStatus};

use super::reading::Reading;
use crate::tickets::command::Excess;

/// The exit code by which a shell says that there is no such command.
const NOT_FOUND: i32 = 127;
/// What the stopping of a gate may take away from its limit by the clocks of two processes, in milliseconds.
const CLOCKS_MS: u64 = 50;

/// A gate's answer.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Verdict {
    pub verdict: GateVerdict,
    pub exit_code: Option<i32>,
    pub ms: u64,
    pub log: String,
}

/// What the service saw of its end.
#[derive(Debug, Default)]
pub(super) struct Ended {
    /// It was ended because its time was over.
    pub timed_out: bool,
    pub excess: Option<Excess>,
}

/// Judges what a gate left.
pub(super) fn judge(gate: &GateSpec, reading: Reading, ended: &Ended) -> Verdict {
    let ms = reading.ms();
    let timed_out = ended.timed_out;
    let excess = reading.exit.as_ref().and_then(|(exit, _)| too_much(ended, exit));
    let over = timed_out || ms + CLOCKS_MS >= gate.timeout_s.saturating_mul(1_000);
    let (verdict, exit_code, note) = match (&reading.exit, &reading.failed) {
        (Some(_), _) if excess.is_some() => {
            (GateVerdict::Failed, None, excess.map(|what| format!("ended because it {what}")))
        }
        (Some((exit, _)), _) => match (exit.cause, exit.status) {
            (ExitCause::Stopped, _) if over => {
                (GateVerdict::TimedOut, None, Some(format!("ended after {} s: that is its limit", gate.timeout_s)))
            }
            (ExitCause::Stopped, _) => (GateVerdict::Lost, None, Some("it was stopped".to_owned())),
            (ExitCause::Orphaned, _) => {
                (GateVerdict::Lost, None, Some("ended because no service was there".to_owned()))
            }
            (ExitCause::OutputLimit, _) => {
                (GateVerdict::Failed, None, Some("ended because it wrote more than it may".to_owned()))
            }
            (ExitCause::Own, ExitStatus::Code(0)) => (GateVerdict::Passed, Some(0), None),
            (ExitCause::Own, ExitStatus::Code(NOT_FOUND)) if is_missing(&gate.command, &reading) => {
                (GateVerdict::NotFound, Some(NOT_FOUND), None)
            }
            (ExitCause::Own, ExitStatus::Code(code)) => (GateVerdict::Failed, Some(code), None),
            (ExitCause::Own, ExitStatus::Signal(signal)) => {
                (GateVerdict::Failed, None, Some(format!("ended by signal {signal}")))
            }
        },
        (None, Some(failed)) => (GateVerdict::Lost, None, Some(format!("could not be started: {failed}"))),
        (None, None) if timed_out => {
            (GateVerdict::TimedOut, None, Some(format!("killed after {} s: that is its limit", gate.timeout_s)))
        }
        (None, None) => (GateVerdict::Lost, None, Some("its shim was killed".to_owned())),
    };
    // By two clocks it may have been a little less.
    let ms = if verdict == GateVerdict::TimedOut { ms.max(gate.timeout_s.saturating_mul(1_000)) } else { ms };
    let mut log = reading.log;
    if let Some(note) = note {
        if !log.is_empty() {
            log.push('\n');
        }
        log.push_str(&format!("[legion] the gate was {note}").replace("the gate was it was", "it was"));
    }
    Verdict { verdict, exit_code, ms, log }
}

/// What it took too much of, if that is why it did not pass.
fn too_much<'a>(ended: &'a Ended, exit: &Exit) -> Option<&'a str> {
    let excess = ended.excess.as_ref().filter(|_| !ended.timed_out)?;
    let by_itself = exit.cause == ExitCause::Own && exit.status != ExitStatus::Code(0);
    (excess.ended || by_itself).then_some(excess.what.as_str())
}

/// Whether all that was said is the shell's sentence that the command's very first word is not there.
fn is_missing(command: &str, reading: &Reading) -> bool {
    let mut lines = reading.log.lines().map(str::trim).filter(|line| !line.is_empty());
    let (Some(line), None) = (lines.next(), lines.next()) else { return false };
    let words = shlex::split(command).unwrap_or_else(|| command.split_whitespace().map(str::to_owned).collect());
    let Some(first) = words.into_iter().find(|word| !is_assignment(word)) else { return false };
    let first = first.trim_end_matches([';', '&', '|']);
    let by_shell = line.starts_with("sh:") || line.starts_with("/bin/sh:");
    by_shell && line.contains(&format!(" {first}:")) && line.ends_with("not found")
}

fn is_assignment(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| {
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reading(status: ExitStatus, cause: ExitCause, ms: u64, log: &str) -> Reading {
        Reading {
            started_ms: Some(1_000),
            exit: Some((Exit { status, cause, tree_gone: true }, 1_000 + ms)),
            failed: None,
            bytes: log.len() as u64,
            log: log.to_owned(),
        }
    }

    fn judged(command: &str, reading: Reading) -> (GateVerdict, Option<i32>) {
        let gate = GateSpec { name: "g".to_owned(), command: command.to_owned(), timeout_s: 10 };
        let verdict = judge(&gate, reading, &Ended::default());
        (verdict.verdict, verdict.exit_code)
    }

    #[test]
    fn the_exit_code_is_the_verdict() {
        let own = |code, log: &str| reading(ExitStatus::Code(code), ExitCause::Own, 5, log);
        assert_eq!(judged("true", own(0, "")), (GateVerdict::Passed, Some(0)));
        assert_eq!(judged("false", own(1, "ok: all passed")), (GateVerdict::Failed, Some(1)));
        let killed = reading(ExitStatus::Signal(9), ExitCause::Own, 5, "");
        assert_eq!(judged("true", killed), (GateVerdict::Failed, None));
    }

    #[test]
    fn only_the_shell_says_that_there_is_no_such_command() {
        let ended = |log: &str| reading(ExitStatus::Code(127), ExitCause::Own, 5, log);
        for log in ["sh: 1: nosuch: not found", "sh: line 1: nosuch: command not found", "/bin/sh: nosuch: not found"] {
            assert_eq!(judged("A=1 nosuch --all", ended(log)), (GateVerdict::NotFound, Some(127)), "{log}");
        }
        assert_eq!(judged("make test", ended("sh: 1: nosuch: not found")), (GateVerdict::Failed, Some(127)));
        assert_eq!(judged("nosuch", ended("built\nsh: 1: nosuch: not found")), (GateVerdict::Failed, Some(127)));
        assert_eq!(judged("nosuch", ended("nosuch: not found")), (GateVerdict::Failed, Some(127)));
    }

    #[test]
    fn who_ended_it_decides_what_its_end_means() {
        let stopped = |ms| reading(ExitStatus::Signal(15), ExitCause::Stopped, ms, "half");
        assert_eq!(judged("sleep 60", stopped(10_001)).0, GateVerdict::TimedOut);
        assert_eq!(judged("sleep 60", stopped(3_000)).0, GateVerdict::Lost);
        let orphan = reading(ExitStatus::Signal(15), ExitCause::Orphaned, 3_000, "");
        assert_eq!(judged("sleep 60", orphan).0, GateVerdict::Lost);
        assert_eq!(judged("sleep 60", Reading::default()).0, GateVerdict::Lost);
    }

    #[test]
    fn a_gate_that_took_too_much_failed_of_that() {
        let gate = GateSpec { name: "g".to_owned(), command: "x".to_owned(), timeout_s: 10 };
        let judged = |reading, ended| {
            let excess = Some(Excess { what: "took more memory than the 5 MiB that it may".to_owned(), ended });
            judge(&gate, reading, &Ended { timed_out: false, excess })
        };
        let killed = judged(reading(ExitStatus::Signal(9), ExitCause::Own, 5, ""), false);
        let stopped = judged(reading(ExitStatus::Signal(15), ExitCause::Stopped, 5, ""), true);
        for verdict in [killed, stopped] {
            assert_eq!(verdict.verdict, GateVerdict::Failed);
            assert!(verdict.log.contains("the gate was ended because it took more memory"), "{}", verdict.log);
        }
        let passed = judged(reading(ExitStatus::Code(0), ExitCause::Own, 5, ""), false);
        assert_eq!(passed.verdict, GateVerdict::Passed, "a part of it was refused something, and it went on");
    }
}
