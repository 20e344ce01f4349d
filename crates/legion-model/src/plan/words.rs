//! Words of a plan that have to be one of a few.

use crate::driver::DriverKind;
use crate::tickets::{OnUpstream, Overlap};

pub(super) fn on_upstream(word: &str) -> Option<OnUpstream> {
    word.parse().ok()
}

pub(super) fn overlap(word: &str) -> Option<Overlap> {
    match word {
        "warn" => Some(Overlap::Warn),
        "hold" => Some(Overlap::Hold),
        _ => None,
    }
}

pub(super) fn driver(word: &str) -> Option<DriverKind> {
    [DriverKind::Claude, DriverKind::Command].into_iter().find(|kind| kind.as_str() == word)
}
