//! A request that cannot be understood.

use crate::error::Class;
use std::fmt;

/// A client's request that is wrong or cannot be served: a sentence and the field's path.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}{}{why}", .path, if .path.is_empty() { "" } else { ": " })]
pub struct Refused {
    /// Such as `messages[3].content[0].type`; empty for the whole body.
    pub path: String,
    /// What is wrong with it.
    pub why: String,
    /// [`Class::InvalidRequest`] or [`Class::NotSupported`].
    pub class: Class,
}

impl Refused {
    /// The field is wrong.
    pub fn new(path: &impl fmt::Display, why: impl Into<String>) -> Self {
        Self { path: path.to_string(), why: why.into(), class: Class::InvalidRequest }
    }

    /// The field is right, but nothing can be done with it.
    pub fn unsupported(path: &impl fmt::Display, why: impl Into<String>) -> Self {
        Self { path: path.to_string(), why: why.into(), class: Class::NotSupported }
    }
}
