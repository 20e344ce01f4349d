//! The rules of the sources that no compiler knows. One file per kind of rule; each gives findings and changes nothing.

mod attributes;
mod bans;
mod dependencies;
mod finding;
mod inspect;
mod layout;
mod paths;
mod skips;
mod source;
mod strings;
mod tokens;
mod tracked;
mod waivers;

pub use inspect::inspect;
