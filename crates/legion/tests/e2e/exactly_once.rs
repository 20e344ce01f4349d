//! The service is killed at every named point, again and again: no message is lost, none comes twice, the order is kept.

use std::os::unix::process::ExitStatusExt;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use crate::support::{Legion, text};

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
