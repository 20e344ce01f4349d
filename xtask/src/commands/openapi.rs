//! `cargo xtask openapi`: the checked-in OpenAPI document, written by the binary that serves it.

use crate::shell;
use anyhow::{Context, Result, bail};
use std::fs;
use std::process::ExitCode;

const DOCUMENT: &str = "docs/openapi.json";

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Writes the document.
    Write,
    /// Fails when the document differs from what would be written.
    Check,
}

pub fn run(mode: Mode) -> Result<ExitCode> {
    let written =
        shell::output(&mut shell::cargo(&["run", "--quiet", "--locked", "--package", "legion", "--", "openapi"]))?;
    serde_json::from_str::<serde_json::Value>(&written).context("`legion openapi` wrote no JSON")?;
    // Word for word: the order of the keys is the binary's.
    let text = format!("{}\n", written.trim_end());
    let path = shell::root().join(DOCUMENT);
    let current = fs::read_to_string(&path).unwrap_or_default();
    match mode {
        Mode::Check if current != text => bail!("{DOCUMENT} is not what the binary writes; run `cargo xtask openapi`"),
        Mode::Write if current != text => {
            fs::write(&path, text).with_context(|| format!("failed to write `{}`", path.display()))?;
            println!("{DOCUMENT}: written");
        }
        Mode::Check | Mode::Write => println!("{DOCUMENT}: is current"),
    }
    Ok(ExitCode::SUCCESS)
}
