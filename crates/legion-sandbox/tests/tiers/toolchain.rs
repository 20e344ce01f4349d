//! The machine's compilers, inside.

use std::path::Path;

use legion_sandbox::{Tier, toolchains};

use crate::support::{Place, stderr, stdout};

#[tokio::test]
async fn cargo_test_works_inside_of_the_strongest_tier() {
    let mut place = Place::new();
    let home = std::env::var("HOME").unwrap();
    let rustup = std::env::var("RUSTUP_HOME").map_or_else(|_| Path::new(&home).join(".rustup"), Into::into);
    let toolchain = std::env::var("RUSTUP_TOOLCHAIN").expect("cargo sets it for its tests");
    place.dir.file("own/Cargo.toml", "[package]\nname = \"small\"\nversion = \"0.1.0\"\nedition = \"2024\"\n");
    place.dir.file("own/src/lib.rs", "#[test]\nfn adds() {\n    assert_eq!(1 + 1, 2);\n}\n");
    for name in ["own/Cargo.toml", "own/src", "own/src/lib.rs"] {
        place.give(name);
    }
    place.confinement.grant.execute.extend(toolchains(Path::new(&home)));
    if !place.confinement.grant.execute.contains(&rustup) {
        place.confinement.grant.execute.push(rustup.clone());
    }
    let path = rustup.join("toolchains").join(toolchain).join("bin");
    let environment = &mut place.confinement.environment;
    environment.insert("PATH".to_owned(), format!("{}:/usr/bin:/bin", path.display()));
    environment.insert("HOME".to_owned(), "/tmp".to_owned());
    let output = place.shell(Tier::Full, "cargo test --offline --quiet").await;
    assert!(stdout(&output).contains("1 passed"), "{}\n{}", stdout(&output), stderr(&output));
}
