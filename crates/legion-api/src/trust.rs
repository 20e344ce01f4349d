use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A content of a file, or of a directory of files, that may configure agent programs wherever it lies.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct TrustedContent {
    /// Its name in a repository, such as `.mcp.json`.
    pub name: String,
    /// SHA-256 over names and contents, in hexadecimal.
    pub hash: String,
    /// Where it was when it was trusted.
    pub path: String,
}

/// Contents that the person trusts, by their names.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct TrustedContents {
    pub contents: Vec<TrustedContent>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TrustRequest {
    /// Absolute path of one such file, or of a directory with such files in it.
    pub path: String,
    /// `false` ends the trust: in what is there now, and in what was there when it was trusted.
    #[serde(default = "trusted")]
    pub trusted: bool,
}

fn trusted() -> bool {
    true
}
