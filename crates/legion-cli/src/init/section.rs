//! A section of Legion's inside a file of the person's. Everything outside of it stays byte for byte.

/// The lines that a section stands between.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Marks {
    pub(super) begin: &'static str,
    pub(super) end: &'static str,
}

/// In Markdown, where they are not shown.
pub(super) const MARKDOWN: Marks = Marks { begin: "<!-- legion:begin -->", end: "<!-- legion:end -->" };

/// In files whose comments begin with a number sign.
pub(super) const NUMBER_SIGN: Marks = Marks { begin: "# legion:begin", end: "# legion:end" };

const UTF8_MARK: &[u8] = b"\xEF\xBB\xBF";

/// Why a file cannot take a section.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SectionFault {
    #[error("is UTF-16; save it as UTF-8")]
    Utf16,
    #[error("has the line `{begin}` without `{end}` behind it; put it back or delete the line")]
    NoEnd { begin: &'static str, end: &'static str },
    #[error("has the line `{end}` without `{begin}` before it; put it back or delete the line")]
    NoBegin { begin: &'static str, end: &'static str },
    #[error("has the line `{begin}` twice; keep one of the sections")]
    Twice { begin: &'static str },
}

/// Whether the file has a section.
pub(super) fn has_section(old: &[u8], marks: Marks) -> Result<bool, SectionFault> {
    Ok(find(old, marks)?.is_some())
}

/// The file with `section` in place of the one that it has, or behind everything. `section` has its marks and ends with a line feed.
pub(super) fn put(old: &[u8], section: &str, marks: Marks) -> Result<Vec<u8>, SectionFault> {
    let line_end = line_end(old);
    let section = section.trim_end().lines().collect::<Vec<_>>().join(line_end);
    let mut new = Vec::with_capacity(old.len() + section.len() + 4);
    match find(old, marks)? {
        Some((start, end)) => {
            new.extend_from_slice(&old[..start]);
            new.extend_from_slice(section.as_bytes());
            new.extend_from_slice(&old[end..]);
        }
        None => {
            new.extend_from_slice(old);
            if !old.strip_prefix(UTF8_MARK).unwrap_or(old).is_empty() {
                if !old.ends_with(b"\n") {
                    new.extend_from_slice(line_end.as_bytes());
                }
                new.extend_from_slice(line_end.as_bytes());
            }
            new.extend_from_slice(section.as_bytes());
            new.extend_from_slice(line_end.as_bytes());
        }
    }
    Ok(new)
}

/// Where the section is, its marks included, the end of its last line not.
fn find(old: &[u8], marks: Marks) -> Result<Option<(usize, usize)>, SectionFault> {
    if old.starts_with(b"\xFF\xFE") || old.starts_with(b"\xFE\xFF") {
        return Err(SectionFault::Utf16);
    }
    let Marks { begin, end } = marks;
    let (mut opened, mut found, mut offset) = (None, None, 0);
    for line in old.split_inclusive(|byte| *byte == b'\n') {
        let text = if offset == 0 { line.strip_prefix(UTF8_MARK).unwrap_or(line) } else { line };
        let start = offset + (line.len() - text.len());
        let trimmed = text.trim_ascii();
        if trimmed == begin.as_bytes() {
            if opened.is_some() || found.is_some() {
                return Err(SectionFault::Twice { begin });
            }
            opened = Some(start);
        } else if trimmed == end.as_bytes() {
            let Some(start) = opened.take() else { return Err(SectionFault::NoBegin { begin, end }) };
            found = Some((start, offset + line.trim_ascii_end().len()));
        }
        offset += line.len();
    }
    if opened.is_some() { Err(SectionFault::NoEnd { begin, end }) } else { Ok(found) }
}

/// How the file ends its lines, by the first of them.
fn line_end(old: &[u8]) -> &'static str {
    match old.iter().position(|byte| *byte == b'\n') {
        Some(at) if at > 0 && old[at - 1] == b'\r' => "\r\n",
        _ => "\n",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = "<!-- legion:begin -->\none\n<!-- legion:end -->\n";
    const TWO: &str = "<!-- legion:begin -->\ntwo\nlines\n<!-- legion:end -->\n";

    fn placed(old: &str, section: &str) -> String {
        String::from_utf8(put(old.as_bytes(), section, MARKDOWN).unwrap()).unwrap()
    }

    #[test]
    fn a_section_is_put_behind_everything() {
        assert_eq!(placed("", ONE), ONE);
        assert_eq!(placed("# Mine\n", ONE), format!("# Mine\n\n{ONE}"));
        assert_eq!(placed("# Mine", ONE), format!("# Mine\n\n{ONE}"));
        assert_eq!(placed("\u{feff}", ONE), format!("\u{feff}{ONE}"));
        assert_eq!(placed("\u{feff}a\r\nb", ONE), format!("\u{feff}a\r\nb\r\n\r\n{}", ONE.replace('\n', "\r\n")));
    }

    #[test]
    fn a_section_is_replaced_and_nothing_else() {
        for (before, after) in [
            ("", ""),
            ("# Mine\n\n", "\nmore\n"),
            ("a\r\n", "\r\nb"),
            ("\u{feff}", "\n \n\t"),
            ("trailing \t\n", "   \nnot a mark: <!-- legion:begin --> here\n"),
        ] {
            let line_end = line_end(format!("{before}x\n").as_bytes());
            let section = |text: &str| text.trim_end().replace('\n', line_end);
            let old = format!("{before}{}{after}", section(ONE));
            let new = placed(&old, TWO);
            assert_eq!(new, format!("{before}{}{after}", section(TWO)), "{old:?}");
            assert_eq!(placed(&new, TWO), new);
            assert_eq!(placed(&new, ONE), old);
        }
    }

    #[test]
    fn putting_twice_is_putting_once() {
        for old in ["", "a", "a\n", "a\r\n", "\u{feff}a\r\nb", "\n\n"] {
            let once = placed(old, ONE);
            assert_eq!(placed(&once, ONE), once, "{old:?}");
            assert!(once.starts_with(old), "{old:?}");
        }
    }

    #[test]
    fn bytes_that_are_no_utf8_are_kept() {
        let old = b"caf\xe9\n";
        let new = put(old, ONE, MARKDOWN).unwrap();
        assert!(new.starts_with(old));
    }

    #[test]
    fn marks_that_do_not_match_are_refused() {
        let fault = |old: &str| put(old.as_bytes(), ONE, MARKDOWN).unwrap_err();
        let Marks { begin, end } = MARKDOWN;
        assert_eq!(fault("<!-- legion:begin -->\nmine"), SectionFault::NoEnd { begin, end });
        assert_eq!(fault("<!-- legion:end -->\n"), SectionFault::NoBegin { begin, end });
        assert_eq!(fault(&format!("{ONE}{ONE}")), SectionFault::Twice { begin });
        assert_eq!(
            fault("<!-- legion:begin -->\n<!-- legion:begin -->\n<!-- legion:end -->"),
            SectionFault::Twice { begin }
        );
        assert_eq!(put(b"\xFF\xFEa\0", ONE, MARKDOWN), Err(SectionFault::Utf16));
    }
}
