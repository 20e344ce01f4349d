//! How long is waited and how much is held. Each has a default that fits people's use of agents.

use std::time::Duration;

/// Bounds of every call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a request. Anthropic takes 32 MB, so that what it takes fits.
    pub request_bytes_max: usize,
    /// Bytes of an answer that is held as a whole: one that is translated and not streamed, or an error.
    pub response_bytes_max: usize,
    /// Calls at the same time; the next is told to come back.
    pub calls_max: usize,
    /// How long the caller may take to send its request.
    pub request_patience: Duration,
    /// How long a provider's name and connection may take.
    pub connect_patience: Duration,
    /// How long a provider may take to begin its answer. A long answer that is not streamed begins when it is complete.
    pub answer_patience: Duration,
    /// How long the first meaningful event of a stream is waited for before the answer is begun without it. Another provider can be
    /// asked only until then.
    pub peek_patience: Duration,
    /// How long a provider may be silent in the middle of an answer.
    pub silence_patience: Duration,
    /// How long the caller may take to read what is there for it.
    pub reader_patience: Duration,
    /// After so much silence of the provider the caller gets a sign of life.
    pub ping_every: Duration,
    /// How long an allowance lies unused before it is given back.
    pub allowance_rest: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            request_bytes_max: 64 * 1024 * 1024,
            response_bytes_max: 64 * 1024 * 1024,
            calls_max: 1_024,
            request_patience: Duration::from_secs(60),
            connect_patience: Duration::from_secs(10),
            answer_patience: Duration::from_secs(600),
            peek_patience: Duration::from_secs(15),
            silence_patience: Duration::from_secs(300),
            reader_patience: Duration::from_secs(300),
            ping_every: Duration::from_secs(15),
            allowance_rest: Duration::from_secs(10),
        }
    }
}
