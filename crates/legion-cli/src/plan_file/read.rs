use std::fs::{self, File, FileType};
use std::io::{self, Read};

use legion_api::Plan;

use super::error::PlanFileError;
use super::parse::{PlanFormat, parse_plan};

/// Bytes of a plan: ten thousand tickets of three kilobytes.
pub const PLAN_BYTES_MAX: usize = 32 * 1024 * 1024;

/// How messages name standard input.
const STANDARD_INPUT: &str = "standard input";

/// Reads the plan in the file of this name, or on standard input for `-`. A name that ends with `.json` means JSON, another one
/// TOML; on standard input the first character tells.
pub fn read_plan(name: &str) -> Result<Plan, PlanFileError> {
    if name == "-" {
        let bytes = take(io::stdin().lock(), STANDARD_INPUT)?;
        return parse_plan(&bytes, STANDARD_INPUT, PlanFormat::of_text(&bytes));
    }
    let failed = |source: io::Error| match source.kind() {
        io::ErrorKind::NotFound => PlanFileError::Missing { file: name.to_owned() },
        _ => PlanFileError::Read { file: name.to_owned(), source },
    };
    // Before it is opened: opening a pipe would wait for somebody to write to it.
    let kind = fs::metadata(name).map_err(failed)?.file_type();
    if !kind.is_file() {
        return Err(PlanFileError::NotAFile { file: name.to_owned(), what: describe(kind) });
    }
    let bytes = take(File::open(name).map_err(failed)?, name)?;
    parse_plan(&bytes, name, PlanFormat::of_name(name))
}

fn take(input: impl Read, name: &str) -> Result<Vec<u8>, PlanFileError> {
    let mut bytes = Vec::new();
    // One byte more, to see that it is too long without taking in all of it.
    let read = input.take(PLAN_BYTES_MAX as u64 + 1).read_to_end(&mut bytes);
    read.map_err(|source| PlanFileError::Read { file: name.to_owned(), source })?;
    if bytes.len() > PLAN_BYTES_MAX { Err(PlanFileError::TooLong { file: name.to_owned() }) } else { Ok(bytes) }
}

fn describe(kind: FileType) -> &'static str {
    use std::os::unix::fs::FileTypeExt;
    match kind {
        _ if kind.is_dir() => "a directory",
        _ if kind.is_fifo() => "a pipe",
        _ if kind.is_socket() => "a socket",
        _ => "a device",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAN: &str = "[[ticket]]\nid = 1\ntitle = \"one\"\n";

    fn file(name: &str, text: impl AsRef<[u8]>) -> (tempfile::TempDir, String) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join(name);
        fs::write(&path, text).unwrap();
        let name = path.to_str().unwrap().to_owned();
        (directory, name)
    }

    #[test]
    fn the_name_says_what_a_file_holds() {
        let (_kept, name) = file("a.toml", PLAN);
        let plan = read_plan(&name).unwrap();
        let (_kept, name) = file("a.JSON", serde_json::to_string(&plan).unwrap());
        assert_eq!(read_plan(&name).unwrap(), plan);
        let (_kept, name) = file("plan", PLAN);
        assert_eq!(read_plan(&name).unwrap(), plan);
    }

    #[test]
    fn what_is_no_file_is_told_without_waiting_for_it() {
        let directory = tempfile::tempdir().unwrap();
        let name = directory.path().to_str().unwrap();
        assert_eq!(read_plan(name).unwrap_err().to_string(), format!("`{name}` is a directory, not a file"));
        assert_eq!(read_plan("/dev/zero").unwrap_err().to_string(), "`/dev/zero` is a device, not a file");
        let missing = format!("{name}/PLAN.toml");
        assert_eq!(read_plan(&missing).unwrap_err().to_string(), format!("there is no file `{missing}`"));
        let socket = format!("{name}/socket");
        let _listening = std::os::unix::net::UnixListener::bind(&socket).unwrap();
        assert_eq!(read_plan(&socket).unwrap_err().to_string(), format!("`{socket}` is a socket, not a file"));
    }

    #[test]
    fn a_file_that_is_too_long_is_refused_without_being_taken_in() {
        let (_kept, name) = file("a.toml", "");
        File::options().write(true).open(&name).unwrap().set_len(1 << 40).unwrap();
        assert_eq!(read_plan(&name).unwrap_err().to_string(), format!("{name} is longer than 32 MiB"));
        assert!(take(io::repeat(b'#').take(PLAN_BYTES_MAX as u64), "x").is_ok());
    }
}
