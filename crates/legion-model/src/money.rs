//! Money, in whole millionths of a dollar: sums stay exact.

use std::fmt;
use std::ops::{Add, AddAssign};

use serde::{Deserialize, Serialize};

/// Millionths of a US dollar.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MicroUsd(pub u64);

impl MicroUsd {
    /// The largest amount that is accepted from outside: a billion dollars.
    pub const MAX: MicroUsd = MicroUsd(1_000_000_000_000_000);

    /// From dollars, rounded to the nearest millionth. `None` when negative, not a number, or over [`MicroUsd::MAX`].
    pub fn from_dollars(dollars: f64) -> Option<Self> {
        let micro = (dollars * 1e6).round();
        (micro >= 0.0 && micro <= Self::MAX.0 as f64).then_some(Self(micro as u64))
    }

    /// In dollars, for showing.
    pub fn dollars(self) -> f64 {
        self.0 as f64 / 1e6
    }

    /// What is left after `other` is taken away; nothing when it is more.
    pub fn less(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl Add for MicroUsd {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl AddAssign for MicroUsd {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl std::iter::Sum for MicroUsd {
    fn sum<I: Iterator<Item = Self>>(items: I) -> Self {
        items.fold(Self::default(), Add::add)
    }
}

impl fmt::Display for MicroUsd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "${}.{:06}", self.0 / 1_000_000, self.0 % 1_000_000)
    }
}
