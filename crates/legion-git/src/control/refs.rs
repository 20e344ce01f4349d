//! Refs: what they name, and moving them by compare-and-swap.

use crate::command::LIST_BYTES_MAX;
use crate::control::Control;
use crate::error::GitError;
use crate::oid::Oid;
use crate::ref_name::RefName;

/// How a compare-and-swap ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cas {
    /// The ref is now at what was asked for.
    Moved,
    /// It was not where it was said to be, and stayed: here it is.
    IsAt(Option<Oid>),
}

/// What was asked of a ref.
enum Move<'a> {
    To(&'a Oid),
    Delete,
}

impl Control {
    /// Returns the object that a ref names, or `None` when there is no such ref.
    ///
    /// # Errors
    /// When git fails.
    pub async fn resolve(&self, name: &RefName) -> Result<Option<Oid>, GitError> {
        let found = self.refs_below(name).await?;
        Ok(found.into_iter().find(|(found, _)| found == name).map(|(_, oid)| oid))
    }

    /// The refs that are `prefix` or lie below it, by name.
    ///
    /// # Errors
    /// When git fails.
    pub async fn refs_below(&self, prefix: &RefName) -> Result<Vec<(RefName, Oid)>, GitError> {
        let call = self.call("for-each-ref").arg("--format=%(objectname) %(refname)").arg(prefix);
        let listed = call.output_bytes_max(LIST_BYTES_MAX).run().await?;
        let mut found = Vec::new();
        for line in listed.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            let text = std::str::from_utf8(line).ok().and_then(|line| line.split_once(' '));
            let parsed = text.and_then(|(oid, name)| Some((name.parse().ok()?, oid.parse().ok()?)));
            // A name that we would never give is not ours to report.
            found.extend(parsed);
        }
        Ok(found)
    }

    /// Moves a ref to `new` if it is at `old` (`None`: if there is none), and at no other time.
    ///
    /// # Errors
    /// When git fails. A ref that is elsewhere is an answer, not an error.
    pub async fn update_ref(&self, name: &RefName, new: &Oid, old: Option<&Oid>) -> Result<Cas, GitError> {
        self.compare_and_swap(name, &Move::To(new), old).await
    }

    /// Deletes a ref if it is at `old`.
    ///
    /// # Errors
    /// When git fails.
    pub async fn delete_ref(&self, name: &RefName, old: &Oid) -> Result<Cas, GitError> {
        self.compare_and_swap(name, &Move::Delete, Some(old)).await
    }

    /// Points a ref at `new`, wherever it was.
    ///
    /// # Errors
    /// When git fails.
    pub async fn set_ref(&self, name: &RefName, new: &Oid) -> Result<(), GitError> {
        self.move_ref(|| self.call("update-ref").arg("--no-deref").args([name.as_str(), new.as_str()]), name).await
    }

    /// Pins a commit for good, under `refs/legion/keep/`.
    ///
    /// # Errors
    /// When git fails.
    pub async fn keep(&self, commit: &Oid) -> Result<(), GitError> {
        let name = format!("refs/legion/keep/{commit}");
        self.set_ref(&name.parse().expect("hexadecimal digits are a name"), commit).await
    }

    async fn compare_and_swap(&self, name: &RefName, to: &Move<'_>, old: Option<&Oid>) -> Result<Cas, GitError> {
        let zero = self.format().zero();
        let old_text = old.map_or(zero.as_str(), Oid::as_str);
        let moved = self.move_ref(
            || {
                let call = self.call("update-ref").arg("--no-deref");
                match to {
                    Move::To(new) => call.args([name.as_str(), new.as_str(), old_text]),
                    Move::Delete => call.args(["-d", name.as_str(), old_text]),
                }
            },
            name,
        );
        let Err(error) = moved.await else { return Ok(Cas::Moved) };
        let current = self.resolve(name).await?;
        if current.as_ref() != old {
            let wanted = match to {
                Move::To(new) => Some(*new),
                Move::Delete => None,
            };
            // Nobody else moves refs here: a git that was killed may have done its work before.
            let killed = !matches!(&error, GitError::Failed { status, .. } if status.contains("exit status"));
            return Ok(if killed && current.as_ref() == wanted { Cas::Moved } else { Cas::IsAt(current) });
        }
        Err(error)
    }

    /// Runs what moves `name`, alone; a lock that is in its way has no live owner.
    async fn move_ref(&self, call: impl Fn() -> crate::command::Call, name: &RefName) -> Result<(), GitError> {
        let _alone = self.refs().lock().await;
        let error = match call().run().await {
            Ok(_) => return Ok(()),
            Err(error) => error,
        };
        let locked = matches!(&error, GitError::Failed { message, .. } if message.contains(".lock': File exists"));
        if !locked {
            return Err(error);
        }
        for lock in [format!("{name}.lock"), "packed-refs.lock".to_owned(), "HEAD.lock".to_owned()] {
            let path = self.dir().join(lock);
            crate::file_system::remove(&path).map_err(GitError::file("remove", &path))?;
        }
        call().run().await.map(drop)
    }
}
