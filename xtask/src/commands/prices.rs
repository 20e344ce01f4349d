//! `cargo xtask prices FILE VERSION DATE`: makes the gateway's table of prices from the one that the PyPI package `litellm` carries
//! (MIT). To get FILE: `pip download --no-deps litellm==VERSION`, unzip the wheel, take
//! `litellm/model_prices_and_context_window_backup.json`. The gateway itself reads it, as it reads one that is fetched.

use crate::shell;
use anyhow::{Context, Result};
use std::fs;
use std::process::ExitCode;

const TABLE: &str = "crates/legion-gateway/src/prices/prices.json";

pub fn run(file: &str, version: &str, date: &str) -> Result<ExitCode> {
    let file = fs::canonicalize(file).with_context(|| format!("failed to find `{file}`"))?;
    let source = format!("PyPI litellm {version}, model_prices_and_context_window_backup.json, MIT");
    let file = file.to_str().context("its path is no UTF-8")?;
    let make = ["run", "--quiet", "--locked", "--package", "legion-gateway", "--example", "price_table", "--"];
    let text = shell::output(shell::cargo(&make).args([file, &source, date]))?;
    fs::write(shell::root().join(TABLE), &text).with_context(|| format!("failed to write `{TABLE}`"))?;
    println!("{TABLE} has {} bytes", text.len());
    Ok(ExitCode::SUCCESS)
}
