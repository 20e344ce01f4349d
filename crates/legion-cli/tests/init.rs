//! What `legion init` writes into a repository, and what it leaves alone.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use legion_cli::{InitError, InitFault, InitOutcome, InitReport, write_all};

const FILES: [&str; 5] =
    ["AGENTS.md", "CLAUDE.md", ".claude/commands/split-tickets.md", "legion.toml", ".legion/.gitignore"];
const BEGIN: &str = "<!-- legion:begin -->";
const END: &str = "<!-- legion:end -->";

fn repository() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

fn init(root: &Path) -> Vec<InitOutcome> {
    let mut report = InitReport::default();
    write_all(root, &mut report).unwrap();
    assert_eq!(report.files.iter().map(|(path, _)| path.clone()).collect::<Vec<_>>(), FILES.map(PathBuf::from));
    report.files.into_iter().map(|(_, outcome)| outcome).collect()
}

fn refused(root: &Path) -> InitError {
    let mut report = InitReport::default();
    let error = write_all(root, &mut report).unwrap_err();
    assert!(report.files.is_empty());
    error
}

fn text(root: &Path, name: &str) -> String {
    fs::read_to_string(root.join(name)).unwrap()
}

/// Every file below a directory with its bytes and mode.
fn contents(root: &Path) -> Vec<(PathBuf, Vec<u8>, u32)> {
    let mut found = Vec::new();
    let mut open = vec![root.to_owned()];
    while let Some(directory) = open.pop() {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            let metadata = fs::symlink_metadata(&path).unwrap();
            if metadata.is_dir() {
                open.push(path);
            } else {
                found.push((path.clone(), fs::read(&path).unwrap_or_default(), metadata.mode()));
            }
        }
    }
    found.sort();
    found
}

#[test]
fn an_empty_repository_gets_every_file_once() {
    let root = repository();
    assert_eq!(init(root.path()), [InitOutcome::Created; 5]);
    assert_eq!(text(root.path(), "CLAUDE.md"), text(root.path(), "AGENTS.md"));
    let instructions = text(root.path(), "CLAUDE.md");
    assert!(instructions.starts_with(BEGIN) && instructions.ends_with(&format!("{END}\n")));
    for verb in ["dispatch", "check", "status", "stop", "deps", "retry", "report", "diff", "why"] {
        assert!(instructions.contains(&format!("`legion-{verb}`")), "{verb}");
    }
    assert!(text(root.path(), FILES[2]).starts_with("---\ndescription: "));
    let before = contents(root.path());
    assert_eq!(before.len(), 5, "nothing temporary stays");
    let inode = fs::metadata(root.path().join("CLAUDE.md")).unwrap().ino();
    let again = init(root.path());
    assert_eq!(again[..3], [InitOutcome::Unchanged; 3]);
    assert_eq!(again[3..], [InitOutcome::Kept, InitOutcome::Unchanged]);
    assert_eq!(contents(root.path()), before);
    assert_eq!(fs::metadata(root.path().join("CLAUDE.md")).unwrap().ino(), inode, "what is up to date is not written");
}

#[test]
fn what_the_person_wrote_stays_byte_for_byte() {
    for old in [
        &b"# Mine\n\ntext\n"[..],
        b"no line end",
        b"\xEF\xBB\xBF# Mine\r\n\r\ntext\r\n",
        b"\xEF\xBB\xBFone\r\ntwo",
        b"caf\xe9 \xff\n",
        b"\n\n\n",
    ] {
        let root = repository();
        let path = root.path().join("CLAUDE.md");
        fs::write(&path, old).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o640)).unwrap();
        assert_eq!(init(root.path())[1], InitOutcome::Updated);
        let new = fs::read(&path).unwrap();
        assert!(new.starts_with(old), "{old:?}");
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o7777, 0o640);
        let carriage_returns = new.windows(2).filter(|pair| pair == b"\r\n").count();
        let line_feeds = new.iter().filter(|byte| **byte == b'\n').count();
        assert!(carriage_returns == 0 || carriage_returns == line_feeds, "one kind of line end");
        assert_eq!(init(root.path())[1], InitOutcome::Unchanged);
    }
}

#[test]
fn an_old_section_is_replaced_between_what_the_person_wrote() {
    let root = repository();
    let path = root.path().join("AGENTS.md");
    fs::write(&path, format!("before \n\n{BEGIN}\nof an older version\n{END}\n\nafter, no line end")).unwrap();
    assert_eq!(init(root.path())[0], InitOutcome::Updated);
    let new = text(root.path(), "AGENTS.md");
    assert!(new.starts_with(&format!("before \n\n{BEGIN}\n## ")), "{new}");
    assert!(new.ends_with(&format!("{END}\n\nafter, no line end")), "{new}");
    assert!(!new.contains("older version"));
    assert_eq!(new.matches(BEGIN).count(), 1);
}

#[test]
fn the_persons_own_command_and_configuration_are_kept() {
    let root = repository();
    fs::create_dir_all(root.path().join(".claude/commands")).unwrap();
    fs::write(root.path().join(FILES[2]), "my own way\n").unwrap();
    fs::write(root.path().join("legion.toml"), "[gates]\ntest = \"make\"\n").unwrap();
    assert_eq!(init(root.path())[2..4], [InitOutcome::Kept; 2]);
    assert_eq!(text(root.path(), FILES[2]), "my own way\n");
    assert_eq!(text(root.path(), "legion.toml"), "[gates]\ntest = \"make\"\n");
}

#[test]
fn an_older_command_is_brought_up_to_date_and_what_is_around_it_stays() {
    let root = repository();
    fs::create_dir_all(root.path().join(".claude/commands")).unwrap();
    fs::write(root.path().join(FILES[2]), format!("---\nmodel: opus\n---\n{BEGIN}\nold\n{END}\nAnd be brief.\n"))
        .unwrap();
    assert_eq!(init(root.path())[2], InitOutcome::Updated);
    let new = text(root.path(), FILES[2]);
    assert!(new.starts_with(&format!("---\nmodel: opus\n---\n{BEGIN}\nCut this")), "{new}");
    assert!(new.ends_with(&format!("{END}\nAnd be brief.\n")) && !new.contains("description:"), "{new}");
}

#[test]
fn two_names_of_one_file_are_written_once() {
    for exists in [true, false] {
        let root = repository();
        if exists {
            fs::write(root.path().join("AGENTS.md"), "mine\n").unwrap();
        }
        symlink("AGENTS.md", root.path().join("CLAUDE.md")).unwrap();
        let outcomes = init(root.path());
        assert_eq!(outcomes[0], if exists { InitOutcome::Updated } else { InitOutcome::Created });
        assert_eq!(outcomes[1], InitOutcome::SameFile);
        assert_eq!(fs::read_link(root.path().join("CLAUDE.md")).unwrap(), Path::new("AGENTS.md"), "the link stays");
        assert_eq!(text(root.path(), "CLAUDE.md").matches(BEGIN).count(), 1);
    }
    let root = repository();
    fs::create_dir(root.path().join("docs")).unwrap();
    fs::write(root.path().join("docs/agents.md"), "mine\n").unwrap();
    symlink("docs/agents.md", root.path().join("CLAUDE.md")).unwrap();
    symlink(root.path().join("docs/agents.md"), root.path().join("AGENTS.md")).unwrap();
    assert_eq!(init(root.path())[..2], [InitOutcome::Updated, InitOutcome::SameFile]);
    assert_eq!(text(root.path(), "docs/agents.md").matches(BEGIN).count(), 1);
}

#[test]
fn a_file_that_takes_in_the_other_is_left_alone() {
    let root = repository();
    fs::write(root.path().join("CLAUDE.md"), "# Mine\r\n@AGENTS.md\r\n").unwrap();
    assert_eq!(init(root.path())[..2], [InitOutcome::Created, InitOutcome::Imports]);
    assert_eq!(text(root.path(), "CLAUDE.md"), "# Mine\r\n@AGENTS.md\r\n");
}

#[test]
fn what_cannot_be_written_is_told_before_anything_is() {
    let root = repository();
    let path = root.path().join("CLAUDE.md");
    fs::write(&path, "mine\n").unwrap();
    fs::set_permissions(&path, Permissions::from_mode(0o444)).unwrap();
    fs::write(root.path().join("AGENTS.md"), format!("{BEGIN}\n")).unwrap();
    fs::write(root.path().join(".claude"), "a file\n").unwrap();
    let before = contents(root.path());
    let error = refused(root.path());
    assert_eq!(
        error.to_string(),
        "`AGENTS.md` has the line `<!-- legion:begin -->` without `<!-- legion:end -->` behind it; put it back or delete the line; \
         `CLAUDE.md` is read-only; allow writing with `chmod u+w`, then run this again; failed to read `.claude`: not a directory"
    );
    assert_eq!(contents(root.path()), before);
}

#[test]
fn links_that_lead_out_or_nowhere_are_refused() {
    let outside = repository();
    fs::write(outside.path().join("CLAUDE.md"), "theirs\n").unwrap();
    let root = repository();
    symlink(outside.path().join("CLAUDE.md"), root.path().join("CLAUDE.md")).unwrap();
    let error = refused(root.path());
    assert!(matches!(error.faults.as_slice(), [InitFault::Outside { .. }]), "{error}");
    assert_eq!(text(outside.path(), "CLAUDE.md"), "theirs\n");

    let root = repository();
    symlink(outside.path(), root.path().join(".claude")).unwrap();
    assert!(matches!(refused(root.path()).faults.as_slice(), [InitFault::Outside { .. }]));
    assert!(!outside.path().join("commands").exists());

    let root = repository();
    symlink("CLAUDE.md", root.path().join("CLAUDE.md")).unwrap();
    assert_eq!(refused(root.path()).to_string(), "`CLAUDE.md` is a link that leads to itself");

    let root = repository();
    fs::create_dir(root.path().join("CLAUDE.md")).unwrap();
    assert_eq!(refused(root.path()).to_string(), "`CLAUDE.md` is not a file");

    let missing = root.path().join("nowhere");
    assert!(refused(&missing).to_string().starts_with("failed to read `"));
}

#[test]
fn a_new_file_has_the_mode_that_any_new_file_has() {
    let root = repository();
    fs::write(root.path().join("other"), "").unwrap();
    init(root.path());
    let mode = |name: &str| fs::metadata(root.path().join(name)).unwrap().mode();
    assert_eq!(mode("CLAUDE.md"), mode("other"));
}

#[test]
fn the_configuration_is_toml_with_its_examples_too() {
    let root = repository();
    init(root.path());
    let configuration = text(root.path(), "legion.toml");
    let _: toml::Table = configuration.parse().unwrap();
    let shown: String = configuration
        .lines()
        .map(|line| line.strip_prefix("# ").filter(|line| line.contains(" = ")).unwrap_or(line))
        .map(|line| format!("{line}\n"))
        .collect();
    let table: toml::Table = shown.parse().unwrap();
    for (section, key) in [("gates", "test"), ("setup", "command"), ("protect", "paths")] {
        assert!(table[section].get(key).is_some(), "{section}.{key}");
    }
}

#[test]
fn the_example_of_the_command_is_a_plan() {
    let root = repository();
    init(root.path());
    let page = text(root.path(), FILES[2]);
    let example = page.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let plan = legion_cli::parse_plan(example.as_bytes(), "example", legion_cli::PlanFormat::Toml).unwrap();
    assert_eq!(plan.ticket.len(), 2);
}
