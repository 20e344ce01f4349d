//! The caller's token: in the path, or in the header where programs put their key.

use http::HeaderMap;
use http::header::AUTHORIZATION;
use legion_runtime::TOKEN_PREFIX;

/// The token of a call, and whether its headers hold a login of the caller's own.
pub(super) fn of<'a>(in_path: Option<&'a str>, headers: &'a HeaderMap) -> (Option<&'a str>, bool) {
    let key = headers.get("x-api-key").and_then(|value| value.to_str().ok());
    let bearer = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let bearer = bearer.and_then(|value| value.split_once(' ').filter(|(kind, _)| kind.eq_ignore_ascii_case("bearer")));
    let bearer = bearer.map(|(_, token)| token.trim());
    let is_ours = |token: &&str| token.starts_with(TOKEN_PREFIX);
    let in_headers = [key, bearer].into_iter().flatten().collect::<Vec<_>>();
    let own_login = in_path.is_some() && !in_headers.is_empty() && !in_headers.iter().any(is_ours);
    (in_path.or_else(|| in_headers.iter().copied().find(is_ours)).or_else(|| in_headers.first().copied()), own_login)
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    #[test]
    fn a_login_is_the_callers_own_only_beside_a_token_in_the_path() {
        let mut headers = HeaderMap::new();
        assert_eq!(of(None, &headers), (None, false));
        headers.insert(AUTHORIZATION, HeaderValue::from_static("Bearer sk-ant-oat01-x"));
        assert_eq!(of(Some("lgn_a"), &headers), (Some("lgn_a"), true));
        assert_eq!(of(None, &headers), (Some("sk-ant-oat01-x"), false));
        headers.insert("x-api-key", HeaderValue::from_static("lgn_b"));
        assert_eq!(of(None, &headers), (Some("lgn_b"), false));
        assert_eq!(of(Some("lgn_a"), &headers), (Some("lgn_a"), false));
    }
}
