//! Rust text cut into words and signs. Not a parser: just enough to tell code from comments and strings.

/// A piece of code: an identifier or number, `::`, or a single sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token<'a> {
    pub start: usize,
    pub text: &'a str,
}

impl Token<'_> {
    pub fn is_word(&self) -> bool {
        self.text.starts_with(|first: char| first == '_' || first.is_alphabetic())
    }
}

/// A text in three views of equal length, so that an offset means the same place in each.
pub struct Views {
    /// Comments and the insides of literals are blank.
    pub code: String,
    /// All but the insides of string literals is blank.
    pub strings: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Code,
    String,
    Neither,
}

/// Tells code from strings from the rest.
pub fn split(text: &str) -> Views {
    let kinds = classify(text.as_bytes());
    let view = |wanted: Kind| -> String {
        let bytes =
            text.bytes().zip(&kinds).map(|(byte, kind)| if *kind == wanted || byte == b'\n' { byte } else { b' ' });
        String::from_utf8(bytes.collect()).expect("whole characters are kept or blanked: every border is ASCII")
    };
    Views { code: view(Kind::Code), strings: view(Kind::String) }
}

fn classify(text: &[u8]) -> Vec<Kind> {
    let mut kinds = vec![Kind::Code; text.len()];
    let mut at = 0;
    while at < text.len() {
        let rest = &text[at..];
        let (length, kind, border) = if rest.starts_with(b"//") {
            (line_length(rest), Kind::Neither, 0)
        } else if rest.starts_with(b"/*") {
            (block_comment_length(rest), Kind::Neither, 0)
        } else if let Some((opening, length, closing)) = string_extent(text, at) {
            kinds[at + opening..at + length - closing].fill(Kind::String);
            at += length;
            continue;
        } else if rest[0] == b'\'' {
            (character_length(rest), Kind::Neither, 1)
        } else {
            (1, Kind::Code, 0)
        };
        if length > 2 * border {
            kinds[at + border..at + length - border].fill(kind);
        }
        at += length;
    }
    kinds
}

fn line_length(rest: &[u8]) -> usize {
    rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len())
}

fn block_comment_length(rest: &[u8]) -> usize {
    let mut depth = 0;
    let mut at = 0;
    while at < rest.len() {
        if rest[at..].starts_with(b"/*") {
            depth += 1;
            at += 2;
        } else if rest[at..].starts_with(b"*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    rest.len()
}

/// The lengths of the opening (prefix and quote), of the whole, and of the closing of the string literal that begins at `at`.
fn string_extent(text: &[u8], at: usize) -> Option<(usize, usize, usize)> {
    let inside_word = at > 0 && is_word_byte(text[at - 1]);
    let rest = &text[at..];
    let letters = rest.iter().take_while(|byte| matches!(byte, b'b' | b'c' | b'r')).count();
    if letters > 2 || (letters > 0 && inside_word) {
        return None;
    }
    let raw = rest[..letters].contains(&b'r');
    let hashes = if raw { rest[letters..].iter().take_while(|byte| **byte == b'#').count() } else { 0 };
    let opening = letters + hashes + 1;
    if rest.get(opening - 1) != Some(&b'"') {
        return None;
    }
    let mut end = opening;
    while end < rest.len() {
        match rest[end] {
            b'\\' if !raw => end += 2,
            b'"' if rest[end + 1..].iter().take_while(|byte| **byte == b'#').count() >= hashes => {
                return Some((opening, end + 1 + hashes, 1 + hashes));
            }
            _ => end += 1,
        }
    }
    Some((opening, rest.len(), 0))
}

/// The length of a character literal, or 1 for the quote of a lifetime.
fn character_length(rest: &[u8]) -> usize {
    match rest.get(1) {
        Some(b'\\') => {
            // The escaped sign may be the quote itself.
            let close = rest.iter().skip(3).position(|byte| *byte == b'\'');
            close.map_or(1, |position| position + 4)
        }
        Some(first) => {
            let width = match first {
                0xf0.. => 4,
                0xe0.. => 3,
                0xc0.. => 2,
                _ => 1,
            };
            if rest.get(1 + width) == Some(&b'\'') { width + 2 } else { 1 }
        }
        None => 1,
    }
}

fn is_word_byte(byte: u8) -> bool {
    byte == b'_' || byte.is_ascii_alphanumeric() || !byte.is_ascii()
}

/// Cuts code, in which comments and literals are already blank, into tokens.
pub fn tokens(code: &str) -> Vec<Token<'_>> {
    let bytes = code.as_bytes();
    let mut found = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let length = if is_word_byte(bytes[at]) {
            bytes[at..].iter().take_while(|byte| is_word_byte(**byte)).count()
        } else if bytes[at..].starts_with(b"::") {
            2
        } else {
            1
        };
        if !bytes[at].is_ascii_whitespace() {
            found.push(Token { start: at, text: &code[at..at + length] });
        }
        at += length;
    }
    found
}

/// The index of the token that closes the bracket at `open`, or the last token where none does.
pub fn closing(tokens: &[Token<'_>], open: usize) -> usize {
    let mut depth = 0usize;
    for (index, token) in tokens.iter().enumerate().skip(open) {
        match token.text {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return index;
                }
            }
            _ => {}
        }
    }
    tokens.len().saturating_sub(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        let views = split(text);
        tokens(&views.code).iter().filter(|token| token.is_word()).map(|token| token.text.to_owned()).collect()
    }

    #[test]
    fn comments_and_the_insides_of_literals_are_no_code() {
        let text = r##"a /* b /* c */ d */ e // f
            "g \" h" i r#"j " k"# l 'm' n '\'' o b"p" q '\u{41}' r"##;
        assert_eq!(words(text), ["a", "e", "i", "r", "l", "n", "o", "b", "q", "r"].map(str::to_owned));
    }

    #[test]
    fn lifetimes_are_not_the_begin_of_a_character() {
        let text = "fn f<'a>(x: &'a str) -> &'a u8 { x }";
        assert_eq!(words(text), ["fn", "f", "a", "x", "a", "str", "a", "u8", "x"].map(str::to_owned));
    }

    #[test]
    fn strings_are_seen_without_their_quotes() {
        let views = split("f(\"one\", r#\"two\"#); // \"three\"");
        assert_eq!(views.strings.split_whitespace().collect::<Vec<_>>(), ["one", "two"]);
        assert_eq!(views.strings.len(), views.code.len());
    }

    #[test]
    fn characters_of_every_width_keep_their_places() {
        let text = "let ü = 'ä'; let s = \"→\"; // 😀\nnext";
        let views = split(text);
        assert_eq!(views.code.len(), text.len());
        assert_eq!(views.code.find("next"), text.find("next"));
    }

    #[test]
    fn a_text_cut_off_anywhere_is_no_trouble() {
        let text = "r#\"a\"# /* b */ 'c' '\\n' b\"d\\\"\" fn x() { \"é\" }";
        for (end, _) in text.char_indices() {
            let views = split(&text[..end]);
            assert_eq!(views.code.len(), end);
        }
    }

    #[test]
    fn brackets_are_matched_across_nested_ones() {
        let code = "{ ( [ ] ) { } } x";
        let tokens = tokens(code);
        assert_eq!(closing(&tokens, 0), 7);
    }
}
