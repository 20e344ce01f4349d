//! Query strings.

use std::fmt::{Display, Write as _};

/// A path with a query that grows.
#[derive(Clone, Debug)]
pub(crate) struct PathAndQuery {
    text: String,
    has_query: bool,
}

impl PathAndQuery {
    pub(crate) fn new(path: impl Into<String>) -> Self {
        Self { text: path.into(), has_query: false }
    }

    /// Adds `name=value`, with the value escaped.
    #[must_use]
    pub(crate) fn with(mut self, name: &str, value: impl Display) -> Self {
        self.text.push(if self.has_query { '&' } else { '?' });
        self.has_query = true;
        self.text.push_str(name);
        self.text.push('=');
        for byte in value.to_string().bytes() {
            if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
                self.text.push(char::from(byte));
            } else {
                write!(self.text, "%{byte:02X}").expect("writing to a string does not fail");
            }
        }
        self
    }

    /// Adds `name=value` when there is a value.
    #[must_use]
    pub(crate) fn with_some(self, name: &str, value: Option<impl Display>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    pub(crate) fn into_string(self) -> String {
        self.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_escaped_and_absent_ones_left_out() {
        let path = PathAndQuery::new("/x").with("a", "b c&d=é").with_some("n", None::<u32>).with_some("l", Some(3));
        assert_eq!(path.into_string(), "/x?a=b%20c%26d%3D%C3%A9&l=3");
    }
}
