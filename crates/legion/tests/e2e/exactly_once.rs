//! The service is killed at every named point, again and again: no message is lost, none comes twice, the order is kept.

use std::os::unix::process::ExitStatusExt;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use legion_testkit::{ModelServer, npm};

use crate::support::{Legion, id, kill, text};

const POINTS: &[&str] = &[
    "keeper.before-append",
    "keeper.after-append",
    "keeper.after-reply",
    "hands.before-start",
    "hands.after-start",
    "hands.before-observed",
    "hands.after-observed",
    "hands.before-ended",
    "hands.after-ended",
];
/// Ends the whole test, whatever hangs.
const LIMIT: Duration = Duration::from_secs(280);

/// Kills in the short form and in the long one.
fn kills() -> u32 {
    if std::env::var_os("LEGION_SOAK").is_some() { 2_000 } else { 300 }
}

/// Starts the service over and over, each time with another point at which it ends itself.
fn keep_killing(legion: &Legion, port: &str, done: &AtomicBool, kills: &AtomicU32) {
    let mut random: u64 = 0x9E37_79B9_7F4A_7C15;
    while !done.load(Ordering::SeqCst) {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let point = POINTS[(random >> 33) as usize % POINTS.len()];
        let passes = 1 + (random >> 50) % 6;
        let mut service = legion.command(&["serve", "--port", port]);
        service.env("LEGION_FAILPOINTS", format!("{point}={passes}")).stderr(Stdio::null()).stdout(Stdio::null());
        let mut child = service.spawn().expect("the service starts");
        loop {
            if let Some(status) = child.try_wait().expect("waited") {
                // Only its own end at a named point counts; one that could not start is tried again.
                kills.fetch_add(u32::from(status.signal().is_some()), Ordering::SeqCst);
                break;
            }
            if done.load(Ordering::SeqCst) {
                let _ = child.kill();
                let _ = child.wait();
                return;
            }
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}

#[test]
fn no_kill_of_the_service_loses_or_doubles_a_message_soak() {
    const AGENTS: usize = 3;
    let legion = Arc::new(Legion::new());
    legion.start();
    let agents: Vec<String> =
        (0..AGENTS).map(|n| legion.hire("begin", &format!("sh -c 'cat >> got-{n}; echo >> got-{n}'"))).collect();
    let url = legion.service()["url"].as_str().expect("a URL").to_owned();
    let port = url.rsplit(':').next().expect("a port").to_owned();
    legion.ok(&["down", "--keep"]);

    let started = Instant::now();
    let (done, killed) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU32::new(0)));
    let killer = {
        let (legion, done, killed) = (legion.clone(), done.clone(), killed.clone());
        std::thread::spawn(move || keep_killing(&legion, &port, &done, &killed))
    };
    let limit = if kills() > 300 { LIMIT * 20 } else { LIMIT };
    let tellers: Vec<_> = agents
        .iter()
        .cloned()
        .map(|agent| {
            let (legion, killed, url) = (legion.clone(), killed.clone(), url.clone());
            std::thread::spawn(move || {
                let mut sent = Vec::new();
                for number in 0.. {
                    if killed.load(Ordering::SeqCst) >= kills() || started.elapsed() > limit {
                        break;
                    }
                    let words = format!("message {number}");
                    let key = format!("tell-{agent}-{number}");
                    // The same key on every try: the service may have taken it and died before it could say so.
                    loop {
                        let mut tell = legion.command(&["tell", &agent, &words, "--idempotency-key", &key]);
                        // With an address it starts no service of its own: the killer starts them.
                        let output = tell.env("LEGION_URL", &url).output().expect("run");
                        if output.status.success() {
                            break;
                        }
                        let error = text(&output.stderr);
                        assert!(output.status.code() == Some(4) && started.elapsed() < limit * 2, "{error}");
                    }
                    sent.push(words);
                }
                sent
            })
        })
        .collect();
    let sent: Vec<Vec<String>> = tellers.into_iter().map(|teller| teller.join().expect("a teller")).collect();
    done.store(true, Ordering::SeqCst);
    killer.join().expect("the killer");
    let killed = killed.load(Ordering::SeqCst);
    assert!(killed >= kills(), "only {killed} kills in {:?}", started.elapsed());

    legion.start();
    for (number, agent) in agents.iter().enumerate() {
        legion.until("everything is delivered", || {
            let status = legion.json(&["status", agent]);
            (status["agent"]["status"] == "idle" && status["agent"]["queued"] == 0).then_some(())
        });
        let got: Vec<String> = legion.dir.read(format!("work/got-{number}")).lines().map(str::to_owned).collect();
        let wanted: Vec<String> = ["begin".to_owned()].into_iter().chain(sent[number].iter().cloned()).collect();
        assert_eq!(got, wanted, "agent {number}: each once, in order");
        assert_eq!(legion.reports_of(agent).len(), wanted.len(), "the parent is told once of each run");
    }
    println!("{killed} kills, {} messages: 0 lost, 0 twice, in order", sent.iter().map(Vec::len).sum::<usize>());
}

/// Points around the writing of a message to a program that lives.
const CLAUDE_POINTS: &[&str] = &[
    "keeper.before-append",
    "hands.before-write",
    "hands.after-write",
    "keeper.after-append",
    "hands.before-observed",
    "hands.after-observed",
];

/// Each kill in its turn: the service at a named point, or the agent's own program; then the next message.
async fn claude_loses_nothing(version: &str, kills: u32) {
    let Ok(program) = npm::claude(version) else { return };
    let model = ModelServer::start().await;
    let legion = Legion::with(&[
        ("ANTHROPIC_BASE_URL", &model.url()),
        ("ANTHROPIC_API_KEY", "dummy-key"),
        ("LEGION_CLAUDE", program.to_str().expect("UTF-8")),
        ("HTTPS_PROXY", "http://127.0.0.1:9"),
        ("NO_PROXY", "127.0.0.1,localhost"),
    ]);
    legion.start();
    let agent = id(&legion.json(&["hire", "message 0.", "--driver", "claude", "--model", "claude-sonnet-4-5"]));
    let url = legion.service()["url"].as_str().expect("a URL").to_owned();
    let port = url.rsplit(':').next().expect("a port").to_owned();
    let idle = || legion.until("idle", || (legion.status_of(&agent) == "idle").then_some(()));
    idle();
    let mut sent = vec!["message 0.".to_owned()];
    for number in 1..=kills {
        let words = format!("message {number}.");
        if number % 4 == 0 {
            // Its program is killed in the middle of its work.
            legion.ok(&["tell", &agent, &words]);
            for pid in legion.agent_processes() {
                kill(pid, "KILL");
            }
        } else {
            legion.kill_service();
            let mut service = legion.command(&["serve", "--port", &port]);
            let point = CLAUDE_POINTS[number as usize % CLAUDE_POINTS.len()];
            let passes = if point.starts_with("keeper") { 2 + number % 3 } else { 1 };
            service.env("LEGION_FAILPOINTS", format!("{point}={passes}")).stderr(Stdio::null()).stdout(Stdio::null());
            let mut child = service.spawn().expect("the service starts");
            let key = format!("claude-{number}");
            let tell = || {
                let mut tell = legion.command(&["tell", &agent, &words, "--idempotency-key", &key]);
                tell.env("LEGION_URL", &url).output().expect("run").status.success()
            };
            let told = tell();
            legion.until("the service ended itself", || child.try_wait().expect("waited"));
            legion.start();
            assert!(told || tell(), "message {number} is taken");
        }
        sent.push(words);
        idle();
    }
    legion.until("everything is delivered", || {
        let status = legion.json(&["status", &agent]);
        (status["agent"]["status"] == "idle" && status["agent"]["queued"] == 0).then_some(())
    });
    // What the model saw last is the whole conversation.
    let seen = model.user_texts(&agent).join("\n");
    let mut from = 0;
    for words in &sent {
        assert_eq!(seen.matches(words.as_str()).count(), 1, "`{words}` once in:\n{seen}");
        let at = seen[from..].find(words.as_str()).unwrap_or_else(|| panic!("`{words}` comes in order:\n{seen}"));
        from += at;
    }
    println!("Claude Code {version}: {kills} kills, {} messages: 0 lost, 0 twice, in order", sent.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_kill_loses_or_doubles_a_message_to_claude_197_soak() {
    claude_loses_nothing("2.1.197", if kills() > 300 { 25 } else { 5 }).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_kill_loses_or_doubles_a_message_to_claude_329_soak() {
    claude_loses_nothing("2.1.329", if kills() > 300 { 25 } else { 5 }).await;
}
