//! Which signatures may go to a provider: its own, and no other's.

use crate::neutral::{Block, Origin, Request};
use crate::translate::Target;
use crate::warning::{Loss, Warning};

/// Leaves the signatures that this provider made; takes the others out, of thoughts that are all signature the whole block.
pub fn signatures(request: &mut Request, target: &Target, warnings: &mut Vec<Warning>) {
    for (index, turn) in request.turns.iter_mut().enumerate() {
        turn.blocks.retain_mut(|block| {
            let Block::Thinking(thinking) = block else { return true };
            let own = |origin: &Origin| matches!(origin, Origin::Provider(name) if *name == target.provider);
            if thinking.signature.as_ref().is_none_or(|signature| own(&signature.origin)) {
                return true;
            }
            thinking.signature = None;
            warnings.push(Warning::new(Loss::SignatureDropped, format!("messages[{index}]")));
            !thinking.redacted && !thinking.text.is_empty()
        });
    }
}
