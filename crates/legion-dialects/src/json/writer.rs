//! JSON written field by field, in the order in which it is written.

/// A writer that sets the commas. Strings are escaped; raw values are taken as they are.
#[derive(Debug, Default)]
pub struct Writer {
    out: Vec<u8>,
}

impl Writer {
    pub fn with_capacity(bytes: usize) -> Self {
        Self { out: Vec::with_capacity(bytes) }
    }

    /// Goes on at the end of bytes that hold complete lines.
    pub fn onto(out: Vec<u8>) -> Self {
        Self { out }
    }

    pub fn finish(self) -> Vec<u8> {
        self.out
    }

    pub fn open(&mut self) -> &mut Self {
        self.comma();
        self.out.push(b'{');
        self
    }

    pub fn close(&mut self) -> &mut Self {
        self.out.push(b'}');
        self
    }

    pub fn open_array(&mut self) -> &mut Self {
        self.comma();
        self.out.push(b'[');
        self
    }

    pub fn close_array(&mut self) -> &mut Self {
        self.out.push(b']');
        self
    }

    pub fn key(&mut self, name: &str) -> &mut Self {
        self.string(name);
        self.out.push(b':');
        self
    }

    pub fn string(&mut self, text: &str) -> &mut Self {
        self.comma();
        serde_json::to_writer(&mut self.out, text).expect("writing a string to memory cannot fail");
        self
    }

    /// JSON as it is, without white space around it.
    pub fn raw(&mut self, json: &str) -> &mut Self {
        self.comma();
        self.out.extend_from_slice(json.as_bytes());
        self
    }

    pub fn number(&mut self, number: u64) -> &mut Self {
        self.raw(&number.to_string())
    }

    pub fn boolean(&mut self, value: bool) -> &mut Self {
        self.raw(if value { "true" } else { "false" })
    }

    pub fn null(&mut self) -> &mut Self {
        self.raw("null")
    }

    pub fn text_field(&mut self, name: &str, text: &str) -> &mut Self {
        self.key(name).string(text)
    }

    pub fn number_field(&mut self, name: &str, number: u64) -> &mut Self {
        self.key(name).number(number)
    }

    pub fn boolean_field(&mut self, name: &str, value: bool) -> &mut Self {
        self.key(name).boolean(value)
    }

    pub fn raw_field(&mut self, name: &str, json: &str) -> &mut Self {
        self.key(name).raw(json)
    }

    /// Bytes outside of JSON: the frame around a document in a stream.
    pub fn frame(&mut self, text: &str) -> &mut Self {
        self.out.extend_from_slice(text.as_bytes());
        self
    }

    /// A comma when the last thing written was a value.
    fn comma(&mut self) {
        if !matches!(self.out.last(), None | Some(b'{' | b'[' | b':' | b',' | b' ' | b'\n')) {
            self.out.push(b',');
        }
    }
}
