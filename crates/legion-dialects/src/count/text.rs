//! Tokens of a text.

/// Weights are in sixteenths of a token for each letter, above what tokenizers give for prose, code and JSON.
const LETTER: u8 = 5;
const DIGIT: u8 = 9;
const PUNCTUATION: u8 = 12;
const SPACE: u8 = 2;
const LINE: u8 = 8;
/// Letters outside of ASCII: one and a half tokens each covers most scripts. Counted at their first byte.
const OTHER: u8 = 24;
/// Letters of a word without end, such as base64 or a hash, of which no tokenizer knows any part.
const OPAQUE: u64 = 12;
/// Longer than the words of any language.
const OPAQUE_LETTERS_MIN: usize = 32;
const WHOLE: u64 = 16;

/// The weight of each byte.
const WEIGHTS: [u8; 256] = weights();

const fn weights() -> [u8; 256] {
    let mut weights = [PUNCTUATION; 256];
    let mut byte = 0;
    while byte < 256 {
        weights[byte] = match byte as u8 {
            b'a'..=b'z' | b'A'..=b'Z' => LETTER,
            b'0'..=b'9' => DIGIT,
            b' ' | b'\t' => SPACE,
            b'\n' | b'\r' => LINE,
            0x80..=0xBF => 0,
            0xC0..=0xFF => OTHER,
            _ => PUNCTUATION,
        };
        byte += 1;
    }
    weights
}

/// Tokens of a text.
pub fn tokens(text: &str) -> u64 {
    let bytes = text.as_bytes();
    let weight: u64 = bytes.iter().map(|byte| u64::from(WEIGHTS[usize::from(*byte)])).sum();
    (weight + opaque(bytes)).div_ceil(WHOLE)
}

/// What words without end weigh beyond their letters. Each covers a byte at a multiple of its least length, so that only words
/// at those places are looked at.
fn opaque(bytes: &[u8]) -> u64 {
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
    let (mut extra, mut at) = (0, 0);
    while at < bytes.len() {
        let before = bytes[..at].iter().rev().take_while(|byte| is_part(byte)).count();
        let after = bytes[at..].iter().take_while(|byte| is_part(byte)).count();
        let run = before + after;
        if after > 0 && run >= OPAQUE_LETTERS_MIN {
            let weight: u64 =
                bytes[at - before..at + after].iter().map(|byte| u64::from(WEIGHTS[usize::from(*byte)])).sum();
            extra += (run as u64 * OPAQUE).saturating_sub(weight);
            at += after;
        }
        at = (at / OPAQUE_LETTERS_MIN + 1) * OPAQUE_LETTERS_MIN;
    }
    extra
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_without_end_weigh_more_wherever_they_stand() {
        let key = "aB".repeat(40);
        for shift in 0..40 {
            let text = format!("{}{key} and more words", " ".repeat(shift));
            let spaces = (shift as u64 * u64::from(SPACE)).div_ceil(WHOLE);
            assert!(tokens(&text) >= 60 + spaces, "{shift}: {}", tokens(&text));
        }
        assert!(tokens("and more words of some length, none of them without an end at all") < 30);
        assert!(tokens("\u{4f60}\u{597d}") >= 3);
    }
}
