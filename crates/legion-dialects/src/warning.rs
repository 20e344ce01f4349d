//! Steps of a translation that lose something, by name.

use std::fmt;

/// What a translation lost or changed. The names are stable: they appear in a response header and in traces.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Loss {
    /// A tool's arguments were no JSON object and were wrapped into one.
    ArgumentsWrapped,
    /// A field that goes with a beta flag was dropped together with the flag.
    BetaDropped,
    /// The block of changing attribution text in front of the system prompt was taken out: it kills prefix caches elsewhere.
    BillingBlockStripped,
    /// A content block has no twin.
    BlockDropped,
    /// More cache markers than the provider takes; the earliest were dropped.
    CacheMarkersCut,
    /// A call of a tool that never got a name.
    CallDropped,
    /// Citations of a text have no twin.
    CitationsDropped,
    /// A document has no twin in this form.
    DocumentDropped,
    /// The reasoning effort could not be sent to this model.
    EffortDropped,
    /// The reasoning effort was mapped to the nearest value.
    EffortMapped,
    /// A field has no twin.
    FieldDropped,
    /// The wished output format has no twin.
    FormatDropped,
    /// Fragments of a call arrived after its arguments were complete.
    FragmentsDropped,
    /// Two calls had the same id; the later ones were renamed.
    IdRenamed,
    /// An image has no twin in this form.
    ImageDropped,
    /// Images of a tool's result were moved to the user message after it.
    ImageMoved,
    /// A keyword of a tool's schema that the provider refuses was taken out.
    KeywordDropped,
    /// The provider needs a bound of output tokens and the client gave none.
    MaxTokensAssumed,
    /// The bound of output tokens was above the model's.
    MaxTokensClamped,
    /// A tool's result without its call was dropped.
    OrphanDropped,
    /// A call without its result got one that says so.
    ResultSynthesised,
    /// A parameter of sampling was dropped or bounded.
    SamplingChanged,
    /// A tool's schema was rewritten to a form that the provider takes.
    SchemaRewritten,
    /// A signature or encrypted thought of another provider was dropped.
    SignatureDropped,
    /// More stop sequences than the provider takes.
    StopSequencesCut,
    /// A system message in the middle of a conversation was sent as user text.
    SystemAsUser,
    /// Thoughts of the past could not be sent back.
    ThinkingDropped,
    /// Thinking was switched off: the provider would refuse the request with it.
    ThinkingOff,
    /// A tool that the provider itself runs has no twin.
    ToolDropped,
    /// That a tool failed is said in its text.
    ToolErrorAsText,
}

impl Loss {
    /// The stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ArgumentsWrapped => "arguments-wrapped",
            Self::BetaDropped => "beta-dropped",
            Self::BillingBlockStripped => "billing-block-stripped",
            Self::BlockDropped => "block-dropped",
            Self::CacheMarkersCut => "cache-markers-cut",
            Self::CallDropped => "call-dropped",
            Self::CitationsDropped => "citations-dropped",
            Self::DocumentDropped => "document-dropped",
            Self::EffortDropped => "effort-dropped",
            Self::EffortMapped => "effort-mapped",
            Self::FieldDropped => "field-dropped",
            Self::FormatDropped => "format-dropped",
            Self::FragmentsDropped => "fragments-dropped",
            Self::IdRenamed => "id-renamed",
            Self::ImageDropped => "image-dropped",
            Self::ImageMoved => "image-moved",
            Self::KeywordDropped => "keyword-dropped",
            Self::MaxTokensAssumed => "max-tokens-assumed",
            Self::MaxTokensClamped => "max-tokens-clamped",
            Self::OrphanDropped => "orphan-dropped",
            Self::ResultSynthesised => "result-synthesised",
            Self::SamplingChanged => "sampling-changed",
            Self::SchemaRewritten => "schema-rewritten",
            Self::SignatureDropped => "signature-dropped",
            Self::StopSequencesCut => "stop-sequences-cut",
            Self::SystemAsUser => "system-as-user",
            Self::ThinkingDropped => "thinking-dropped",
            Self::ThinkingOff => "thinking-off",
            Self::ToolDropped => "tool-dropped",
            Self::ToolErrorAsText => "tool-error-as-text",
        }
    }
}

/// One lossy step: what was lost, and where.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Warning {
    pub loss: Loss,
    /// The field's path or the thing's name, without any content of the conversation.
    pub at: String,
}

impl Warning {
    pub fn new(loss: Loss, at: impl Into<String>) -> Self {
        Self { loss, at: at.into() }
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.loss.name(), self.at)
    }
}
