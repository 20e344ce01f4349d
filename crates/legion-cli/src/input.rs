//! Text given on standard input instead of as an argument.

use std::io::{self, Read};

use legion_api::{Problem, ProblemCode};

use crate::error::CliError;

/// The longest text that the service takes.
const TEXT_BYTES_MAX: usize = 1024 * 1024;

/// The text itself, or all of standard input for `-`.
pub(crate) fn text(argument: &str) -> Result<String, CliError> {
    if argument == "-" { read(io::stdin().lock()) } else { Ok(argument.to_owned()) }
}

fn read(input: impl Read) -> Result<String, CliError> {
    let mut bytes = Vec::new();
    // One byte more, to see that it is too long without taking in all of it.
    input.take(TEXT_BYTES_MAX as u64 + 1).read_to_end(&mut bytes).map_err(CliError::Input)?;
    if bytes.len() > TEXT_BYTES_MAX {
        let problem = Problem::new(ProblemCode::TooLarge, "the text on standard input is longer than 1 MiB");
        return Err(CliError::from(problem.hint("put it into a file and name the file in the text")));
    }
    String::from_utf8(bytes).map_err(|_| CliError::Usage {
        what: "the text on standard input is not UTF-8".to_owned(),
        hint: Some("convert it, for instance with `iconv -t UTF-8`".to_owned()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_read_to_its_end() {
        assert_eq!(read("two\nlines\n".as_bytes()).unwrap(), "two\nlines\n");
    }

    #[test]
    fn a_text_that_is_too_long_is_refused_without_being_taken_in() {
        let error = read(io::repeat(b'x')).unwrap_err();
        assert_eq!(error.exit_code(), 14);
    }

    #[test]
    fn bytes_that_are_no_text_are_wrong_usage() {
        assert_eq!(read(&[0xff, 0xfe][..]).unwrap_err().exit_code(), 2);
    }
}
