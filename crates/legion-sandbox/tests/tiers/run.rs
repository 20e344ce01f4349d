//! Starting and ending.

use std::time::Duration;

use legion_sandbox::{EXIT_NOT_CONFINED, EXIT_NOT_EXECUTABLE, EXIT_NOT_FOUND, LaunchError, Tier};
use legion_testkit::until;

use crate::support::{Place, all_arguments, is_root, stderr, stdout, tools};

#[tokio::test]
async fn a_program_finds_its_environment_and_no_other_in_its_directory_under_its_user() {
    let mut place = Place::new();
    place.confinement.environment.insert("TOKEN".to_owned(), "a b\n\"c".to_owned());
    for tier in Tier::ALL {
        let output = place.run(tier, "env", &["--null"]).await;
        let mut found: Vec<_> = output.stdout.split(|&byte| byte == 0).filter(|text| !text.is_empty()).collect();
        found.retain(|text| !text.starts_with(b"PWD="));
        found.sort_unstable();
        assert_eq!(
            found,
            [&b"PATH=/usr/local/bin:/usr/bin:/bin"[..], b"TOKEN=a b\n\"c"],
            "{tier}: {}",
            stderr(&output)
        );
        let output = place.shell(tier, "pwd; id -u; id -G; ls /proc/self/fd | wc -l").await;
        let uid = place.confinement.account.map_or(rustix::process::geteuid().as_raw(), |account| account.uid);
        let said = stdout(&output);
        let lines: Vec<&str> = said.lines().collect();
        assert_eq!(lines[..2], [place.own().display().to_string(), uid.to_string()], "{tier}");
        if is_root() {
            assert_eq!(lines[2], uid.to_string(), "{tier}: groups of the service are left");
        }
        // Three, and the directory that `ls` reads.
        assert_eq!(lines[3], "4", "{tier}");
    }
}

#[tokio::test]
async fn how_a_program_ends_is_how_its_helper_ends() {
    let place = Place::new();
    std::fs::write(place.own().join("no-program"), "x").unwrap();
    for tier in Tier::ALL {
        assert_eq!(place.shell(tier, "exit 7").await.status.code(), Some(7), "{tier}");
        let missing = place.run(tier, "no-such-program", &[]).await;
        assert_eq!(missing.status.code(), Some(i32::from(EXIT_NOT_FOUND)), "{tier}");
        assert!(stderr(&missing).contains("`no-such-program`"), "{tier}: {}", stderr(&missing));
        let path = place.own().join("no-program").display().to_string();
        let refused = place.run(tier, &path, &[]).await;
        assert_eq!(refused.status.code(), Some(i32::from(EXIT_NOT_EXECUTABLE)), "{tier}: {}", stderr(&refused));
    }
}

#[tokio::test]
async fn what_was_granted_and_is_missing_is_said_and_nothing_runs() {
    let mut place = Place::new();
    let missing = place.dir.path().join("missing");
    place.confinement.grant.read.push(missing.clone());
    for tier in Tier::ALL {
        let output = place.shell(tier, "echo ran").await;
        assert_eq!(output.status.code(), Some(i32::from(EXIT_NOT_CONFINED)), "{tier}");
        assert!(stderr(&output).contains(&missing.display().to_string()), "{tier}: {}", stderr(&output));
        assert_eq!(stdout(&output), "");
    }
}

#[tokio::test]
async fn no_tier_runs_a_program_as_root() {
    let mut place = Place::new();
    if !is_root() {
        // Then it is the kernel that knows: a plain user cannot become another one.
        place.confinement.account = Some(legion_sandbox::Account { uid: 54_322, gid: 54_322 });
        let output = place.shell(Tier::None, "id -u").await;
        assert_eq!(output.status.code(), Some(i32::from(EXIT_NOT_CONFINED)));
        return;
    }
    place.confinement.account = None;
    for tier in Tier::ALL {
        let refused = tools().launch(tier, &place.confinement, "true", &[]).unwrap_err();
        assert!(matches!(refused, LaunchError::Confinement(_)), "{tier}: {refused}");
    }
    // Nor when the order is written by hand.
    let order = serde_json::json!({"tier": "none", "bwrap": null, "confinement": place.confinement}).to_string();
    let helper = legion_process::Program::new(tools().helper).args(["confine", &order, "id", "-u"]);
    let output = helper.env("PATH", "/usr/bin:/bin").run_to_end(Duration::from_secs(10), 4096).await.unwrap();
    assert_eq!(output.status.code(), Some(i32::from(EXIT_NOT_CONFINED)), "{}", stderr(&output));
}

#[tokio::test]
async fn a_secret_of_the_environment_is_in_no_processs_arguments() {
    let mut place = Place::new();
    let canary = format!("canary-{}", std::process::id());
    place.confinement.environment.insert("TOKEN".to_owned(), canary.clone());
    for tier in Tier::ALL {
        let line = "echo \"$TOKEN\" | wc -c > began; while [ ! -e go ]; do :; done; rm began go";
        let began = place.own().join("began");
        let watch = async {
            until(Duration::from_secs(20), "the program to begin", async || std::fs::metadata(&began)).await;
            let found = all_arguments();
            assert!(found.len() > 2, "no process can be seen");
            let with = found.iter().filter(|words| words.windows(canary.len()).any(|part| part == canary.as_bytes()));
            assert_eq!(with.count(), 0, "{tier}");
            std::fs::write(place.own().join("go"), "").unwrap();
        };
        let (output, ()) = tokio::join!(place.shell(tier, line), watch);
        assert!(output.status.success(), "{tier}: {}", stderr(&output));
    }
}

#[tokio::test]
async fn nothing_of_a_tree_outlives_a_program_in_its_own_namespaces() {
    let mut place = Place::new();
    let process: uuid::Uuid = "0198c0de-0000-7000-8000-00000000beef".parse().unwrap();
    place.confinement.environment.insert("LEGION_PROCESS_ID".to_owned(), format!("{process}"));
    let output = place.shell(Tier::Full, "for n in 1 2 3; do setsid sleep 600 >/dev/null 2>&1 & done; echo $$").await;
    assert!(output.status.success(), "{}", stderr(&output));
    until(Duration::from_secs(5), "the tree to be gone", async || {
        match legion_process::find_live().into_iter().filter(|(id, _)| *id == process).count() {
            0 => Ok(()),
            left => Err(format!("{left} processes")),
        }
    })
    .await;
}
