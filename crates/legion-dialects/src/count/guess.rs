//! Tokens of a request that nobody has read: for reservations, not for people. It looks at one byte in many.

use super::image;

const BYTES_OF_A_TOKEN: u64 = 4;
/// A run of base64 letters that is shorter is counted as text, whatever it holds.
const RUN_BYTES_MIN: usize = 4 * 1024;
/// Every run of that length covers a whole window behind one of these steps.
const STEP: usize = RUN_BYTES_MIN / 2;
/// So many letters in a row are no words.
const WINDOW: usize = 64;

/// Roughly the tokens of a body. Images and documents in base64 count for what they are, everything else by its bytes.
pub fn guess(body: &[u8]) -> u64 {
    let (mut text, mut media) = (body.len() as u64, 0);
    let mut at = 0;
    while at < body.len() {
        if !is_window(body, at) {
            at += STEP;
            continue;
        }
        let run = run(body, at);
        if run.len() >= RUN_BYTES_MIN
            && let Ok(head) = std::str::from_utf8(&body[run.start..run.start + WINDOW])
            && let Some(tokens) = image::payload(head, run.len())
        {
            text -= run.len() as u64;
            media += tokens;
        }
        at = run.end.next_multiple_of(STEP);
    }
    text / BYTES_OF_A_TOKEN + media
}

/// The run of letters that a window is part of. Its middle is looked at here and there only.
fn run(body: &[u8], at: usize) -> std::ops::Range<usize> {
    let start = body[..at].iter().rposition(|byte| !is_letter(*byte)).map_or(0, |before| before + 1);
    let mut seen = at + WINDOW;
    while is_window(body, seen + STEP) {
        seen += STEP;
    }
    let rest = body[seen..].iter().position(|byte| !is_letter(*byte));
    start..rest.map_or(body.len(), |length| seen + length)
}

fn is_window(body: &[u8], at: usize) -> bool {
    body.get(at..at + WINDOW).is_some_and(|window| window.iter().all(|byte| is_letter(*byte)))
}

fn is_letter(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=')
}

#[cfg(test)]
mod tests {
    use super::*;

    const PNG: &str = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk";

    fn body(text: &str, data: &str) -> String {
        format!(r#"{{"text":"{text}","source":{{"type":"base64","data":"{data}"}},"more":"{text}"}}"#)
    }

    #[test]
    fn an_image_counts_as_one_wherever_it_stands_and_however_long_it_is() {
        for before in [0, 1, 700, STEP - 1, STEP, 3 * STEP + 17] {
            for letters in [RUN_BYTES_MIN, 3 * STEP + 1, 200_000] {
                let text = "some words ".repeat(before / 11);
                let data = format!("{PNG}{}", "A".repeat(letters - PNG.len()));
                let all = body(&text, &data);
                let url = all.replace(&data, &format!("data:image/png;base64,{data}"));
                for all in [all, url] {
                    // One pixel by one: an image is at least 85.
                    let rest = (all.len() - data.len()) as u64 / BYTES_OF_A_TOKEN;
                    assert_eq!(guess(all.as_bytes()), rest + 85, "{before} {letters}");
                }
            }
        }
    }

    #[test]
    fn a_document_counts_by_its_pages() {
        let data = format!("JVBERi0xLjcK{}", "A".repeat(400_000));
        let all = body("", &data);
        assert_eq!(guess(all.as_bytes()), (all.len() - data.len()) as u64 / BYTES_OF_A_TOKEN + 11 * 3_000);
    }

    #[test]
    fn what_is_no_media_counts_by_its_bytes() {
        let words = "some words of a prompt, and a hash 0123456789abcdef0123456789abcdef; ".repeat(2_000);
        for text in [words, "A".repeat(100_000), String::new(), format!("{PNG} "), "=".repeat(STEP)] {
            let all = body(&text, "short");
            assert_eq!(guess(all.as_bytes()), all.len() as u64 / BYTES_OF_A_TOKEN);
        }
    }
}
