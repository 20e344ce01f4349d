//! Server-sent events, as the HTML standard defines them, with bounds.

/// The largest line and the largest event. Bodies over 16 KiB lie in files, so an event of the log is far smaller.
pub(crate) const EVENT_BYTES_MAX: usize = 4 * 1024 * 1024;

const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// What a blank line ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Frame {
    /// The id that this frame set, when it set one.
    pub(crate) id: Option<String>,
    pub(crate) event: String,
    /// Null when the frame had no data: it is no event, but its id counts.
    pub(crate) data: Option<String>,
}

/// An event or a line is longer than [`EVENT_BYTES_MAX`].
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct TooLong;

/// Turns bytes into frames. Bytes may come cut anywhere.
#[derive(Debug, Default)]
pub(crate) struct Parser {
    line: Vec<u8>,
    started: bool,
    /// The last byte ended a line as CR; an LF that follows belongs to it.
    after_cr: bool,
    id: Option<String>,
    event: String,
    data: Option<String>,
}

impl Parser {
    /// Takes bytes and returns the frames that they complete.
    pub(crate) fn push(&mut self, bytes: &[u8]) -> Result<Vec<Frame>, TooLong> {
        let mut frames = Vec::new();
        let mut rest = bytes;
        while !rest.is_empty() {
            if std::mem::take(&mut self.after_cr) && rest[0] == b'\n' {
                rest = &rest[1..];
                continue;
            }
            let end = rest.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
            let part = &rest[..end.unwrap_or(rest.len())];
            if self.line.len() + part.len() > EVENT_BYTES_MAX {
                return Err(TooLong);
            }
            self.line.extend_from_slice(part);
            let Some(end) = end else { break };
            self.after_cr = rest[end] == b'\r';
            rest = &rest[end + 1..];
            frames.extend(self.end_line()?);
        }
        Ok(frames)
    }

    fn end_line(&mut self) -> Result<Option<Frame>, TooLong> {
        let line = std::mem::take(&mut self.line);
        let mut line = line.as_slice();
        if !std::mem::replace(&mut self.started, true) {
            line = line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(line);
        }
        if line.is_empty() {
            return Ok(self.end_frame());
        }
        let colon = line.iter().position(|byte| *byte == b':').unwrap_or(line.len());
        let field = &line[..colon];
        let value = line.get(colon + 1..).unwrap_or_default();
        let value = String::from_utf8_lossy(value.strip_prefix(b" ").unwrap_or(value));
        match field {
            b"data" => match &mut self.data {
                Some(data) if data.len() + value.len() + 1 > EVENT_BYTES_MAX => return Err(TooLong),
                Some(data) => {
                    data.push('\n');
                    data.push_str(&value);
                }
                None => self.data = Some(value.into_owned()),
            },
            b"event" => self.event = value.into_owned(),
            b"id" if !value.contains('\0') => self.id = Some(value.into_owned()),
            // A comment (an empty field) keeps the connection alive; `retry` and what is unknown are ignored.
            _ => {}
        }
        Ok(None)
    }

    fn end_frame(&mut self) -> Option<Frame> {
        let frame = Frame { id: self.id.take(), event: std::mem::take(&mut self.event), data: self.data.take() };
        (frame.id.is_some() || frame.data.is_some()).then_some(frame)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(id: Option<&str>, event: &str, data: Option<&str>) -> Frame {
        Frame { id: id.map(str::to_owned), event: event.to_owned(), data: data.map(str::to_owned) }
    }

    #[test]
    fn every_form_of_the_standard_is_understood_however_it_is_cut() {
        let text = "\u{FEFF}: hello\n\nid: 1\nevent: a\ndata: x\ndata:y\ndata:  z\n\nretry: 5\r\nunknown\r\nid:2\r\ndata\r\n\r\nid: 7\n\ndata: é\rdata: f\r\r: bye\n\ndata: cut";
        let expected = [
            frame(Some("1"), "a", Some("x\ny\n z")),
            frame(Some("2"), "", Some("")),
            frame(Some("7"), "", None),
            frame(None, "", Some("é\nf")),
        ];
        for size in 1..text.len() {
            let mut parser = Parser::default();
            let mut frames = Vec::new();
            for chunk in text.as_bytes().chunks(size) {
                frames.extend(parser.push(chunk).expect("within the bound"));
            }
            assert_eq!(frames, expected, "in chunks of {size}");
        }
    }

    #[test]
    fn a_line_and_an_event_have_a_bound() {
        let mut parser = Parser::default();
        let chunk = vec![b'a'; EVENT_BYTES_MAX];
        assert_eq!(parser.push(&chunk), Ok(vec![]));
        assert_eq!(parser.push(b"a"), Err(TooLong));

        let mut parser = Parser::default();
        let line = [b"data: ".as_slice(), &vec![b'a'; EVENT_BYTES_MAX / 2], b"\n"].concat();
        assert_eq!(parser.push(&line), Ok(vec![]));
        assert_eq!(parser.push(&line), Err(TooLong));
    }
}
