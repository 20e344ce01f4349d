//! The order of a conversation, repaired: what an interruption or a cut of the context left of it is refused by every provider.

use super::dialects;
use crate::dialect::Dialect;
use crate::names;
use crate::neutral::{Block, Request, Role, ToolResult, Turn};
use crate::warning::{Loss, Warning};
use std::collections::{BTreeMap, HashSet};
use std::mem;

/// The result of a call that has none.
const INTERRUPTED: &str = "The call was interrupted; it has no result.";

/// Puts each result directly behind its call, first in the turn; gives calls without a result one that says so; drops results
/// without a call; keeps ids unique and in the bounds of the dialect.
pub fn turns(request: &mut Request, to: Dialect, warnings: &mut Vec<Warning>) {
    let mut sorted: Vec<Turn> = Vec::with_capacity(request.turns.len());
    let mut ids = Ids { taken: HashSet::new(), bytes_max: dialects::call_id_bytes_max(to) };
    let mut turns = mem::take(&mut request.turns).into_iter().enumerate().peekable();
    while let Some((index, mut turn)) = turns.next() {
        if turn.role != Role::Assistant {
            drop_orphans(&mut turn, index, warnings);
            sorted.push(turn);
            continue;
        }
        // Some clients split one turn: the results stand behind its last part.
        while has_calls(&turn)
            && let Some((_, mut more)) = turns.next_if(|(_, turn)| turn.role == Role::Assistant)
        {
            turn.blocks.append(&mut more.blocks);
        }
        let renamed = ids.assign(&mut turn, index, warnings);
        if renamed.is_empty() {
            sorted.push(turn);
            continue;
        }
        sorted.push(turn);
        // All until the assistant speaks again answers these calls.
        let mut after: Vec<(usize, Turn)> = Vec::new();
        while let Some(next) = turns.next_if(|(_, turn)| turn.role != Role::Assistant) {
            after.push(next);
        }
        sorted.extend(answered(renamed, after, warnings));
    }
    request.turns = sorted;
}

/// Calls of one turn: as the client called them, and as the upstream will.
type Calls = Vec<(String, String)>;

/// The turns behind calls: their results first, in the order of the calls.
fn answered(calls: Calls, after: Vec<(usize, Turn)>, warnings: &mut Vec<Warning>) -> Vec<Turn> {
    let mut results: BTreeMap<String, ToolResult> = BTreeMap::new();
    let mut rest: Vec<Turn> = Vec::new();
    for (index, turn) in after {
        let mut kept = Turn { role: turn.role, blocks: Vec::new() };
        for block in turn.blocks {
            match block {
                Block::ToolResult(result) => {
                    let known = calls.iter().any(|(id, _)| *id == result.call);
                    if known && !results.contains_key(&result.call) {
                        results.insert(result.call.clone(), result);
                    } else {
                        warnings.push(Warning::new(Loss::OrphanDropped, format!("messages[{index}]")));
                    }
                }
                other => kept.blocks.push(other),
            }
        }
        rest.push(kept);
    }
    let mut blocks: Vec<Block> = Vec::with_capacity(calls.len());
    for (id, sent) in calls {
        let mut result = results.remove(&id).unwrap_or_else(|| {
            warnings.push(Warning::new(Loss::ResultSynthesised, id));
            ToolResult { call: String::new(), content: vec![Block::text(INTERRUPTED)], is_error: true, cache: None }
        });
        result.call = sent;
        blocks.push(Block::ToolResult(result));
    }
    match rest.first_mut() {
        Some(first) if first.role == Role::User => blocks.append(&mut first.blocks),
        _ => rest.insert(0, Turn { role: Role::User, blocks: Vec::new() }),
    }
    rest[0].blocks = blocks;
    rest.retain(|turn| !turn.blocks.is_empty());
    rest
}

fn has_calls(turn: &Turn) -> bool {
    turn.blocks.iter().any(|block| matches!(block, Block::ToolCall(_)))
}

fn drop_orphans(turn: &mut Turn, index: usize, warnings: &mut Vec<Warning>) {
    let before = turn.blocks.len();
    turn.blocks.retain(|block| !matches!(block, Block::ToolResult(_)));
    if turn.blocks.len() != before {
        warnings.push(Warning::new(Loss::OrphanDropped, format!("messages[{index}]")));
    }
}

struct Ids {
    taken: HashSet<String>,
    bytes_max: usize,
}

impl Ids {
    /// Gives each call of a turn an id that no other has.
    fn assign(&mut self, turn: &mut Turn, index: usize, warnings: &mut Vec<Warning>) -> Calls {
        let mut calls = Calls::new();
        for (position, block) in turn.blocks.iter_mut().enumerate() {
            let Block::ToolCall(call) = block else { continue };
            let mut id = names::shorten(&call.id, self.bytes_max);
            if self.taken.contains(&id) {
                id = names::shorten(&format!("{}#{index}.{position}", call.id), self.bytes_max);
                warnings.push(Warning::new(Loss::IdRenamed, format!("messages[{index}]")));
            }
            self.taken.insert(id.clone());
            let known = mem::replace(&mut call.id, id.clone());
            calls.push((known, id));
        }
        calls
    }
}
