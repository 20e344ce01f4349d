//! Money of calls, in whole billionths of a dollar: a token may cost less than a millionth.

use std::fmt;
use std::ops::{Add, AddAssign};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::money::MicroUsd;

/// Billionths of a US dollar.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct NanoUsd(pub u64);

impl NanoUsd {
    /// The largest amount that is accepted from outside: a billion dollars.
    pub const MAX: Self = Self(1_000_000_000_000_000_000);
    /// One dollar.
    pub const DOLLAR: Self = Self(1_000_000_000);

    /// In dollars, for showing.
    pub fn dollars(self) -> f64 {
        self.0 as f64 / 1e9
    }

    /// In millionths, rounded up: a fraction that was spent is not nothing.
    pub fn micro(self) -> MicroUsd {
        MicroUsd(self.0.div_ceil(1_000))
    }

    /// What is left after `other` is taken away; nothing when it is more.
    pub fn less(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl From<MicroUsd> for NanoUsd {
    fn from(micro: MicroUsd) -> Self {
        Self(micro.0.saturating_mul(1_000))
    }
}

impl Add for NanoUsd {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl AddAssign for NanoUsd {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl std::iter::Sum for NanoUsd {
    fn sum<I: Iterator<Item = Self>>(items: I) -> Self {
        items.fold(Self::default(), Add::add)
    }
}

/// Dollars and cents; more digits only where there is something in them.
impl fmt::Display for NanoUsd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (dollars, nanos) = (self.0 / Self::DOLLAR.0, self.0 % Self::DOLLAR.0);
        let digits = format!("{nanos:09}");
        let kept = digits.trim_end_matches('0').len().max(2);
        write!(f, "${dollars}.{}", &digits[..kept])
    }
}

/// Why a text is no amount.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not an amount in dollars such as 2 or 0.25, at most a billion, with at most nine decimals")]
pub struct AmountError {
    text: String,
}

impl FromStr for NanoUsd {
    type Err = AmountError;
    /// Dollars, exactly: no rounding on the way in.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fail = || AmountError { text: crate::body::clip(text, 40) };
        let amount = text.trim();
        let amount = amount.strip_prefix('$').unwrap_or(amount);
        let (dollars, decimals) = amount.split_once('.').unwrap_or((amount, ""));
        let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if (dollars.is_empty() && decimals.is_empty())
            || !digits(dollars)
            || !digits(decimals)
            || decimals.len() > 9
            || dollars.len() > 10
        {
            return Err(fail());
        }
        let dollars: u64 = if dollars.is_empty() { 0 } else { dollars.parse().map_err(|_| fail())? };
        let nanos: u64 = format!("{decimals:0<9}").parse().map_err(|_| fail())?;
        let total = dollars.checked_mul(Self::DOLLAR.0).and_then(|total| total.checked_add(nanos)).map(Self);
        total.filter(|total| *total <= Self::MAX).ok_or_else(fail)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_is_read_exactly_and_shown_short() {
        for (text, nanos, shown) in [
            ("2", 2_000_000_000, "$2.00"),
            ("0.25", 250_000_000, "$0.25"),
            ("$.5", 500_000_000, "$0.50"),
            ("0.000000001", 1, "$0.000000001"),
            ("1000000000", NanoUsd::MAX.0, "$1000000000.00"),
        ] {
            let amount: NanoUsd = text.parse().expect(text);
            assert_eq!((amount.0, amount.to_string().as_str()), (nanos, shown), "{text}");
        }
        for bad in ["", ".", "-1", "1e3", "1.0000000001", "1000000001", "99999999999999999999", "a", "1,5"] {
            assert!(bad.parse::<NanoUsd>().is_err(), "{bad} was taken");
        }
    }

    #[test]
    fn a_fraction_of_a_millionth_is_rounded_up() {
        assert_eq!(NanoUsd(1).micro(), MicroUsd(1));
        assert_eq!(NanoUsd(1_000).micro(), MicroUsd(1));
        assert_eq!(NanoUsd(0).micro(), MicroUsd(0));
    }
}
