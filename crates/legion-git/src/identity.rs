//! Who is named in a commit.

const PART_BYTES_MAX: usize = 200;

/// A name and an address as they stand in a commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    name: String,
    email: String,
}

/// Why a name or an address cannot stand in a commit.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{part:?} cannot be the {what} of a commit's author: 1 to 200 bytes without control characters, `<` and `>`")]
pub struct BadIdentity {
    pub what: &'static str,
    pub part: String,
}

impl Identity {
    /// What git drops at both ends of a name (spaces, dots, quotes) is dropped here too.
    ///
    /// # Errors
    /// When git would refuse one of them.
    pub fn new(name: &str, email: &str) -> Result<Self, BadIdentity> {
        Ok(Self { name: checked("name", name)?, email: checked("address", email)? })
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    pub fn email(&self) -> &str {
        &self.email
    }
}

fn checked(what: &'static str, part: &str) -> Result<String, BadIdentity> {
    let kept = part.trim_matches(|c: char| c == ' ' || ".,:;\"\\'".contains(c));
    let fits = (1..=PART_BYTES_MAX).contains(&kept.len());
    if fits && !kept.chars().any(|c| c.is_control() || c == '<' || c == '>') {
        return Ok(kept.to_owned());
    }
    Err(BadIdentity { what, part: part.chars().take(80).collect() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_git_would_refuse_is_refused_here() {
        assert_eq!(Identity::new(" Ada L.", "ada@example.invalid").unwrap().name(), "Ada L");
        for bad in ["", " ", "a\nb", "a<b", "..."] {
            assert!(Identity::new(bad, "a@b").is_err(), "{bad:?}");
            assert!(Identity::new("a", bad).is_err(), "{bad:?}");
        }
    }
}
