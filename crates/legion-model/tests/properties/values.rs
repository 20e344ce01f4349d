//! Texts that are cut, and money.

use legion_model::body::clip;
use legion_model::{Body, MicroUsd};
use proptest::prelude::*;

proptest! {
    #[test]
    fn a_text_is_cut_at_a_character_and_says_what_is_missing(text in "\\PC{0,40}|[aä🦀]{0,40}", bytes_max in 0_usize..50) {
        let cut = clip(&text, bytes_max);
        if text.len() <= bytes_max {
            prop_assert_eq!(cut, text);
        } else {
            let (kept, rest) = cut.rsplit_once("… [").expect("it says that it was cut");
            prop_assert!(kept.len() <= bytes_max && text.starts_with(kept));
            // As much as fits: the next character would not.
            let next = text[kept.len()..].chars().next().expect("something was cut off");
            prop_assert!(kept.len() + next.len_utf8() > bytes_max);
            let missing: usize = rest.strip_suffix(" more bytes]").expect("it says how much").parse().expect("a number");
            prop_assert_eq!(missing, text.len() - kept.len());
        }
    }

    #[test]
    fn a_body_keeps_its_text(text in "\\PC{0,60}") {
        let body = Body::from(text.as_str());
        prop_assert_eq!(body.head(), &text);
        let written = serde_json::to_string(&body).expect("plain data");
        prop_assert_eq!(serde_json::from_str::<Body>(&written).expect("it was written so"), body);
    }

    #[test]
    fn a_blob_shows_its_head(head in "\\PC{0,60}", bytes in any::<u64>()) {
        let body = Body::Blob { sha256: "ab".repeat(32), bytes, head: head.clone() };
        prop_assert_eq!(body.head(), &head);
    }

    #[test]
    fn money_comes_back_from_dollars(micro in 0..=MicroUsd::MAX.0) {
        let money = MicroUsd(micro);
        prop_assert_eq!(MicroUsd::from_dollars(money.dollars()), Some(money));
        let shown = money.to_string();
        let digits: String = shown.strip_prefix('$').expect("in dollars").chars().filter(|c| *c != '.').collect();
        prop_assert_eq!(digits.parse::<u64>().expect("a number"), micro);
    }

    #[test]
    fn only_amounts_are_money(dollars in prop_oneof![any::<f64>(), -1e10..1e10, -1e-5..1e-5]) {
        let good = dollars > -0.000_000_5 && dollars <= 1e9;
        match MicroUsd::from_dollars(dollars) {
            Some(money) => {
                prop_assert!(good || (dollars - 1e9).abs() < 1e-6, "{dollars}");
                prop_assert!(money <= MicroUsd::MAX);
                prop_assert!((money.dollars() - dollars).abs() <= 0.000_001, "{dollars} became {money}");
            }
            None => prop_assert!(!good, "{dollars}"),
        }
    }

    #[test]
    fn sums_never_wrap(amounts in prop::collection::vec(any::<u64>(), 0..6)) {
        let exact: u128 = amounts.iter().map(|amount| u128::from(*amount)).sum();
        let sum: MicroUsd = amounts.iter().copied().map(MicroUsd).sum();
        prop_assert_eq!(u128::from(sum.0), exact.min(u128::from(u64::MAX)));
    }

    #[test]
    fn what_is_left_and_what_is_taken_make_the_whole(whole in any::<u64>(), taken in any::<u64>()) {
        let left = MicroUsd(whole).less(MicroUsd(taken));
        if taken <= whole {
            prop_assert_eq!(left + MicroUsd(taken), MicroUsd(whole));
        } else {
            prop_assert_eq!(left, MicroUsd(0));
        }
    }
}

#[test]
fn borders_of_money() {
    assert_eq!(MicroUsd::from_dollars(f64::NAN), None);
    assert_eq!(MicroUsd::from_dollars(f64::INFINITY), None);
    assert_eq!(MicroUsd::from_dollars(-1.0), None);
    assert_eq!(MicroUsd::from_dollars(1e9), Some(MicroUsd::MAX));
    assert_eq!(MicroUsd::from_dollars(1e9 + 1.0), None);
    assert_eq!(MicroUsd(1_500_000).to_string(), "$1.500000");
}

#[test]
fn borders_of_a_cut() {
    assert_eq!(clip("", 0), "");
    assert_eq!(clip("abc", 3), "abc");
    assert_eq!(clip("abcd", 3), "abc… [1 more bytes]");
    assert_eq!(clip("äb", 1), "… [3 more bytes]");
    assert_eq!(clip("a🦀", 4), "a… [4 more bytes]");
}
