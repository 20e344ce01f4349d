//! What the process was started with. Handed in by the binary: nothing else in this crate looks at the real environment.

use std::{
    collections::BTreeMap,
    ffi::{OsStr, OsString},
    path::{Path, PathBuf},
};

/// Variables and working directory of the process.
#[derive(Debug, Clone)]
pub struct Environment {
    variables: BTreeMap<OsString, OsString>,
    current_dir: PathBuf,
}

impl Environment {
    /// An environment of these variables, in this directory (absolute).
    pub fn new(variables: impl IntoIterator<Item = (OsString, OsString)>, current_dir: PathBuf) -> Self {
        Self { variables: variables.into_iter().collect(), current_dir }
    }

    /// The same in another directory (absolute).
    pub(crate) fn at(&self, current_dir: PathBuf) -> Self {
        Self { current_dir, ..self.clone() }
    }

    /// The variable, unless it is absent or empty.
    pub(crate) fn get(&self, name: &str) -> Option<&OsStr> {
        self.variables.get(OsStr::new(name)).map(OsString::as_os_str).filter(|value| !value.is_empty())
    }

    /// The variable as text, unless it is absent, empty or not UTF-8.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.get(name).and_then(OsStr::to_str)
    }

    pub(crate) fn current_dir(&self) -> &Path {
        &self.current_dir
    }

    /// The path as seen from the working directory, without `.` and `..` in it.
    pub(crate) fn absolute(&self, path: &Path) -> PathBuf {
        let mut absolute = PathBuf::new();
        for part in self.current_dir.join(path).components() {
            match part {
                std::path::Component::CurDir => {}
                std::path::Component::ParentDir => {
                    absolute.pop();
                }
                part => absolute.push(part),
            }
        }
        absolute
    }

    /// The part that says where the service is. A flag beats the environment, and `--data-dir` names the whole service: its address and
    /// its token come from there.
    pub(crate) fn of_service(&self, data_dir: Option<&Path>, url: Option<&str>) -> legion_client::Environment {
        let beside = |name: &str| if data_dir.is_some() { None } else { self.text(name).map(str::to_owned) };
        legion_client::Environment {
            legion_url: url.map(str::to_owned).or_else(|| beside("LEGION_URL")),
            legion_token: beside("LEGION_TOKEN"),
            legion_data_dir: data_dir.or(self.get("LEGION_DATA_DIR").map(Path::new)).map(|path| self.absolute(path)),
            home: self.get("HOME").map(PathBuf::from),
            xdg_state_home: self.get("XDG_STATE_HOME").map(PathBuf::from),
        }
    }

    /// Where the program lies on `PATH`.
    pub(crate) fn find_program(&self, name: &str) -> Option<PathBuf> {
        let path = self.get("PATH")?;
        std::env::split_paths(path).map(|folder| folder.join(name)).find(|candidate| candidate.is_file())
    }

    /// True when the caller is an agent and not the person.
    pub(crate) fn is_agent(&self) -> bool {
        self.text("LEGION_SESSION_ID").is_some_and(|id| id != "root")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(variables: &[(&str, &str)]) -> Environment {
        Environment::new(variables.iter().map(|(name, value)| (name.into(), value.into())), "/home/ann/work".into())
    }

    #[test]
    fn the_data_directory_is_seen_from_the_working_directory() {
        let named = environment(&[("LEGION_DATA_DIR", "data"), ("HOME", "/home/ann")]);
        assert_eq!(named.of_service(None, None).data_dir(), Some("/home/ann/work/data".into()));
        assert_eq!(named.of_service(Some(Path::new("../other")), None).data_dir(), Some("/home/ann/other".into()));
        let own = environment(&[("LEGION_DATA_DIR", ""), ("HOME", "/home/ann")]);
        assert_eq!(own.of_service(None, None).data_dir(), Some("/home/ann/.local/state/legion".into()));
    }

    #[test]
    fn a_named_data_directory_is_another_service_than_that_of_the_environment() {
        let agent = environment(&[("LEGION_URL", "http://127.0.0.1:1"), ("LEGION_TOKEN", "agents")]);
        let inherited = agent.of_service(None, None);
        assert_eq!(
            (inherited.legion_url.as_deref(), inherited.legion_token.as_deref()),
            (Some("http://127.0.0.1:1"), Some("agents"))
        );
        let named = agent.of_service(Some(Path::new("/d")), None);
        assert_eq!((named.legion_url, named.legion_token), (None, None));
        let url = agent.of_service(None, Some("http://127.0.0.1:2"));
        assert_eq!(
            (url.legion_url.as_deref(), url.legion_token.as_deref()),
            (Some("http://127.0.0.1:2"), Some("agents"))
        );
    }

    #[test]
    fn a_path_is_made_absolute_without_dots() {
        let environment = environment(&[]);
        assert_eq!(environment.absolute(Path::new("./a/../b")), Path::new("/home/ann/work/b"));
        assert_eq!(environment.absolute(Path::new("/x/./y")), Path::new("/x/y"));
    }
}
