//! A worker: writes one module, and tests it.

use super::code;
use super::step::{calls, read, says, shell, write};
use super::turn::Turn;
use crate::model_server::Step;

pub(super) fn answer(turn: &Turn<'_>) -> Option<Step> {
    let module = turn.task().strip_prefix("Write lib/")?.split_once(".sh")?.0;
    let file = format!("lib/{module}.sh");
    let test = format!("tests/{module}.sh");
    let again = turn.told.len() > 1;
    let code = if again { code::mended(module)? } else { code::first(module)? };
    Some(match turn.step {
        0 if again => calls("I look at it again.", vec![read(turn, &file), read(turn, &test)]),
        0 => calls("I read what it shall do.", vec![read(turn, "README.md"), read(turn, &test)]),
        1 => calls("I write it.", vec![write(turn, &file, code)]),
        2 => calls("I test it.", vec![shell(&format!("sh {test}"), "Test the module")]),
        _ => says(turn.last_result().trim()),
    })
}
