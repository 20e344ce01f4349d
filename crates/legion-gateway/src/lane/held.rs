//! Holds an event back that may be an error until it is whole: it may quote what the provider was sent, and a secret that comes in two
//! pieces would not be recognised.

use bytes::{Bytes, BytesMut};

use crate::lane::border::Border;

/// Bytes of one event that are held back; a longer one goes on in pieces.
const HELD_BYTES_MAX: usize = 64 * 1024;
/// How the errors of all dialects begin.
const ERRORS: &[&[u8]] = &[
    b"event: error",
    b"event:error",
    b"event: response.failed",
    b"event:response.failed",
    br#"data: {"error""#,
    br#"data:{"error""#,
    br#"data: {"type":"error""#,
    br#"data: {"type": "error""#,
    br#"data: {"type":"response.failed""#,
];
/// How events end.
const ENDS: [&[u8]; 3] = [b"\n\n", b"\r\n\r\n", b"\r\r"];

/// The beginning of an event that may be an error.
#[derive(Debug, Default)]
pub(crate) struct Held(BytesMut);

impl Held {
    /// Gives what may go on, and whether it begins with an error that was held back. `border` is led on over the bytes.
    pub(super) fn push(&mut self, bytes: Bytes, border: &mut Border) -> (Bytes, bool) {
        let was_held = !self.0.is_empty();
        let mut before = *border;
        let newlines = bytes.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        before.push(&bytes[..newlines]);
        border.push(&bytes);
        let bytes = if was_held {
            self.0.extend_from_slice(&bytes);
            self.take()
        } else {
            bytes
        };
        let was_error = was_held && is_error(&bytes);
        if border.is_clean() {
            return (bytes, was_error);
        }
        let start = match last_end(&bytes) {
            Some(end) => end,
            None if was_held => 0,
            None if before.is_clean() => newlines,
            None => return (bytes, was_error),
        };
        let event = &bytes[start..];
        let may_be_error = is_error(event) || ERRORS.iter().any(|error| error.starts_with(event));
        if !may_be_error || event.len() > HELD_BYTES_MAX {
            return (bytes, was_error);
        }
        self.0.extend_from_slice(event);
        (bytes.slice(..start), was_error)
    }

    /// Lets go of it.
    pub(super) fn take(&mut self) -> Bytes {
        self.0.split().freeze()
    }
}

/// They begin as an error does.
pub(super) fn is_error(bytes: &[u8]) -> bool {
    ERRORS.iter().any(|error| bytes.starts_with(error))
}

/// Where the last event ends that ends in these bytes.
fn last_end(bytes: &[u8]) -> Option<usize> {
    ENDS.iter().filter_map(|end| memchr::memmem::rfind(bytes, end).map(|at| at + end.len())).max()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ERROR: &str = "event: error\ndata: {\"error\": \"secret\"}\n\n";

    /// The pieces that go on.
    fn pieces(cut: &[&str]) -> Vec<String> {
        let (mut held, mut border) = (Held::default(), Border::default());
        let push = |piece: &&str| held.push(Bytes::copy_from_slice(piece.as_bytes()), &mut border).0;
        let all: Vec<Bytes> = cut.iter().map(push).collect();
        all.into_iter().map(|bytes| String::from_utf8(bytes.to_vec()).expect("text")).collect()
    }

    #[test]
    fn an_error_goes_on_whole_however_it_is_cut() {
        let before = "event: ping\ndata: {}\n\n";
        let text = format!("{before}{ERROR}");
        for at in 1..text.len() {
            let pieces = pieces(&[&text[..at], &text[at..]]);
            assert_eq!(pieces.concat(), text);
            let torn = pieces.iter().any(|piece| piece.contains("event: e") && !piece.contains("secret\"}\n\n"));
            assert!(!torn, "{at}: {pieces:?}");
        }
        let bytes: Vec<String> = text.chars().map(String::from).collect();
        let pieces = pieces(&bytes.iter().map(String::as_str).collect::<Vec<_>>());
        assert_eq!(pieces.concat(), text);
        assert!(pieces.contains(&ERROR.to_owned()), "{pieces:?}");
    }

    #[test]
    fn nothing_else_waits_and_no_error_waits_for_ever() {
        assert_eq!(pieces(&["event: content", "_block_delta\nda", "ta: 1\n\n"])[0], "event: content");
        assert_eq!(pieces(&["event: e", "xtra\nda", "ta: 1\n\n"]), ["", "event: extra\nda", "ta: 1\n\n"]);
        let long = format!("{}{}", &ERROR[..30], "x".repeat(HELD_BYTES_MAX));
        assert_eq!(pieces(&[&ERROR[..30], &long[30..]]), ["", &long]);
    }
}
