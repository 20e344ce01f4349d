//! The dialects that the server speaks.

/// How a provider of models is spoken to. The request's path says which.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// Anthropic Messages: `/v1/messages`.
    Anthropic,
    /// OpenAI Chat Completions: `/v1/chat/completions`.
    Chat,
    /// OpenAI Responses: `/v1/responses`.
    Responses,
}

impl Dialect {
    pub const ALL: [Self; 3] = [Self::Anthropic, Self::Chat, Self::Responses];
}
