//! The helper's `main`.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::process::ExitCode;

use super::error::HelperError;
use super::{inside, outside};
use crate::order::{COMMAND, COMMAND_INSIDE};
use crate::probe::main::{is_probe, probe_main};

/// The whole environment of a process.
pub(crate) type Variables = BTreeMap<OsString, OsString>;

/// Whether these arguments (the program's name left out) are for [`confine_main`].
pub fn is_confine(arguments: &[OsString]) -> bool {
    arguments.first().is_some_and(|word| word == COMMAND || word == COMMAND_INSIDE || is_probe(word))
}

/// The whole of `legion confine`, and of the programs by which it is tried: to be called with the program's arguments, its name left out, and its environment,
/// before any thread or descriptor of its own exists. Returns only when the program could not be started; why is on
/// standard error, and the code is [`crate::EXIT_NOT_CONFINED`] or as a shell has it.
pub fn confine_main(arguments: &[OsString], environment: impl IntoIterator<Item = (OsString, OsString)>) -> ExitCode {
    let environment: Variables = environment.into_iter().collect();
    let words = arguments.iter().map(|word| word.to_str().map(str::to_owned)).collect::<Option<Vec<_>>>();
    let failed = match words {
        None => HelperError::Arguments("one is not text (UTF-8)"),
        Some(words) if words.first().is_some_and(|word| is_probe(word.as_ref())) => {
            return probe_main(&words, &environment);
        }
        Some(words) => match run(&words, environment) {
            Ok(never) => match never {},
            Err(error) => error,
        },
    };
    let mut text = format!("legion confine: {failed}");
    let mut cause = std::error::Error::source(&failed);
    while let Some(error) = cause {
        text.push_str(&format!(": {error}"));
        cause = error.source();
    }
    eprintln!("{text}");
    ExitCode::from(failed.exit_code())
}

fn run(words: &[String], environment: Variables) -> Result<std::convert::Infallible, HelperError> {
    match words {
        [command, order, program, arguments @ ..] if command == COMMAND => {
            outside::run(order, program, arguments, environment)
        }
        [command, descriptor] if command == COMMAND_INSIDE => inside::run(descriptor),
        _ => Err(HelperError::Arguments("an order and a program are wanted")),
    }
}
