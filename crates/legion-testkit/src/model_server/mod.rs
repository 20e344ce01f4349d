//! A model server that answers from a script inside the prompt. It speaks the Anthropic Messages API and OpenAI's Chat
//! Completions and Responses; one script plays in any of them.
//!
//! A user message may hold `@@[ {step}, {step}, … ]@@` (JSON, see [`Step`]). The step that answers a request is
//! the number of assistant turns after the **last** message with a script, so the server keeps no
//! conversation: resume, fork and retry just work.
//!
//! * Tool results and texts without a script never reset the count: a steered message, a reminder, or a second
//!   prompt goes on with the next step. Past the last step, and without any script, the answer is `ok`.
//! * A steered message (which the agent program wraps in `<system-reminder>`) that holds a script of its own
//!   takes over like any later prompt: the steps left of the former script are dropped.
//! * Several scripts in one message: the last one counts.
//! * A request without tools (a title, a summary) is a side request and gets `ok`.
//! * A script that is not understood is answered with status 400 and the reason.
//!
//! Where prompts hold no scripts, a rule answers ([`ModelServer::answer_by`]).
//!
//! It must never call anything else, and never remember more than [`REQUESTS_KEPT_MAX`] requests or
//! [`REQUEST_BYTES_KEPT_MAX`] bytes of them.

mod answer;
mod conversation;
mod dialect;
mod gates;
mod placeholder;
mod read;
mod reply;
mod request;
mod routes;
mod rule;
mod script;
mod server;
mod write;

pub use dialect::Dialect;
pub use request::ModelRequest;
pub use script::{BIG_EVENT_BYTES, Call, Fault, Step, Stop, Usage};
pub use server::{ModelServer, REQUEST_BYTES_KEPT_MAX, REQUESTS_KEPT_MAX};
