//! A request for an upstream that speaks the client's dialect: the bytes as they came.

use super::held;
use crate::anthropic::{beta, is_billing};
use crate::dialect::Dialect;
use crate::error::Refused;
use crate::json::{Fields, Path, Writer, array, string};
use crate::neutral::Origin;
use crate::scan::{Head, splice_at, splice_model};
use crate::signature;
use crate::translate::{Memory, Target};
use crate::warning::{Loss, Warning};
use memchr::memmem;
use serde_json::value::RawValue;
use std::borrow::Cow;

/// A request that goes on in its own dialect.
#[derive(Clone, Debug)]
pub struct Forwarded<'b> {
    /// Borrowed when it is what came, to the byte.
    pub body: Cow<'b, [u8]>,
    /// What was lost.
    pub warnings: Vec<Warning>,
    /// For the way back.
    pub memory: Memory,
}

/// The body with the upstream's name of the model. Only when it holds what this upstream must not see is a part of it written
/// anew, and then from the values as they came. `head` is the body's own.
pub fn forward<'b>(dialect: Dialect, body: &'b [u8], head: &Head, target: &Target) -> Result<Forwarded<'b>, Refused> {
    let mut warnings = Vec::new();
    let cleaned = match dialect {
        Dialect::Anthropic => clean(body, target, &mut warnings)?,
        Dialect::Responses => crate::responses::request::clean(body, target, &mut warnings)?,
        Dialect::Chat => Cow::Borrowed(body),
    };
    let body = match cleaned {
        Cow::Borrowed(body) if head.model == target.model => Cow::Borrowed(body),
        Cow::Borrowed(body) => Cow::Owned(splice_at(body, &head.model_at, &target.model)),
        Cow::Owned(body) => Cow::Owned(splice_model(&body, &target.model)?),
    };
    held::once(&mut warnings);
    let memory = Memory { provider: target.provider.clone(), model: head.model.clone(), ..Memory::default() };
    Ok(Forwarded { body, warnings, memory })
}

fn clean<'b>(body: &'b [u8], target: &Target, warnings: &mut Vec<Warning>) -> Result<Cow<'b, [u8]>, Refused> {
    let marked = contains(body, signature::MARK);
    let signed = marked || (target.foreign_turns > 0 && contains(body, "\"thinking\""));
    if target.anthropic_itself && !signed {
        return Ok(Cow::Borrowed(body));
    }
    let fields = Fields::body(body)?;
    let mut changed = false;
    let mut writer = Writer::with_capacity(body.len());
    writer.open();
    for (name, raw) in fields.iter() {
        let edited = match name {
            _ if !beta::passes(name, target) && raw.get() != "null" => {
                warnings.push(Warning::new(Loss::BetaDropped, name));
                changed = true;
                continue;
            }
            "system" if !target.anthropic_itself => without_billing(raw, warnings)?,
            "messages" if signed => without_foreign(raw, target, warnings)?,
            _ => None,
        };
        changed |= edited.is_some();
        writer.raw_field(name, edited.as_deref().unwrap_or(raw.get()));
    }
    writer.close();
    Ok(if changed { Cow::Owned(writer.finish()) } else { Cow::Borrowed(body) })
}

/// The system prompt without Claude Code's attribution; `None` when it has none.
fn without_billing(raw: &RawValue, warnings: &mut Vec<Warning>) -> Result<Option<String>, Refused> {
    if !raw.get().starts_with('[') {
        return Ok(None);
    }
    let path = Path::Root.key("system");
    let blocks = array(raw, &path)?;
    let kept: Vec<&RawValue> = blocks
        .iter()
        .copied()
        .filter(|block| {
            let text = Fields::read(block, &path).ok().and_then(|mut block| block.take("text"));
            !text.and_then(|text| string(text, &path).ok()).is_some_and(|text| is_billing(&text))
        })
        .collect();
    if kept.len() == blocks.len() {
        return Ok(None);
    }
    warnings.push(Warning::new(Loss::BillingBlockStripped, "system"));
    Ok(Some(list(&kept.iter().map(|raw| raw.get()).collect::<Vec<_>>())))
}

/// The conversation without thoughts whose signatures another provider made.
fn without_foreign(raw: &RawValue, target: &Target, warnings: &mut Vec<Warning>) -> Result<Option<String>, Refused> {
    let path = Path::Root.key("messages");
    let mut messages: Vec<Cow<'_, str>> = Vec::new();
    for (index, message) in array(raw, &path)?.into_iter().enumerate() {
        let path = path.index(index);
        let is_foreign = index < target.foreign_turns;
        let fields = Fields::read(message, &path)?;
        let content = fields.peek("content").filter(|content| content.get().starts_with('['));
        let blocks = content.map(|content| array(content, &path)).transpose()?.unwrap_or_default();
        let mut kept: Vec<String> = Vec::new();
        let mut touched = false;
        for block in &blocks {
            match judge(block, target, is_foreign) {
                Judged::Keep => kept.push(block.get().to_owned()),
                Judged::Rewritten(block) => {
                    touched = true;
                    kept.push(block);
                }
                Judged::Drop => {
                    touched = true;
                    warnings.push(Warning::new(Loss::SignatureDropped, path.to_string()));
                }
            }
        }
        if !touched {
            messages.push(Cow::Borrowed(message.get()));
            continue;
        }
        if kept.is_empty() {
            continue;
        }
        let mut writer = Writer::with_capacity(message.get().len());
        writer.open();
        for (name, raw) in fields.iter() {
            writer.key(name);
            if name == "content" {
                writer.raw(&list(&kept));
            } else {
                writer.raw(raw.get());
            }
        }
        writer.close();
        messages.push(Cow::Owned(String::from_utf8(writer.finish()).expect("written from text")));
    }
    Ok(Some(list(&messages)))
}

enum Judged {
    Keep,
    /// Its own signature, with the mark taken off.
    Rewritten(String),
    Drop,
}

fn judge(block: &RawValue, target: &Target, is_foreign: bool) -> Judged {
    let path = Path::Root;
    let Ok(mut fields) = Fields::read(block, &path) else { return Judged::Keep };
    let kind = fields.peek("type").map_or("", |raw| raw.get());
    let name = match kind {
        "\"thinking\"" => "signature",
        "\"redacted_thinking\"" => "data",
        _ => return Judged::Keep,
    };
    let whole = fields.clone();
    let text = fields.string(name, &path).ok().flatten().unwrap_or_default();
    let read = signature::read(&text);
    match read.origin {
        Origin::Unmarked if is_foreign => Judged::Drop,
        Origin::Unmarked => Judged::Keep,
        Origin::Provider(provider) if provider == target.provider && !read.native.is_empty() => {
            let mut writer = Writer::with_capacity(block.get().len());
            writer.open();
            for (key, raw) in whole.iter() {
                if key == name {
                    writer.text_field(key, &read.native);
                } else {
                    writer.raw_field(key, raw.get());
                }
            }
            writer.close();
            Judged::Rewritten(String::from_utf8(writer.finish()).expect("written from text"))
        }
        Origin::Provider(_) => Judged::Drop,
    }
}

/// Values as an array.
fn list<T: AsRef<str>>(values: &[T]) -> String {
    let length: usize = values.iter().map(|value| value.as_ref().len() + 1).sum();
    let mut text = String::with_capacity(length + 2);
    text.push('[');
    for (index, value) in values.iter().enumerate() {
        if index > 0 {
            text.push(',');
        }
        text.push_str(value.as_ref());
    }
    text.push(']');
    text
}

fn contains(body: &[u8], part: &str) -> bool {
    memmem::find(body, part.as_bytes()).is_some()
}
