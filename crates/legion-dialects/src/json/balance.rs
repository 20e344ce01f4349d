//! Whether fragments have become one whole object.

/// Follows the brackets and strings of JSON that arrives in fragments, one byte at a time, keeping only counters.
#[derive(Clone, Copy, Debug, Default)]
pub struct Balance {
    depth: usize,
    in_string: bool,
    escaped: bool,
    complete: bool,
    begun: bool,
}

impl Balance {
    pub fn push(&mut self, fragment: &str) {
        for byte in fragment.bytes() {
            self.step(byte);
        }
    }

    /// An object or array was opened and closed again: nothing meaningful can follow.
    pub fn is_complete(&self) -> bool {
        self.complete
    }

    /// Something other than white space has arrived.
    pub fn has_begun(&self) -> bool {
        self.begun
    }

    fn step(&mut self, byte: u8) {
        if !byte.is_ascii_whitespace() {
            self.begun = true;
        }
        if self.in_string {
            match byte {
                _ if self.escaped => self.escaped = false,
                b'\\' => self.escaped = true,
                b'"' => self.in_string = false,
                _ => {}
            }
            return;
        }
        match byte {
            b'"' => self.in_string = true,
            b'{' | b'[' => self.depth += 1,
            b'}' | b']' => {
                self.depth = self.depth.saturating_sub(1);
                self.complete |= self.depth == 0;
            }
            _ => {}
        }
    }
}
