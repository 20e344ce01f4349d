//! Git as typed verbs, one file each. The only crate that calls git.
//!
//! **Git never runs with an agent's configuration.** A repository's configuration is code (hooks, `core.fsmonitor`,
//! filters, `diff.external`, `core.sshCommand`, …), and an agent writes its own. So:
//!
//! * No command has an agent's `.git` as its repository, and none looks for a repository by itself: each names a
//!   repository of ours (`control.git`) as its `--git-dir`, and starts in a directory of ours.
//! * Flags and environment switch off all that a configuration could do, ours included: the tables in `command.rs`.
//! * What an agent has done is read from its files: regular files only, never through a link, with a bound. Its objects
//!   are copied, packed again, hashed again and checked (`--strict`) before they are in `control.git`.
//! * An agent's work tree is only ever a work tree: files to look at, with a private index that lies outside of it. What goes into objects
//!   is read from copies of ours, which were opened without following a link: an agent may live while its files are taken.
//! * Object names and refs are types that cannot be an option ([`Oid`], [`RefName`]).
//!
//! [`PersonRepo`] is the one exception: it runs in the person's process, with the person's rights and configuration, in
//! the person's repository.

#![forbid(unsafe_code)]

mod clone;
mod command;
mod control;
mod error;
mod file_system;
mod git;
mod identity;
mod oid;
mod person;
mod ref_name;
mod skeleton;
mod words;

pub use clone::collect::{CollectError, CollectPlan, Collected};
pub use clone::copy_ignored::{CopyIgnoredError, IgnoredCopied};
pub use clone::note::{LeftOut, Note};
pub use clone::place::ClonePlace;
pub use clone::prepare::ClonePlan;
pub use clone::remove::RemoveError;
pub use clone::rescue::{RescuePlan, Rescued};
pub use clone::unfinished::Unfinished;
pub use control::Control;
pub use control::changes::{Change, ChangeKind, Changes};
pub use control::diff::{Diff, FileStat};
pub use control::gate_checkout::GatePlace;
pub use control::history::LogEntry;
pub use control::import::ImportError;
pub use control::list_paths::PathList;
pub use control::merge_tree::{ConflictFile, ConflictKind, Merge};
pub use control::open::OpenError;
pub use control::refs::Cas;
pub use error::GitError;
pub use git::{FoundError, Git};
pub use identity::{BadIdentity, Identity};
pub use oid::{BadOid, ObjectFormat, Oid};
pub use person::PersonRepo;
pub use person::bundle::BundleError;
pub use person::discover::{Head, NotUsable};
pub use person::gitlinks::{Gitlinks, gitlinks};
pub use person::land::{LandError, LandInto, LandMode, LandPlan, Landed};
pub use person::push::PushError;
pub use ref_name::{BadRefName, RefName};
