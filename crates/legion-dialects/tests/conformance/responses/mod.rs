//! OpenAI Responses, as the client's dialect and as the provider's.

mod answers;
mod borders;
mod bridge;
mod requests;
mod support;
mod thoughts;
