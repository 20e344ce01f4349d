//! The forms in which a secret comes back: as it is, in base64, in hexadecimal, escaped for an address or for JSON. Providers and what
//! stands before them quote what they were sent in all of these.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};

/// Bytes of three, as base64 takes them.
const GROUP: usize = 3;
/// Characters that base64 makes of them.
const CODED: usize = 4;

/// All forms of a secret, the longest first, none twice.
pub(super) fn forms(secret: &str) -> Vec<Vec<u8>> {
    let hex = |digits: fn(u8) -> String| secret.bytes().map(digits).collect::<String>();
    let mut all = vec![
        secret.to_owned(),
        hex(|byte| format!("{byte:02x}")),
        hex(|byte| format!("{byte:02X}")),
        percent(secret, |byte| format!("%{byte:02X}")),
        percent(secret, |byte| format!("%{byte:02x}")),
        json(secret),
    ];
    for engine in [&STANDARD, &URL_SAFE] {
        let whole = engine.encode(secret);
        all.push(whole.trim_end_matches('=').to_owned());
        all.push(whole);
        // Behind other text it is shifted by one or two bytes: what its neighbours do not reach into stays the same.
        for shift in 1..GROUP {
            let shifted: Vec<u8> = std::iter::repeat_n(b' ', shift).chain(secret.bytes()).collect();
            let full = shifted.len() / GROUP * GROUP;
            all.push(engine.encode(&shifted[..full]).split_off(CODED));
        }
        let full = secret.len() / GROUP * GROUP;
        all.push(engine.encode(&secret.as_bytes()[..full]));
    }
    let mut all: Vec<Vec<u8>> = all.into_iter().map(String::into_bytes).collect();
    all.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
    all.dedup();
    all
}

fn percent(secret: &str, escaped: fn(u8) -> String) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~');
    secret.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { escaped(byte) }).collect()
}

fn json(secret: &str) -> String {
    let quoted = serde_json::Value::from(secret).to_string();
    quoted[1..quoted.len() - 1].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_known_in_every_form_wherever_it_stands() {
        let secret = "a?secret/of some\"length";
        let forms = forms(secret);
        let knows = |text: &str| {
            forms.iter().any(|form| text.as_bytes().windows(form.len()).any(|window| window == form.as_slice()))
        };
        for before in ["", "x", "xy", "xyz", "Bearer "] {
            assert!(knows(&STANDARD.encode(format!("{before}{secret} and more"))), "behind `{before}`");
            assert!(knows(&URL_SAFE.encode(format!("{before}{secret}"))), "at the end, behind `{before}`");
        }
        for form in [
            "a%3Fsecret%2Fof%20some%22length",
            "a%3fsecret%2fof%20some%22length",
            r#"a?secret/of some\"length"#,
            secret,
        ] {
            assert!(knows(form), "{form}");
        }
        let whole = secret.bytes().map(|byte| format!("{byte:02X}")).collect::<String>();
        assert!(knows(&whole), "{whole}");
        assert!(forms.is_sorted_by(|a, b| a.len() >= b.len() && a != b));
    }
}
