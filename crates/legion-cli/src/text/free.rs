//! Free texts as values of options: they may begin with a dash, as the lines of a list do.

/// The text. One word with a dash before it is taken for an option whose place it took.
pub(crate) fn parse_free_text(text: &str) -> Result<String, String> {
    let is_option = text.len() > 1 && text.starts_with('-') && !text.contains(char::is_whitespace);
    if is_option { Err(format!("a text is missing: `{text}` is an option")) } else { Ok(text.to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_a_text_and_an_option_is_none() {
        for text in ["- one\n- two", "--help prints usage", "-", "plain", ""] {
            assert_eq!(parse_free_text(text).as_deref(), Ok(text));
        }
        for option in ["--after", "-k", "--x=1"] {
            assert!(parse_free_text(option).is_err(), "{option}");
        }
    }
}
