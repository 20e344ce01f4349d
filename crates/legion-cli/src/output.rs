//! Where output goes: data to standard output, all else to standard error.
//!
//! A closed pipe is no failure: writing then gives [`io::ErrorKind::BrokenPipe`], which ends the command quietly.

use std::io::{self, IsTerminal, Write};

use serde::Serialize;

use crate::{
    arguments::ColorChoice,
    clock,
    environment::Environment,
    text::escape_line,
    view::{Look, Palette},
};

/// Columns of a terminal that does not say how wide it is.
const COLUMNS_DEFAULT: usize = 80;
/// Lines of a terminal that does not say how high it is.
const LINES_DEFAULT: usize = 24;

/// Warnings told one by one.
const WARNINGS_SHOWN: usize = 10;

/// The two output streams, and how they want to be written to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Output {
    /// One JSON document instead of text.
    pub json: bool,
    stdout_terminal: bool,
    stderr_terminal: bool,
    stdout_color: bool,
    stderr_color: bool,
}

impl Output {
    pub(crate) fn new(json: bool, color: ColorChoice, environment: &Environment) -> Self {
        let stdout_terminal = io::stdout().is_terminal();
        let stderr_terminal = io::stderr().is_terminal();
        let plain = environment.get("NO_COLOR").is_some() || environment.text("TERM") == Some("dumb");
        let colored = |terminal: bool| match color {
            ColorChoice::Auto => terminal && !plain,
            ColorChoice::Always => true,
            ColorChoice::Never => false,
        };
        Self {
            json,
            stdout_terminal,
            stderr_terminal,
            stdout_color: colored(stdout_terminal),
            stderr_color: colored(stderr_terminal),
        }
    }

    /// True when a person reads standard output directly.
    pub(crate) fn stdout_is_terminal(&self) -> bool {
        self.stdout_terminal
    }

    /// True when a person reads standard error directly.
    pub(crate) fn stderr_is_terminal(&self) -> bool {
        self.stderr_terminal
    }

    /// How to render for standard output.
    pub(crate) fn look(&self) -> Look {
        let columns = self.stdout_terminal.then(|| size_of_stdout().0);
        Look { now: clock::now(), palette: Palette::new(self.stdout_color), columns }
    }

    /// How to render for standard error.
    pub(crate) fn error_look(&self) -> Look {
        let columns = self.stderr_terminal.then(|| size_of_stderr().0);
        Look { now: clock::now(), palette: Palette::new(self.stderr_color), columns }
    }

    /// Columns and lines of the terminal at standard error.
    pub(crate) fn screen(&self) -> (usize, usize) {
        size_of_stderr()
    }

    /// Writes data, as it is.
    pub(crate) fn data(&self, text: &str) -> io::Result<()> {
        let mut stdout = io::stdout().lock();
        stdout.write_all(text.as_bytes())?;
        stdout.flush()
    }

    /// Writes data and a line end.
    pub(crate) fn line(&self, text: &str) -> io::Result<()> {
        let mut stdout = io::stdout().lock();
        stdout.write_all(text.as_bytes())?;
        stdout.write_all(b"\n")?;
        stdout.flush()
    }

    /// Writes one JSON document on one line.
    pub(crate) fn document(&self, value: &impl Serialize) -> io::Result<()> {
        self.line(&serde_json::to_string(value)?)
    }

    /// Tells the person something that is no data. A closed standard error is no reason to stop.
    pub(crate) fn note(&self, text: &str) {
        let _ = writeln!(io::stderr().lock(), "{text}");
    }

    /// Tells the person what may not be meant so.
    pub(crate) fn warn(&self, warnings: &[String]) {
        for warning in warnings.iter().take(WARNINGS_SHOWN) {
            self.note(&format!("warning: {}", escape_line(warning)));
        }
        if let Some(more) = warnings.len().checked_sub(WARNINGS_SHOWN).filter(|more| *more > 0) {
            self.note(&format!("warning: {more} more of these; `--json` has all of them"));
        }
    }

    /// Writes to standard error without a line end.
    pub(crate) fn screen_write(&self, text: &str) -> io::Result<()> {
        let mut stderr = io::stderr().lock();
        stderr.write_all(text.as_bytes())?;
        stderr.flush()
    }
}

fn size_of_stdout() -> (usize, usize) {
    size(terminal_size::terminal_size_of(io::stdout()))
}

fn size_of_stderr() -> (usize, usize) {
    size(terminal_size::terminal_size_of(io::stderr()))
}

fn size(measured: Option<(terminal_size::Width, terminal_size::Height)>) -> (usize, usize) {
    match measured {
        Some((terminal_size::Width(columns), terminal_size::Height(lines))) if columns > 0 && lines > 0 => {
            (columns.into(), lines.into())
        }
        _ => (COLUMNS_DEFAULT, LINES_DEFAULT),
    }
}
