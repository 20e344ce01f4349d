//! OpenAI Responses: `POST /v1/responses`.

mod failure;
mod media;
mod namespace;
mod reasoning;
pub mod request;
pub mod response;
mod stop;
pub mod stream;
pub mod usage;
