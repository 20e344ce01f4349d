//! Where events end.

/// Whether the bytes so far end where an event ends: only there something can be put in.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Border {
    tail: [u8; 4],
    any: bool,
}

impl Border {
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.any |= !bytes.is_empty();
        for byte in &bytes[bytes.len().saturating_sub(4)..] {
            self.tail.rotate_left(1);
            self.tail[3] = *byte;
        }
    }

    pub(super) fn is_clean(self) -> bool {
        !self.any || matches!(self.tail, [_, _, b'\n', b'\n'] | [b'\r', b'\n', b'\r', b'\n'] | [_, _, b'\r', b'\r'])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_ends_with_an_empty_line_of_any_kind() {
        for (bytes, clean) in [
            ("", true),
            ("data: x", false),
            ("data: x\n", false),
            ("data: x\n\n", true),
            ("data: x\r\n\r\n", true),
            ("data: x\r\n", false),
            ("\n\n", true),
        ] {
            let (mut whole, mut pieces) = (Border::default(), Border::default());
            whole.push(bytes.as_bytes());
            bytes.bytes().for_each(|byte| pieces.push(&[byte]));
            assert_eq!((whole.is_clean(), pieces.is_clean()), (clean, clean), "{bytes:?}");
        }
    }
}
