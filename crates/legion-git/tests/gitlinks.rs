//! Submodules are found in the index of a person's repository, whatever its form, and nothing is executed for it.

mod support;

use std::path::PathBuf;

use legion_git::{Gitlinks, gitlinks};
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
        let found = |named_max| gitlinks(std::fs::File::open(&index).unwrap(), object_bytes, named_max).unwrap();
        assert_eq!(found(9), Gitlinks::default());
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
            let named = ["a", "src/deep/file-10.module", "vendor/with space/x"].map(PathBuf::from);
            for named_max in [9, 2] {
                let named = named.iter().take(named_max).cloned().collect();
                assert_eq!(found(named_max), Gitlinks { named, count: 3 }, "{format}, version {version}");
            }
        }
        let listed = command(&dir, &["ls-files", "-s"]).output().unwrap();
        assert_eq!(String::from_utf8_lossy(&listed.stdout).matches("160000").count(), 3);
    }
}
