//! A request for an upstream that speaks this dialect, too: only thoughts of other providers are taken out.

use crate::error::Refused;
use crate::json::{Fields, Path, Writer, array, text_lossy};
use crate::neutral::{Origin, Signature};
use crate::responses::reasoning;
use crate::signature::MARK;
use crate::translate::Target;
use crate::warning::{Loss, Warning};
use memchr::memmem;
use serde_json::value::RawValue;
use std::borrow::Cow;

/// The body without encrypted thoughts of other providers, and with this provider's own as it made them. The bytes stay as they
/// came when there are none.
pub fn clean<'b>(body: &'b [u8], target: &Target, warnings: &mut Vec<Warning>) -> Result<Cow<'b, [u8]>, Refused> {
    let contains = |part: &str| memmem::find(body, part.as_bytes()).is_some();
    let signed = contains(MARK) || (target.foreign_turns > 0 && contains("\"reasoning\""));
    if !signed {
        return Ok(Cow::Borrowed(body));
    }
    let fields = Fields::body(body)?;
    let Some(input) = fields.peek("input").filter(|input| input.get().starts_with('[')) else {
        return Ok(Cow::Borrowed(body));
    };
    let mut writer = Writer::with_capacity(body.len());
    writer.open();
    for (name, raw) in fields.iter() {
        writer.key(name);
        if name == "input" {
            write_input(&mut writer, input, target, warnings)?;
        } else {
            writer.raw(raw.get());
        }
    }
    writer.close();
    Ok(Cow::Owned(writer.finish()))
}

fn write_input(
    writer: &mut Writer,
    input: &RawValue,
    target: &Target,
    warnings: &mut Vec<Warning>,
) -> Result<(), Refused> {
    let path = Path::Root.key("input");
    writer.open_array();
    for (index, raw) in array(input, &path)?.into_iter().enumerate() {
        let mut item = Fields::read(raw, &path.index(index))?;
        let content = item.take("encrypted_content").map(text_lossy);
        let is_thought = item.peek("type").is_some_and(|kind| kind.get() == "\"reasoning\"");
        let Some(content) = content.filter(|content| is_thought && !content.is_empty()) else {
            writer.raw(raw.get());
            continue;
        };
        let thinking = reasoning::from_client(String::new(), Some(content));
        let Some(Signature { origin, native }) = thinking.signature else { continue };
        match origin {
            Origin::Unmarked if index >= target.foreign_turns => {
                writer.raw(raw.get());
            }
            Origin::Provider(provider) if provider == target.provider && !native.is_empty() => {
                reasoning::write_again(writer, &item, &native);
            }
            Origin::Unmarked | Origin::Provider(_) => {
                warnings.push(Warning::new(Loss::SignatureDropped, format!("input[{index}]")));
            }
        }
    }
    writer.close_array();
    Ok(())
}
