//! How a process ended, in the model's words.

use legion_model::Exit;
use legion_process::{ExitCause, ExitStatus, FailureKind};

pub(super) fn of_exit(exit: &legion_process::Exit) -> Exit {
    match (exit.cause, exit.status) {
        (ExitCause::OutputLimit, _) => Exit::OutputLimit,
        (ExitCause::Orphaned, _) => Exit::Orphaned,
        (_, ExitStatus::Code(code)) => Exit::Code(code),
        (_, ExitStatus::Signal(signal)) => Exit::Signal(signal),
    }
}

pub(super) fn of_failure(failure: &legion_process::Failure) -> Exit {
    match failure.kind {
        // Another process of the conversation was still there: it may be tried again under a new number.
        FailureKind::ConversationBusy => Exit::Lost,
        _ => Exit::NotStarted(failure.message.clone()),
    }
}
