//! Text as a terminal may show it.

mod address;
mod age;
mod bytes;
mod escape;
mod fit;
mod free;
mod moment;
mod number;
mod session_name;
mod short_commit;
mod short_id;

pub(crate) use address::parse_address;
pub(crate) use age::{age, span, whole};
pub(crate) use bytes::{bytes, bytes_short};
pub(crate) use escape::{escape_block, escape_line, first_line};
pub(crate) use fit::{fit, width};
pub(crate) use free::parse_free_text;
pub(crate) use moment::{DeadlineArg, parse_deadline, parse_seconds};
pub(crate) use number::{parse_ticket, parse_upstream};
pub(crate) use session_name::session_name;
pub(crate) use short_commit::short_commit;
pub(crate) use short_id::ShortIds;
