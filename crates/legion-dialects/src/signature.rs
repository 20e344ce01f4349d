//! Marks on signatures: whose they are, so that each comes back to its own provider and to no other.

use crate::neutral::{Origin, Signature};

/// Begins every marked signature. Also searched for in bodies that are forwarded without being read.
pub const MARK: &str = "legion:";

/// A provider's signature in the form that is given to a client of another dialect: `legion:PROVIDER:NATIVE`.
pub fn mark(provider: &str, native: &str) -> String {
    let mut marked = String::with_capacity(MARK.len() + provider.len() + 1 + native.len());
    marked.push_str(MARK);
    for letter in provider.chars() {
        match letter {
            ':' => marked.push_str("%3A"),
            '%' => marked.push_str("%25"),
            _ => marked.push(letter),
        }
    }
    marked.push(':');
    marked.push_str(native);
    marked
}

/// A signature as a client sent it back.
pub fn read(text: &str) -> Signature {
    let Some((provider, native)) = text.strip_prefix(MARK).and_then(|rest| rest.split_once(':')) else {
        return Signature { origin: Origin::Unmarked, native: text.to_owned() };
    };
    let provider = provider.replace("%3A", ":").replace("%25", "%");
    Signature { origin: Origin::Provider(provider), native: native.to_owned() }
}
