//! What a gateway needs to know of a request before it forwards it.

use crate::error::Refused;
use crate::json::{Fields, Path};
use crate::scan::splice::place;
use std::ops::Range;

/// The head of a request of any dialect: read in one pass over the bytes, with no part of the conversation taken up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Head {
    pub model: String,
    /// Other models are named beside it: the field stands there twice, or there is a list `models`, which some providers try
    /// one after the other.
    pub names_others: bool,
    pub stream: bool,
    /// The bound of output tokens, whatever the dialect calls it.
    pub max_tokens: Option<u64>,
    /// `metadata.user_id`, `user` or `safety_identifier`.
    pub user: Option<String>,
    pub prompt_cache_key: Option<String>,
    /// Where in the body the model's name stands, with its quotes.
    pub model_at: Range<usize>,
    /// The body's length in bytes.
    pub bytes: usize,
}

impl Head {
    /// Reads a body.
    pub fn read(body: &[u8]) -> Result<Self, Refused> {
        let root = Path::Root;
        let mut fields = Fields::body(body)?;
        let mut max_tokens = None;
        for name in ["max_tokens", "max_completion_tokens", "max_output_tokens"] {
            max_tokens = fields.number(name, &root)?.or(max_tokens);
        }
        // Of no consequence here when they are of another kind.
        let mut user = fields.string("user", &root).ok().flatten();
        user = fields.string("safety_identifier", &root).ok().flatten().or(user);
        if let Some(mut metadata) = fields.object("metadata", &root).ok().flatten() {
            user = metadata.string("user_id", &root).ok().flatten().or(user);
        }
        let names = |wanted: &str| fields.iter().filter(|(name, _)| *name == wanted).count();
        let names_others = names("model") > 1 || names("models") > 0;
        let model_at = fields.peek("model").map(|raw| place(body, raw)).unwrap_or_default();
        Ok(Self {
            model: fields.string_needed("model", &root)?,
            names_others,
            model_at,
            stream: fields.boolean("stream", &root)?.unwrap_or(false),
            max_tokens,
            user,
            prompt_cache_key: fields.string("prompt_cache_key", &root).ok().flatten(),
            bytes: body.len(),
        })
    }
}
