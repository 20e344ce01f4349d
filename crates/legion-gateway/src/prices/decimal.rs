//! Decimal numbers as integers: money never goes through binary fractions.

/// Digits that are read in front of and behind the point. Longer numbers are no prices.
const DIGITS_MAX: usize = 40;

/// A decimal number such as `0.000003`, times ten to the `tens`, rounded to the nearest integer. None for what is no plain decimal
/// number, is negative, or does not fit.
pub(super) fn scaled(text: &str, tens: usize) -> Option<u64> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let is_digits = |text: &str| text.len() <= DIGITS_MAX && text.bytes().all(|byte| byte.is_ascii_digit());
    if !is_digits(whole) || !is_digits(part) || (whole.is_empty() && part.is_empty()) {
        return None;
    }
    let digits = part.bytes().chain(std::iter::repeat(b'0'));
    let mut value = 0_u64;
    for digit in whole.bytes().chain(digits.take(tens)) {
        value = value.checked_mul(10)?.checked_add(u64::from(digit - b'0'))?;
    }
    let half_or_more = part.as_bytes().get(tens).is_some_and(|digit| *digit >= b'5');
    value.checked_add(u64::from(half_or_more))
}

/// The same for a number that came as a binary fraction: its shortest form is what was written.
pub(super) fn scaled_float(number: f64, tens: usize) -> Option<u64> {
    if !number.is_finite() || number.is_sign_negative() && number != 0.0 {
        return None;
    }
    scaled(&number.abs().to_string(), tens)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_become_integers_without_loss() {
        for (text, tens, expected) in [
            ("3", 9, Some(3_000_000_000)),
            ("0.1", 9, Some(100_000_000)),
            (".5", 1, Some(5)),
            ("1.05", 1, Some(11)),
            ("1.04", 1, Some(10)),
            ("0.0000000001", 9, Some(0)),
            ("18446744073709551615", 0, Some(u64::MAX)),
            ("18446744073709551616", 0, None),
            ("99999999999999", 9, None),
            ("-1", 9, None),
            ("1e3", 9, None),
            ("", 9, None),
            (".", 9, None),
            ("1,5", 9, None),
        ] {
            assert_eq!(scaled(text, tens), expected, "{text}");
        }
    }

    #[test]
    fn fractions_are_read_as_they_were_written() {
        assert_eq!(scaled_float(3e-6, 15), Some(3_000_000_000));
        assert_eq!(scaled_float(2.8e-9, 15), Some(2_800_000));
        assert_eq!(scaled_float(0.1 + 0.2, 1), Some(3));
        assert_eq!(scaled_float(-0.0, 9), Some(0));
        for wrong in [-1e-9, f64::NAN, f64::INFINITY, 1e300] {
            assert_eq!(scaled_float(wrong, 15), None, "{wrong}");
        }
    }
}
