//! Where the service is and what opens it.

use std::fmt;
use std::io::{ErrorKind, Read as _};
use std::path::{Path, PathBuf};

use legion_api::ServiceInfo;

use crate::{ClientError, Holder};

/// Where a service listens when nobody said otherwise.
pub const DEFAULT_URL: &str = "http://localhost:6666";

const SERVICE_FILE: &str = "service.json";
const TOKEN_FILE: &str = "token";
/// Both files are far smaller; a larger one is not ours.
const FILE_BYTES_MAX: u64 = 64 * 1024;

/// The part of a program's environment that says where the service is. Filled by the composition root: nothing here reads globals.
#[derive(Debug, Clone, Default)]
pub struct Environment {
    /// `LEGION_URL`.
    pub legion_url: Option<String>,
    /// `LEGION_TOKEN`.
    pub legion_token: Option<String>,
    /// `LEGION_DATA_DIR`, or `--data-dir`.
    pub legion_data_dir: Option<PathBuf>,
    /// `HOME`.
    pub home: Option<PathBuf>,
    /// `XDG_STATE_HOME`.
    pub xdg_state_home: Option<PathBuf>,
}

impl Environment {
    /// The data directory of the service, when there is a way to tell.
    pub fn data_dir(&self) -> Option<PathBuf> {
        if let Some(dir) = given(self.legion_data_dir.as_deref()) {
            return Some(dir.to_owned());
        }
        // The XDG specification: a relative path is invalid and is ignored.
        if let Some(state) = given(self.xdg_state_home.as_deref()).filter(|dir| dir.is_absolute()) {
            return Some(state.join("legion"));
        }
        given(self.home.as_deref()).map(|home| home.join(".local/state/legion"))
    }
}

/// What said where the service is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// `LEGION_URL`.
    Url,
    /// The service file at this path.
    ServiceFile(PathBuf),
    /// There is no usable service file, and the lock of this data directory is held.
    Lock(PathBuf),
    /// Nothing: the default address.
    Default,
}

/// Where the service is and what opens it.
#[derive(Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// `http://HOST:PORT`, or `unix:/PATH`.
    pub url: String,
    /// The bearer token, when there is one.
    pub token: Option<String>,
    pub found: Found,
}

impl fmt::Debug for Endpoint {
    /// Leaves the token out: it must not reach a log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Endpoint").field("url", &self.url).field("found", &self.found).finish_non_exhaustive()
    }
}

impl Endpoint {
    /// Finds the service: by `LEGION_URL`, else by the service file of the data directory, else by its lock while that is held, else at
    /// [`DEFAULT_URL`]. The token is `LEGION_TOKEN`, else the one in the data directory. A service file that makes no sense is none.
    ///
    /// Fails when a file that is there cannot be read.
    pub fn discover(environment: &Environment) -> Result<Self, ClientError> {
        let token = find_token(environment)?;
        if let Some(url) = given_text(environment.legion_url.as_deref()) {
            return Ok(Self { url: url.to_owned(), token, found: Found::Url });
        }
        let Some(dir) = environment.data_dir() else {
            return Ok(Self { url: DEFAULT_URL.to_owned(), token, found: Found::Default });
        };
        if let Some((url, path)) = from_service_file(Some(&dir))? {
            return Ok(Self { url, token, found: Found::ServiceFile(path) });
        }
        Ok(match Holder::of(&dir).and_then(|holder| holder.url) {
            Some(url) => Self { url, token, found: Found::Lock(dir) },
            None => Self { url: DEFAULT_URL.to_owned(), token, found: Found::Default },
        })
    }

    /// Looks again after the service could not be reached. A restarted service may listen elsewhere: when the data directory is named
    /// beside `LEGION_URL`, its service file is the newer word.
    pub(crate) fn rediscover(environment: &Environment) -> Result<Self, ClientError> {
        let endpoint = Self::discover(environment)?;
        if endpoint.found == Found::Url
            && let Some(dir) = given(environment.legion_data_dir.as_deref())
            && let Ok(Some((url, path))) = from_service_file(Some(dir))
        {
            return Ok(Self { url, found: Found::ServiceFile(path), ..endpoint });
        }
        Ok(endpoint)
    }
}

fn find_token(environment: &Environment) -> Result<Option<String>, ClientError> {
    if let Some(token) = given_text(environment.legion_token.as_deref()) {
        return Ok(Some(token.to_owned()));
    }
    let Some(dir) = environment.data_dir() else { return Ok(None) };
    let text = read(&dir.join(TOKEN_FILE))?;
    Ok(text.map(|text| text.trim().to_owned()).filter(|token| !token.is_empty()))
}

fn from_service_file(dir: Option<&Path>) -> Result<Option<(String, PathBuf)>, ClientError> {
    let Some(dir) = dir else { return Ok(None) };
    let path = dir.join(SERVICE_FILE);
    let Some(text) = read(&path)? else { return Ok(None) };
    // Garbage says as little as no file; who holds the directory is still to be found out.
    Ok(serde_json::from_str::<ServiceInfo>(&text).ok().map(|info| (info.url, path)))
}

fn read(path: &Path) -> Result<Option<String>, ClientError> {
    let failed = |source: std::io::Error| ClientError::Discover { path: path.to_owned(), source: source.into() };
    let file = match std::fs::File::open(path) {
        Ok(file) => file,
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => return Ok(None),
        Err(error) => return Err(failed(error)),
    };
    let mut bytes = Vec::new();
    file.take(FILE_BYTES_MAX).read_to_end(&mut bytes).map_err(failed)?;
    Ok(Some(String::from_utf8_lossy(&bytes).into_owned()))
}

fn given(path: Option<&Path>) -> Option<&Path> {
    path.filter(|path| !path.as_os_str().is_empty())
}

fn given_text(text: Option<&str>) -> Option<&str> {
    text.map(str::trim).filter(|text| !text.is_empty())
}
