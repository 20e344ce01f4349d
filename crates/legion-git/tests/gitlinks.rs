//! Submodules are found in the index of a person's repository, whatever its form, and nothing is executed for it.

mod support;

use std::path::PathBuf;

use legion_git::gitlinks;
use legion_testkit::TestDir;
use support::{command, commit_all, plain, write};

#[test]
fn submodules_are_found_in_an_index_of_every_form() {
    let home = TestDir::new();
    for (format, object_bytes) in [("sha1", 20), ("sha256", 32)] {
        let dir = home.dir(format);
        plain(&dir, &["init", "--quiet", &format!("--object-format={format}")]);
        for number in 0..100 {
            write(dir.join(format!("src/deep/file-{number}")), "x");
        }
        let commit = commit_all(&dir, "files");
        let index = dir.join(".git/index");
        assert!(gitlinks(std::fs::File::open(&index).unwrap(), object_bytes).unwrap().is_empty());
        for path in ["a", "src/deep/file-10.module", "vendor/with space/x"] {
            plain(&dir, &["update-index", "--add", "--cacheinfo", &format!("160000,{commit},{path}")]);
        }
        for version in ["2", "3", "4"] {
            plain(&dir, &["update-index", "--index-version", version]);
            if version == "3" {
                // Flags that do not fit into the older form.
                write(dir.join("later"), "x");
                plain(&dir, &["add", "--intent-to-add", "later"]);
            }
            let found = gitlinks(std::fs::File::open(&index).unwrap(), object_bytes).unwrap();
            let expected = ["a", "src/deep/file-10.module", "vendor/with space/x"].map(PathBuf::from);
            assert_eq!(found, expected, "{format}, version {version}");
        }
        let listed = command(&dir, &["ls-files", "-s"]).output().unwrap();
        assert_eq!(String::from_utf8_lossy(&listed.stdout).matches("160000").count(), 3);
    }
}
