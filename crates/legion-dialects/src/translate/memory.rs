//! What the way back needs to know of the way there.

use crate::names::Names;
use std::collections::{BTreeMap, BTreeSet};

/// Made from the request alone, so that nothing is kept between calls: the same request gives the same memory.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    /// The provider that answers; marks its signatures.
    pub provider: String,
    /// The model that the client asked for; stands in where the upstream names none.
    pub model: String,
    /// The prompt's estimated tokens. A gateway that has learnt a factor for the model may correct it.
    pub prompt_estimate: u64,
    /// Digits that differ from call to call of a conversation, for ids that the upstream left out.
    pub seed: String,
    /// The client wants the numbers of usage in its Chat stream.
    pub stream_usage: bool,
    /// Thoughts come as `<think>…</think>` in front of the text.
    pub inline_thinking: bool,
    /// Tools whose arguments are free text for the client and `{"input": text}` for an upstream that knows functions only.
    pub custom_tools: BTreeSet<String>,
    /// Tools that stand in a namespace for the client: namespace and name there, by their whole name.
    pub namespaced: BTreeMap<String, (String, String)>,
    /// Shortened names of tools.
    pub names: Names,
}

impl Memory {
    /// The answer's id: the upstream's, or one made for it.
    pub fn answer_id(&self, prefix: &str, id: Option<&str>) -> String {
        id.filter(|id| !id.is_empty()).map_or_else(|| format!("{prefix}{}", self.seed), ToOwned::to_owned)
    }

    /// An id for a call to which the upstream gave none.
    pub fn call_id(&self, position: usize) -> String {
        format!("call_{}_{position}", self.seed)
    }
}
