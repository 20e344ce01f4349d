//! A new repository, written by hand: no template, no configuration of whoever runs this, and no git where an agent will be.

use std::fs;
use std::io;
use std::path::Path;

use crate::identity::Identity;
use crate::oid::ObjectFormat;

/// Makes the directories and files by which git knows a repository.
pub(crate) fn write(git_dir: &Path, head: &str, config: &str) -> io::Result<()> {
    for directory in ["objects/info", "objects/pack", "refs/heads", "refs/tags", "info"] {
        fs::create_dir_all(git_dir.join(directory))?;
    }
    fs::write(git_dir.join("HEAD"), format!("ref: {head}\n"))?;
    fs::write(git_dir.join("config"), config)
}

/// The configuration of `control.git`. Fetching by name of object is how a person's git takes what landed.
pub(crate) fn control_config(format: ObjectFormat) -> String {
    let core = core_section(format, true);
    format!("{core}[gc]\n\tauto = 0\n[maintenance]\n\tauto = false\n[uploadpack]\n\tallowAnySHA1InWant = true\n")
}

/// The configuration of a clone, which is the agent's from then on.
pub(crate) fn clone_config(format: ObjectFormat, identity: &Identity) -> String {
    let core = core_section(format, false);
    let (name, email) = (quoted(identity.name()), quoted(identity.email()));
    format!(
        "{core}[user]\n\tname = {name}\n\temail = {email}\n[gc]\n\tauto = 0\n[maintenance]\n\tauto = false\n\
         [commit]\n\tgpgSign = false\n"
    )
}

fn core_section(format: ObjectFormat, bare: bool) -> String {
    let log = if bare { "" } else { "\tlogAllRefUpdates = true\n" };
    match format {
        ObjectFormat::Sha1 => {
            format!("[core]\n\trepositoryFormatVersion = 0\n\tfileMode = true\n\tbare = {bare}\n{log}")
        }
        ObjectFormat::Sha256 => format!(
            "[core]\n\trepositoryFormatVersion = 1\n\tfileMode = true\n\tbare = {bare}\n{log}\
             [extensions]\n\tobjectFormat = sha256\n"
        ),
    }
}

fn quoted(value: &str) -> String {
    format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\""))
}
