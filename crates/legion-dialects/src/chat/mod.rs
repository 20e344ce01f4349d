//! OpenAI Chat Completions: `POST /v1/chat/completions`.

mod details;
pub mod request;
pub mod response;
mod stop;
pub mod stream;
pub mod usage;
