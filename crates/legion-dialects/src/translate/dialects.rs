//! The one place that tells the dialects apart.

use crate::dialect::Dialect;
use crate::error::{Refused, UpstreamError};
use crate::neutral::{Request, Response};
use crate::translate::{Decode, Encode, Memory, Target};
use crate::usage::Seen;
use crate::warning::Warning;
use crate::{anthropic, chat, responses};

/// Reads a request.
pub fn decode_request(from: Dialect, body: &[u8]) -> Result<Request, Refused> {
    match from {
        Dialect::Anthropic => anthropic::request::decode(body),
        Dialect::Chat => chat::request::decode(body),
        Dialect::Responses => responses::request::decode(body),
    }
}

/// Settles what a dialect refuses or needs, before the request is written.
pub fn prepare(to: Dialect, request: &mut Request, target: &Target, warnings: &mut Vec<Warning>) {
    match to {
        Dialect::Anthropic => anthropic::request::prepare(request, target, warnings),
        Dialect::Chat | Dialect::Responses => {}
    }
}

/// Writes a request.
pub fn encode_request(
    to: Dialect,
    request: &Request,
    target: &Target,
    memory: &mut Memory,
    warnings: &mut Vec<Warning>,
) -> Result<Vec<u8>, Refused> {
    match to {
        Dialect::Anthropic => anthropic::request::encode(request, target, memory, warnings),
        Dialect::Chat => chat::request::encode(request, target, memory, warnings),
        Dialect::Responses => responses::request::encode(request, target, memory, warnings),
    }
}

/// Whether an encoder uses a field that has no place in the neutral form.
pub fn uses(to: Dialect, field: &str) -> bool {
    match to {
        Dialect::Anthropic => false,
        Dialect::Chat => field == "verbosity",
        Dialect::Responses => responses::request::uses(field),
    }
}

/// The longest id of a call.
pub fn call_id_bytes_max(to: Dialect) -> usize {
    match to {
        Dialect::Anthropic | Dialect::Responses => 64,
        // The interface answers 400 above it.
        Dialect::Chat => 40,
    }
}

/// Reads an answer in one piece.
pub fn decode_response(from: Dialect, body: &[u8], memory: &Memory) -> Result<Response, UpstreamError> {
    match from {
        Dialect::Anthropic => anthropic::response::decode(body),
        Dialect::Chat => chat::response::decode(body, memory),
        Dialect::Responses => responses::response::decode(body),
    }
}

/// Writes an answer in one piece.
pub fn encode_response(to: Dialect, response: &Response, memory: &Memory) -> Vec<u8> {
    match to {
        Dialect::Anthropic => anthropic::response::encode(response, memory),
        Dialect::Chat => chat::response::encode(response, memory),
        Dialect::Responses => responses::response::encode(response, memory),
    }
}

pub fn decoder(from: Dialect, memory: &Memory) -> Box<dyn Decode> {
    match from {
        Dialect::Anthropic => Box::new(anthropic::stream::Decoder::default()),
        Dialect::Chat => Box::new(chat::stream::Decoder::new(memory)),
        Dialect::Responses => Box::new(responses::stream::Decoder::new(memory)),
    }
}

pub fn encoder(to: Dialect, memory: &Memory) -> Box<dyn Encode> {
    match to {
        Dialect::Anthropic => Box::new(anthropic::stream::Encoder::default()),
        Dialect::Chat => Box::new(chat::stream::Encoder::new(memory)),
        Dialect::Responses => Box::new(responses::stream::Encoder::new(memory)),
    }
}

/// Notes what an event of a stream says that passes by.
pub fn note(dialect: Dialect, name: &str, data: &str, seen: &mut Seen) {
    match dialect {
        Dialect::Anthropic => anthropic::usage::note(name, data, seen),
        Dialect::Chat => chat::usage::note(name, data, seen),
        Dialect::Responses => responses::usage::note(name, data, seen),
    }
}

/// Notes what an answer in one piece says that passes by.
pub fn answer(dialect: Dialect, body: &[u8], seen: &mut Seen) {
    match dialect {
        Dialect::Anthropic => anthropic::usage::answer(body, seen),
        Dialect::Chat => chat::usage::answer(body, seen),
        Dialect::Responses => responses::usage::answer(body, seen),
    }
}
