//! The secrets that a process is started with, by their names.

use std::collections::BTreeMap;

use legion_agents::Login;

/// The agent's own token.
const OWN: &str = "LEGION_TOKEN";
/// Words in the names of variables that hold a secret; the others of a login are addresses and switches.
const WORDS: [&str; 7] = ["KEY", "TOKEN", "SECRET", "PASSWORD", "CREDENTIAL", "HEADERS", "AUTH"];
/// Not a variable: the program reads the person's own login.
const PERSONS_LOGIN: &str = "the person's login";

/// The names of the secrets in the environment of a process.
pub(super) fn handed(login: &Login, environment: &BTreeMap<String, String>) -> Vec<String> {
    let secret = |name: &&String| name.as_str() == OWN || WORDS.iter().any(|word| name.contains(word));
    let of_login = |name: &&String| match login {
        Login::Env(variables) | Login::SetupToken(variables) => variables.contains_key(*name),
        Login::Person { .. } => false,
    };
    let names = environment.keys().filter(secret).filter(|name| name.as_str() == OWN || of_login(name));
    let persons = matches!(login, Login::Person { .. }).then(|| PERSONS_LOGIN.to_owned());
    names.cloned().chain(persons).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(names: &[&str]) -> BTreeMap<String, String> {
        names.iter().map(|name| ((*name).to_owned(), "x".to_owned())).collect()
    }

    #[test]
    fn what_is_handed_is_named_and_what_is_no_secret_is_not() {
        let login = Login::Env(map(&["ANTHROPIC_API_KEY", "ANTHROPIC_BASE_URL", "ANTHROPIC_AUTH_TOKEN"]));
        let environment = map(&["PATH", "LEGION_TOKEN", "ANTHROPIC_API_KEY", "ANTHROPIC_BASE_URL", "MY_KEY"]);
        assert_eq!(handed(&login, &environment), ["ANTHROPIC_API_KEY", "LEGION_TOKEN"]);
        let person = Login::Person {
            home: "/home/you".into(),
            config_dir: "/home/you/.claude".into(),
            variables: BTreeMap::new(),
        };
        assert_eq!(handed(&person, &environment), ["LEGION_TOKEN", PERSONS_LOGIN]);
    }
}
