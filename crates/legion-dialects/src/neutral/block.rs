//! What messages are made of.

use serde_json::value::RawValue;

/// A piece of a message.
#[derive(Clone, Debug)]
pub enum Block {
    Text {
        text: String,
        cache: Option<Cache>,
    },
    Image {
        media: Media,
        cache: Option<Cache>,
    },
    Document {
        media: Media,
        name: Option<String>,
        cache: Option<Cache>,
    },
    Thinking(Thinking),
    ToolCall(ToolCall),
    ToolResult(ToolResult),
    /// A block of the source dialect that has no place here, as it came.
    Unknown {
        kind: String,
        raw: Box<RawValue>,
    },
}

impl Block {
    /// Text without a cache marker.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text { text: text.into(), cache: None }
    }

    /// The block's own cache marker.
    pub fn cache_mut(&mut self) -> Option<&mut Option<Cache>> {
        match self {
            Self::Text { cache, .. } | Self::Image { cache, .. } | Self::Document { cache, .. } => Some(cache),
            Self::ToolCall(call) => Some(&mut call.cache),
            Self::ToolResult(result) => Some(&mut result.cache),
            Self::Thinking(_) | Self::Unknown { .. } => None,
        }
    }
}

/// A marker: the prompt up to here may be cached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cache {
    /// How long, in the provider's words, such as `1h`.
    pub ttl: Option<String>,
}

/// The content of an image or a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Media {
    Base64 {
        media_type: String,
        data: String,
    },
    Url(String),
    /// An id of the provider's file store.
    File(String),
    Text(String),
}

/// What the model thought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Thinking {
    /// Empty when the provider shows the signature only.
    pub text: String,
    pub signature: Option<Signature>,
    /// The signature is the whole thought, encrypted.
    pub redacted: bool,
}

/// Opaque bytes with which a provider recognises its own thoughts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    pub origin: Origin,
    /// As the provider wrote it. What it is made of is the business of that dialect's encoder and decoder.
    pub native: String,
}

/// Whose signature it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Not marked: it reached the client untouched, in the client's own dialect.
    Unmarked,
    /// Marked on its way to the client with the provider's name.
    Provider(String),
}

/// The model asks for a tool to be run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToolCall {
    pub id: String,
    pub name: String,
    /// JSON text, normally an object; for a custom tool the free text.
    pub arguments: String,
    /// The tool takes free text instead of JSON.
    pub custom: bool,
    pub cache: Option<Cache>,
}

/// What a tool gave.
#[derive(Clone, Debug)]
pub struct ToolResult {
    /// The id of the call.
    pub call: String,
    /// Text, images and documents.
    pub content: Vec<Block>,
    pub is_error: bool,
    pub cache: Option<Cache>,
}
