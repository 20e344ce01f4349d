//! The service dies; the agents do not.

use std::path::PathBuf;

use crate::support::{Legion, kill, shims_below};

const AGENTS: usize = 10;

/// Ten agents work while the service is killed, and (`rebuilt`) its binary is replaced.
fn ten_agents_go_on(rebuilt: bool) {
    let mut legion = Legion::new();
    legion.start();
    legion.dir.file("work/agent.sh", "n=0; while [ $n -lt 40 ]; do n=$((n+1)); echo line $n; sleep 0.05; done; while [ ! -e go ]; do sleep 0.05; done; echo last");
    let agents: Vec<String> = (0..AGENTS).map(|_| legion.hire("work", "sh agent.sh")).collect();
    legion.until("all work", || {
        agents.iter().all(|agent| !legion.ok(&["logs", agent, "--lines", "1"]).is_empty()).then_some(())
    });
    legion.kill_service();
    if rebuilt {
        let copy = legion.dir.path().join("legion-rebuilt");
        std::fs::copy(PathBuf::from(env!("CARGO_BIN_EXE_legion")), &copy).expect("copied");
        legion.use_binary(copy);
    }
    legion.start();
    for agent in &agents {
        assert_eq!(legion.status_of(agent), "working");
    }
    legion.dir.file("work/go", "");
    for agent in &agents {
        let run = legion.json(&["wait", agent, "--timeout", "60s"]);
        assert_eq!(run["outcome"], "completed", "{run}");
        let wanted: Vec<String> = (1..=40).map(|n| format!("line {n}")).chain(["last".to_owned()]).collect();
        let lines: Vec<String> = legion.ok(&["logs", agent, "--lines", "100"]).lines().map(str::to_owned).collect();
        assert_eq!(lines, wanted, "every line is there once");
        assert_eq!(legion.reports_of(agent).len(), 1, "the parent is told once");
    }
}

#[test]
fn ten_agents_go_on_when_the_service_is_killed() {
    ten_agents_go_on(false);
}

#[test]
fn ten_agents_go_on_when_the_service_is_killed_and_its_binary_replaced() {
    ten_agents_go_on(true);
}

#[test]
fn nothing_shows_as_working_that_is_not() {
    // An agent of another tier knows its pid only as it is inside.
    let legion = Legion::not_held();
    legion.start();
    let data = legion.dir.path().join("data");
    // The agent is killed.
    let agent = legion.hire("work", "sh -c 'echo $$ > pid; sleep 1000'");
    let pid: u32 =
        legion.until("its pid", || std::fs::read_to_string(legion.work().join("pid")).ok()?.trim().parse().ok());
    kill(pid, "KILL");
    legion.until("idle", || (legion.status_of(&agent) == "idle").then_some(()));
    assert!(legion.reports_of(&agent)[0].contains("was killed in its run 1"), "{:?}", legion.reports_of(&agent));
    // The shim is killed: the agent dies with it, and what it left in the background too.
    let agent = legion.hire("work", "sh -c 'setsid sleep 1000 & sleep 1000'");
    legion.until("it lives", || (legion.agent_processes().len() >= 3).then_some(()));
    for shim in shims_below(&data) {
        kill(shim, "KILL");
    }
    legion.until("idle", || (legion.status_of(&agent) == "idle").then_some(()));
    assert_eq!(legion.agent_processes(), Vec::<u32>::new());
    assert_eq!(legion.reports_of(&agent).len(), 1);
    // All at once.
    let agent = legion.hire("work", "sh -c 'setsid sleep 1000 & sleep 1000'");
    legion.until("it lives", || (legion.agent_processes().len() >= 3).then_some(()));
    let service = legion.service_pid();
    let mut all = shims_below(&data);
    all.extend(legion.agent_processes());
    kill(service, "KILL");
    for pid in all {
        kill(pid, "KILL");
    }
    legion.until("the service is gone", || (!crate::support::alive(service)).then_some(()));
    legion.start();
    assert_eq!(legion.status_of(&agent), "idle", "the first look is waited for");
    assert_eq!(legion.reports_of(&agent).len(), 1, "the parent is told once");
    assert_eq!(legion.agent_processes(), Vec::<u32>::new());
}

#[test]
fn no_answer_after_a_start_shows_somebody_as_working_who_died() {
    let legion = Legion::new();
    legion.start();
    for _ in 0..AGENTS {
        legion.hire("work", "sleep 1000");
    }
    legion.until("all live", || (legion.agent_processes().len() >= AGENTS).then_some(()));
    let service = legion.service_pid();
    let mut all = shims_below(&legion.dir.path().join("data"));
    all.extend(legion.agent_processes());
    kill(service, "KILL");
    for pid in all {
        kill(pid, "KILL");
    }
    legion.until("the service is gone", || (!crate::support::alive(service)).then_some(()));
    legion.start();
    assert_eq!(legion.json(&["tree", "--status", "working"])["reports"], serde_json::json!([]));
}

#[test]
fn agents_of_a_deleted_log_are_ended_and_their_words_are_kept() {
    let legion = Legion::new();
    legion.start();
    let agent = legion.hire("work", "sh -c 'echo begun; setsid sleep 1000 & sleep 1000'");
    legion.until("it works", || (legion.ok(&["logs", &agent, "--lines", "1"]) == "begun\n").then_some(()));
    let service = legion.service_pid();
    kill(service, "KILL");
    legion.until("the service is gone", || (!crate::support::alive(service)).then_some(()));
    assert!(!legion.agent_processes().is_empty(), "they live on");
    let data = legion.dir.path().join("data");
    for file in ["legion.db", "legion.db-wal", "legion.db-shm"] {
        // Not all of them need be there.
        let _ = std::fs::remove_file(data.join(file));
    }
    legion.start();
    assert_eq!(legion.agent_processes(), Vec::<u32>::new());
    assert_eq!(shims_below(&data), Vec::<u32>::new());
    let probes = legion.json(&["doctor"]);
    let told = probes.as_array().expect("a list").iter().find(|probe| probe["name"] == "orphans").expect("it is told");
    assert_eq!(told["verdict"], "note", "{told}");
    assert!(legion.service_log().contains("a process that no log knows was ended"), "{}", legion.service_log());
    let directory = data.join("agents").join(&agent).join("p1");
    assert!(std::fs::read_to_string(data.join("logs/orphans.log")).expect("told").contains(&agent));
    assert!(directory.join("transcript").exists(), "what it wrote is kept");
}

#[test]
fn an_agent_that_shall_resume_is_taken_up_again() {
    let legion = Legion::new();
    legion.start();
    legion.dir.file("work/agent.sh", "echo run $LEGION_CONTINUE; [ $LEGION_CONTINUE = 1 ] && exit 0; sleep 1000");
    let hired = legion.json(&["hire", "work", "--command", "sh agent.sh", "--on-restart", "resume"]);
    let agent = crate::support::id(&hired);
    legion.until("it works", || (legion.ok(&["logs", &agent, "--lines", "1"]) == "run 0\n").then_some(()));
    let service = legion.service_pid();
    let shims = shims_below(&legion.dir.path().join("data"));
    // The service first: it must not see its agents die.
    kill(service, "KILL");
    legion.until("the service is gone", || (!crate::support::alive(service)).then_some(()));
    for pid in shims {
        kill(pid, "KILL");
    }
    legion.start();
    let run = legion.json(&["wait", &agent, "--timeout", "30s"]);
    assert_eq!((&run["outcome"], &run["number"]), (&"completed".into(), &1.into()), "{run}");
    assert_eq!(legion.reports_of(&agent).len(), 1);
}

#[test]
fn down_keep_leaves_agents_running() {
    let legion = Legion::new();
    legion.start();
    legion.dir.file("work/agent.sh", "echo begun; while [ ! -e go ]; do sleep 0.05; done; echo done");
    let agent = legion.hire("work", "sh agent.sh");
    legion.until("it works", || (legion.ok(&["logs", &agent, "--lines", "1"]) == "begun\n").then_some(()));
    legion.ok(&["down", "--keep"]);
    assert!(!legion.agent_processes().is_empty());
    legion.dir.file("work/go", "");
    legion.until("it ended without a service", || legion.agent_processes().is_empty().then_some(()));
    legion.start();
    let run = legion.json(&["wait", &agent, "--timeout", "30s"]);
    assert_eq!((&run["outcome"], &run["result"]), (&"completed".into(), &"begun\ndone".into()), "{run}");
    assert_eq!(legion.reports_of(&agent).len(), 1);
}

#[test]
fn a_restored_log_shows_nobody_as_working_who_is_not_there() {
    let legion = Legion::new();
    legion.start();
    let agent = legion.hire("work", "sleep 1000");
    legion.until("it lives", || (!legion.agent_processes().is_empty()).then_some(()));
    let data = legion.dir.path().join("data");
    legion.ok(&["backup", data.join("copy.db").to_str().expect("UTF-8")]);
    legion.ok(&["down"]);
    for file in ["legion.db", "legion.db-wal", "legion.db-shm"] {
        // Not all of them need be there.
        let _ = std::fs::remove_file(data.join(file));
    }
    std::fs::rename(data.join("copy.db"), data.join("legion.db")).expect("restored");
    std::fs::remove_dir_all(data.join("agents")).expect("removed");
    legion.start();
    legion.until("idle", || (legion.status_of(&agent) == "idle").then_some(()));
    assert!(legion.reports_of(&agent)[0].contains("vanished"), "{:?}", legion.reports_of(&agent));
}

#[test]
fn down_ends_agents_with_mail_and_starts_none() {
    let legion = Legion::new();
    legion.start();
    let agent = legion.hire("work", "sleep 1000");
    legion.until("it lives", || (!legion.agent_processes().is_empty()).then_some(()));
    legion.ok(&["tell", &agent, "queued"]);
    legion.ok(&["down"]);
    assert_eq!(legion.agent_processes(), Vec::<u32>::new());
}
