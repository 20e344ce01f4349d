//! Commits and how they are related.

use jiff::Timestamp;

use crate::command::LIST_BYTES_MAX;
use crate::control::Control;
use crate::error::GitError;
use crate::oid::Oid;
use crate::words;

/// A commit on a line of first parents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogEntry {
    pub commit: Oid,
    pub tree: Oid,
    pub parents: Vec<Oid>,
    pub author: String,
    pub at: Timestamp,
    pub subject: String,
}

const FORMAT: &str = "--format=tformat:%H%x00%T%x00%P%x00%an%x00%at%x00%s";
const FIELDS: usize = 6;

impl Control {
    /// Whether this object is here.
    ///
    /// # Errors
    /// When git fails.
    pub async fn has_commit(&self, commit: &Oid) -> Result<bool, GitError> {
        let call = self.call("cat-file").args(["-e", &format!("{commit}^{{commit}}")]);
        Ok(call.run_any().await?.status.success())
    }

    /// The tree of a commit.
    ///
    /// # Errors
    /// When there is no such commit.
    pub async fn tree_of(&self, commit: &Oid) -> Result<Oid, GitError> {
        self.rev_parse(&format!("{commit}^{{tree}}")).await
    }

    /// The parents of a commit, first parent first.
    ///
    /// # Errors
    /// When there is no such commit.
    pub async fn parents_of(&self, commit: &Oid) -> Result<Vec<Oid>, GitError> {
        let listed = self.call("rev-list").args(["--no-walk", "--parents"]).arg(commit).run().await?;
        let line = String::from_utf8_lossy(&listed);
        line.split_whitespace()
            .skip(1)
            .map(|oid| oid.parse().map_err(|_| GitError::unexpected("rev-list", &listed)))
            .collect()
    }

    /// Whether `descendant` is `ancestor`, or has it in its history.
    ///
    /// # Errors
    /// When one of them is not here.
    pub async fn is_ancestor(&self, ancestor: &Oid, descendant: &Oid) -> Result<bool, GitError> {
        let call = self.call("merge-base").arg("--is-ancestor").args([ancestor, descendant]);
        let output = call.clone().run_any().await?;
        match output.status.code() {
            Some(0) => Ok(true),
            Some(1) => Ok(false),
            _ => Err(call.failed(&output)),
        }
    }

    /// A best common ancestor, or `None` when the two have nothing in common.
    ///
    /// # Errors
    /// When one of them is not here.
    pub async fn merge_base(&self, one: &Oid, other: &Oid) -> Result<Option<Oid>, GitError> {
        let call = self.call("merge-base").args([one, other]);
        let output = call.clone().run_any().await?;
        match output.status.code() {
            Some(0) => {
                let base = Oid::from_output(&output.stdout);
                base.map(Some).ok_or_else(|| GitError::unexpected("merge-base", &output.stdout))
            }
            Some(1) => Ok(None),
            _ => Err(call.failed(&output)),
        }
    }

    /// How many commits `to` has that `from` has not.
    ///
    /// # Errors
    /// When one of them is not here.
    pub async fn count(&self, from: &Oid, to: &Oid) -> Result<u32, GitError> {
        let counted = self.call("rev-list").args(["--count", to.as_str(), &format!("^{from}")]).long().run().await?;
        let number = std::str::from_utf8(&counted).ok().and_then(|text| text.trim().parse().ok());
        number.ok_or_else(|| GitError::unexpected("rev-list", &counted))
    }

    /// The first parents of `to` that are not in the history of `from`, newest first, at most `max`.
    ///
    /// # Errors
    /// When one of them is not here.
    pub async fn log_first_parent(&self, from: Option<&Oid>, to: &Oid, max: usize) -> Result<Vec<LogEntry>, GitError> {
        let call = self.call("log").args(["-z", "--first-parent", "--no-show-signature", "--no-notes", FORMAT]);
        let mut call = call.arg(format!("--max-count={max}")).arg(to);
        if let Some(from) = from {
            call = call.arg(format!("^{from}"));
        }
        let listed = call.long().output_bytes_max(LIST_BYTES_MAX).run().await?;
        let fields: Vec<&[u8]> = words::words(&listed).collect();
        fields
            .chunks(FIELDS)
            .map(|entry| log_entry(entry).ok_or_else(|| GitError::unexpected("log", &listed)))
            .collect()
    }

    pub(crate) async fn rev_parse(&self, revision: &str) -> Result<Oid, GitError> {
        let answer = self.call("rev-parse").args(["--verify", "--quiet", revision]).run().await?;
        Oid::from_output(&answer).ok_or_else(|| GitError::unexpected("rev-parse", &answer))
    }
}

fn log_entry(fields: &[&[u8]]) -> Option<LogEntry> {
    let [commit, tree, parents, author, at, subject] = fields else { return None };
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Some(LogEntry {
        commit: Oid::from_output(commit)?,
        tree: Oid::from_output(tree)?,
        parents: text(parents).split_whitespace().map(|oid| oid.parse().ok()).collect::<Option<_>>()?,
        author: text(author),
        at: Timestamp::from_second(text(at).parse().ok()?).ok()?,
        subject: text(subject),
    })
}
