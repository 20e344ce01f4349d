//! Whom a command is about.

/// An agent's id, the beginning of one, or its name. What is empty names nobody.
pub(crate) fn parse_address(text: &str) -> Result<String, String> {
    if text.trim().is_empty() {
        return Err("it is empty; give an id or a name, as `legion tree` lists them".to_owned());
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_empty_names_nobody() {
        assert!(parse_address("").is_err());
        assert!(parse_address(" ").is_err());
        assert_eq!(parse_address("worker").as_deref(), Ok("worker"));
    }
}
