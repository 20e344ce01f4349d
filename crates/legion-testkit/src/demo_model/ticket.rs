//! A worker on a ticket, in a clone of its own.

use super::code;
use super::step::{calls, read, says, shell, write};
use super::turn::Turn;
use crate::model_server::{Call, Step};

pub(super) fn answer(turn: &Turn<'_>) -> Option<Step> {
    // The first of its gates is the test of its piece.
    let gates = turn.task().split_once("## Gates")?.1;
    let piece = gates.split_once("`sh tests/")?.1.split_once(".sh`")?.0;
    if turn.told.len() == 1 {
        return begin(turn, piece);
    }
    if turn.prompt().contains("<<<<<<<") { merge(turn, piece) } else { mend(turn, piece) }
}

fn begin(turn: &Turn<'_>, piece: &str) -> Option<Step> {
    let file = code::file(piece);
    let known =
        turn.all_results.iter().find(|result| result.contains("case ${1-} in")).map(|text| without_numbers(text));
    Some(match turn.step {
        0 => {
            let mut files = vec![read(turn, "README.md"), read(turn, &format!("tests/{piece}.sh"))];
            files.extend(code::is_branch(piece).then(|| read(turn, &file)));
            calls("I read what is wanted.", files)
        }
        1 => calls("I write it.", vec![write(turn, &file, &code::piece(piece, known.as_deref())?)]),
        // Its prompt says that it is not to be tried out.
        2 if piece == "wrap" => says("lib/wrap.sh is written, not tried out."),
        2 => calls("I test it.", vec![shell(&format!("sh tests/{piece}.sh"), "Test the piece")]),
        // One commits by itself, the others leave that to the service.
        3 if piece == "chain" => calls("I commit it.", vec![shell("git add bin/text", "Add the file")]),
        4 if piece == "chain" => calls("", vec![shell("git commit -m \"Add text chain\"", "Commit the file")]),
        _ => says(format!("{file} is written: {}", turn.results.get(turn.results.len().min(5) - 1)?.trim())),
    })
}

/// A gate has turned it down.
fn mend(turn: &Turn<'_>, piece: &str) -> Option<Step> {
    let file = code::file(piece);
    Some(match turn.step {
        0 => calls("The gate says what is wrong.", vec![read(turn, &file)]),
        1 => calls("I mend it.", vec![write(turn, &file, code::mended(piece)?)]),
        2 => calls("I test it.", vec![shell(&format!("sh tests/{piece}.sh"), "Test the piece")]),
        _ => says(format!("{file} is mended: {}", turn.last_result().trim())),
    })
}

/// Somebody else changed the same lines and was faster.
fn merge(turn: &Turn<'_>, piece: &str) -> Option<Step> {
    let prompt = turn.prompt();
    let target =
        prompt.split_once("`git merge ")?.1.split_once('`')?.0.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut steps: Vec<Call> = Vec::new();
    if prompt.contains("you left uncommitted first") {
        steps.push(shell("git add -A", "Add what was left"));
        steps.push(shell(&format!("git commit -m \"Add text {piece}\""), "Commit what was left"));
    }
    steps.push(shell(&format!("git merge {target}"), "Merge the newest target"));
    steps.push(read(turn, "bin/text"));
    steps.push(write(turn, "bin/text", &code::whole()));
    steps.push(shell("sh tests/written.sh", "Test all that is written"));
    steps.push(shell("git add -A", "Add the resolution"));
    steps.push(shell("git commit --no-edit", "Commit the merge"));
    Some(match steps.into_iter().nth(turn.step) {
        Some(step) => calls("", vec![step]),
        None => says("Merged: bin/text has both, and all that is written passes."),
    })
}

/// A file's text as it was read: without the number in front of each line, and without a number that has no line behind it.
fn without_numbers(text: &str) -> String {
    let lines = text.lines().filter_map(|line| line.split_once(['\t', '→'])).map(|(_, rest)| rest);
    lines.map(|line| format!("{line}\n")).collect()
}
