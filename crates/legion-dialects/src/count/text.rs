//! Tokens of a text.

/// Weights are in sixteenths of a token for each letter, above what tokenizers give for prose, code and JSON.
const LETTER: u64 = 5;
const DIGIT: u64 = 9;
const PUNCTUATION: u64 = 12;
const SPACE: u64 = 2;
const LINE: u64 = 8;
/// Letters outside of ASCII: one and a half tokens each covers most scripts.
const OTHER: u64 = 24;
/// Letters of a word without end, such as base64 or a hash, of which no tokenizer knows any part.
const OPAQUE: u64 = 12;
/// Longer than the words of any language.
const OPAQUE_LETTERS_MIN: u64 = 32;
const WHOLE: u64 = 16;

/// Tokens of a text.
pub fn tokens(text: &str) -> u64 {
    let (mut weight, mut run, mut run_weight) = (0_u64, 0_u64, 0_u64);
    for letter in text.chars() {
        if letter.is_ascii_alphanumeric() || letter == '+' || letter == '/' {
            run += 1;
            run_weight += match letter {
                '0'..='9' => DIGIT,
                '+' | '/' => PUNCTUATION,
                _ => LETTER,
            };
            continue;
        }
        weight += end_run(run, run_weight);
        (run, run_weight) = (0, 0);
        weight += match letter {
            ' ' | '\t' => SPACE,
            '\n' | '\r' => LINE,
            _ if letter.is_ascii() => PUNCTUATION,
            _ => OTHER,
        };
    }
    weight += end_run(run, run_weight);
    weight.div_ceil(WHOLE)
}

fn end_run(run: u64, weight: u64) -> u64 {
    if run >= OPAQUE_LETTERS_MIN { weight.max(run * OPAQUE) } else { weight }
}
