//! What the provider insists on, settled before a request of another dialect is written for it.

use crate::neutral::{Block, Cache, OutputFormat, Request, Role, Thought, ToolChoice, Turn};
use crate::translate::{Target, models};
use crate::warning::{Loss, Warning};
use std::mem;

/// Output tokens when neither client nor model card names a bound.
const MAX_TOKENS_DEFAULT: u64 = 8_192;
/// The least budget of thinking that the provider takes.
const BUDGET_MIN: u64 = 1_024;
/// Cache markers that the provider takes in one request.
const CACHE_MARKERS_MAX: usize = 4;

/// Settles what Anthropic refuses or needs.
pub fn prepare(request: &mut Request, target: &Target, warnings: &mut Vec<Warning>) {
    turns(request, target, warnings);
    max_tokens(request, target, warnings);
    thinking(request, target, warnings);
    sampling(request, warnings);
    if matches!(request.output, OutputFormat::Json) {
        request.output = OutputFormat::Text;
        warnings.push(Warning::new(Loss::FormatDropped, "response_format"));
    }
    // `user` there is one person of the caller; here it is an opaque id as well.
    if request.cache_key.take().is_some() {
        warnings.push(Warning::new(Loss::FieldDropped, "prompt_cache_key"));
    }
    if request.service_tier.take().is_some() {
        warnings.push(Warning::new(Loss::FieldDropped, "service_tier"));
    }
    cache_markers(request, target, warnings);
}

/// Turns alternate, begin with the user, and none is empty.
fn turns(request: &mut Request, target: &Target, warnings: &mut Vec<Warning>) {
    let mut turns: Vec<Turn> = Vec::with_capacity(request.turns.len());
    for (index, mut turn) in mem::take(&mut request.turns).into_iter().enumerate() {
        if turn.role == Role::System && !target.system_turns {
            turn.role = Role::User;
            warnings.push(Warning::new(Loss::SystemAsUser, format!("messages[{index}]")));
        }
        turn.blocks.retain(|block| !is_nothing(block, index, warnings));
        match turns.last_mut() {
            _ if turn.blocks.is_empty() => {}
            Some(last) if last.role == turn.role => last.blocks.append(&mut turn.blocks),
            _ => turns.push(turn),
        }
    }
    request.turns = turns;
}

/// Whether nothing of a block would be written: an empty turn is refused.
fn is_nothing(block: &Block, turn: usize, warnings: &mut Vec<Warning>) -> bool {
    match block {
        Block::Text { text, .. } => text.is_empty(),
        Block::Thinking(thinking) => {
            let unsigned = thinking.signature.as_ref().is_none_or(|signature| signature.native.is_empty());
            if unsigned {
                warnings.push(Warning::new(Loss::ThinkingDropped, format!("messages[{turn}]")));
            }
            unsigned
        }
        Block::Unknown { kind, .. } => {
            warnings.push(Warning::new(Loss::BlockDropped, format!("messages[{turn}] ({kind})")));
            true
        }
        Block::Image { .. } | Block::Document { .. } | Block::ToolCall(_) | Block::ToolResult(_) => false,
    }
}

fn max_tokens(request: &mut Request, target: &Target, warnings: &mut Vec<Warning>) {
    let Some(wanted) = request.max_tokens else {
        request.max_tokens = Some(target.output_tokens_max.unwrap_or(MAX_TOKENS_DEFAULT));
        warnings.push(Warning::new(Loss::MaxTokensAssumed, "max_tokens"));
        return;
    };
    if let Some(most) = target.output_tokens_max.filter(|most| wanted > *most) {
        request.max_tokens = Some(most);
        warnings.push(Warning::new(Loss::MaxTokensClamped, "max_tokens"));
    }
}

fn thinking(request: &mut Request, target: &Target, warnings: &mut Vec<Warning>) {
    let adaptive = target.adaptive_thinking.or(models::thinks_adaptively(&target.model));
    let reasoning = &mut request.reasoning;
    if reasoning.thought == Thought::Unset {
        reasoning.thought = match reasoning.effort {
            None => Thought::Unset,
            Some(crate::neutral::Effort::None) => Thought::Off,
            Some(_) if adaptive => Thought::Adaptive,
            Some(effort) => Thought::Budget(effort.budget()),
        };
    }
    if !adaptive || matches!(reasoning.thought, Thought::Unset | Thought::Off) {
        reasoning.effort = None;
    } else {
        let wanted = reasoning.effort;
        reasoning.effort = wanted.map(nearest);
        if reasoning.effort != wanted {
            warnings.push(Warning::new(Loss::EffortMapped, "reasoning_effort"));
        }
    }
    let forced = matches!(request.tool_choice, Some(ToolChoice::Any | ToolChoice::Tool(_)));
    if forced && matches!(request.reasoning.thought, Thought::Adaptive | Thought::Budget(_)) {
        off(request, "tool_choice", warnings);
    }
    let Thought::Budget(wanted) = request.reasoning.thought else { return };
    if unsigned_tool_loop(request) {
        return off(request, "messages", warnings);
    }
    let bound = request.max_tokens.unwrap_or(MAX_TOKENS_DEFAULT);
    let budget = wanted.max(BUDGET_MIN).min(bound.saturating_sub(1));
    if budget < BUDGET_MIN {
        return off(request, "max_tokens", warnings);
    }
    if budget != wanted {
        warnings.push(Warning::new(Loss::EffortMapped, "thinking.budget_tokens"));
    }
    request.reasoning.thought = Thought::Budget(budget);
}

fn off(request: &mut Request, why: &str, warnings: &mut Vec<Warning>) {
    request.reasoning.thought = Thought::Unset;
    request.reasoning.effort = None;
    warnings.push(Warning::new(Loss::ThinkingOff, why));
}

/// The efforts that the provider knows.
fn nearest(effort: crate::neutral::Effort) -> crate::neutral::Effort {
    use crate::neutral::Effort;
    match effort {
        Effort::None | Effort::Minimal | Effort::Low => Effort::Low,
        Effort::Medium => Effort::Medium,
        Effort::High => Effort::High,
        Effort::Xhigh | Effort::Max => Effort::Max,
    }
}

/// With a budget, the assistant turn that waits for its tools' results must begin with its signed thought.
fn unsigned_tool_loop(request: &Request) -> bool {
    let Some(last) = request.turns.iter().rev().find(|turn| turn.role == Role::Assistant) else { return false };
    let calls = last.blocks.iter().any(|block| matches!(block, Block::ToolCall(_)));
    calls && !matches!(last.blocks.first(), Some(Block::Thinking(_)))
}

fn sampling(request: &mut Request, warnings: &mut Vec<Warning>) {
    let thinks = matches!(request.reasoning.thought, Thought::Adaptive | Thought::Budget(_));
    let sampling = &mut request.sampling;
    let mut changed = |name: &str| warnings.push(Warning::new(Loss::SamplingChanged, name));
    if thinks && sampling.temperature.take().is_some() {
        changed("temperature");
    }
    if thinks && sampling.top_k.take().is_some() {
        changed("top_k");
    }
    if sampling.temperature.as_ref().and_then(serde_json::Number::as_f64).is_some_and(|value| value > 1.0) {
        sampling.temperature = Some(1.into());
        changed("temperature");
    }
    // Newer models refuse both together.
    if sampling.temperature.is_some() && sampling.top_p.take().is_some() {
        changed("top_p");
    }
    if sampling.seed.take().is_some() {
        changed("seed");
    }
    if sampling.presence_penalty.take().is_some() {
        changed("presence_penalty");
    }
    if sampling.frequency_penalty.take().is_some() {
        changed("frequency_penalty");
    }
    let before = sampling.stop.len();
    sampling.stop.retain(|stop| !stop.trim().is_empty());
    if sampling.stop.len() != before {
        changed("stop");
    }
}

/// At most four markers; when the client's dialect has none and the target wants them, at the ends of what stays the same.
fn cache_markers(request: &mut Request, target: &Target, warnings: &mut Vec<Warning>) {
    let mut markers = markers(request);
    let set = markers.iter().filter(|marker| marker.is_some()).count();
    if set > CACHE_MARKERS_MAX {
        // The last ones cover the most.
        let superfluous = set - CACHE_MARKERS_MAX;
        for marker in markers.iter_mut().filter(|marker| marker.is_some()).take(superfluous) {
            **marker = None;
        }
        warnings.push(Warning::new(Loss::CacheMarkersCut, superfluous.to_string()));
    }
    if set > 0 || !target.cache_markers {
        return;
    }
    if let Some(tool) = request.tools.last_mut() {
        tool.cache = Some(Cache { ttl: None });
    }
    let users = request.turns.iter_mut().rev().filter(|turn| turn.role == Role::User).take(2);
    let last_blocks = users.filter_map(|turn| turn.blocks.last_mut());
    for marker in last_blocks.chain(request.system.last_mut()).filter_map(Block::cache_mut) {
        *marker = Some(Cache { ttl: None });
    }
}

/// Every place for a marker, in the order in which the provider reads them.
fn markers(request: &mut Request) -> Vec<&mut Option<Cache>> {
    let tools = request.tools.iter_mut().map(|tool| &mut tool.cache);
    let system = request.system.iter_mut().filter_map(Block::cache_mut);
    let mut all: Vec<&mut Option<Cache>> = tools.chain(system).collect();
    for block in request.turns.iter_mut().flat_map(|turn| &mut turn.blocks) {
        if let Block::ToolResult(result) = block {
            all.extend(result.content.iter_mut().filter_map(Block::cache_mut));
            all.push(&mut result.cache);
        } else {
            all.extend(block.cache_mut());
        }
    }
    all
}
