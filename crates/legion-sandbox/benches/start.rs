//! What a tier adds to the start of a program: `/bin/true`, plain and in each tier, one after the other.

use std::path::Path;
use std::time::{Duration, Instant};

use legion_process::{Program, Usage};
use legion_sandbox::{Account, Confinement, Tier, Tools};

const ROUNDS: usize = 5;
const STARTS: usize = 40;
const RUN_MAX: Duration = Duration::from_secs(10);
const AGENT: u32 = 54_321;

struct Way {
    name: &'static str,
    program: Program,
    took: Vec<Duration>,
    cpu: Duration,
}

fn main() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let mut confinement = Confinement::new(directory.path());
    confinement.grant.write = vec![directory.path().to_owned()];
    if rustix::process::geteuid().is_root() {
        confinement.account = Some(Account { uid: AGENT, gid: AGENT });
        std::os::unix::fs::chown(directory.path(), Some(AGENT), Some(AGENT)).expect("root may");
    }
    let tools = Tools::find(Path::new(env!("CARGO_BIN_EXE_legion-test-confine")).to_owned());
    let in_tier = |tier| {
        let launch = tools.launch(tier, &confinement, "/bin/true", &[]).expect("bubblewrap is installed");
        Program::new(launch.program).args(launch.arguments)
    };
    let mut ways: Vec<Way> = [("plain", Program::new("/bin/true"))]
        .into_iter()
        .chain(Tier::ALL.into_iter().rev().map(|tier| (tier.name(), in_tier(tier))))
        .map(|(name, program)| Way { name, program, took: Vec::new(), cpu: Duration::ZERO })
        .collect();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    // In turns, so that what else the machine does falls on all alike.
    for _ in 0..ROUNDS * STARTS {
        for way in &mut ways {
            let (begin, cpu) = (Instant::now(), children_cpu());
            let output = runtime.block_on(way.program.run_to_end(RUN_MAX, 4096)).expect("it starts");
            way.took.push(begin.elapsed());
            way.cpu += children_cpu().saturating_sub(cpu);
            assert!(output.status.success(), "{}: {}", way.name, String::from_utf8_lossy(&output.stderr));
        }
    }
    println!("start of /bin/true, {} times each, in milliseconds", ROUNDS * STARTS);
    println!("{:<10} {:>8} {:>8} {:>8} {:>8} {:>7} {:>8}", "", "least", "median", "p95", "added", "ratio", "CPU");
    let plain = median(&mut ways[0].took);
    for way in &mut ways {
        let middle = median(&mut way.took);
        let at = |place: usize| milliseconds(way.took[place]);
        println!(
            "{:<10} {:>8.2} {:>8.2} {:>8.2} {:>8.2} {:>6.1}x {:>8.2}",
            way.name,
            at(0),
            milliseconds(middle),
            at(way.took.len() * 95 / 100),
            milliseconds(middle.saturating_sub(plain)),
            middle.as_secs_f64() / plain.as_secs_f64(),
            milliseconds(way.cpu) / (ROUNDS * STARTS) as f64,
        );
    }
}

/// The CPU time of all that was started and has ended.
fn children_cpu() -> Duration {
    Usage::of(std::process::id(), None).expect("this process is there").cpu
}

/// Sorts, too.
fn median(took: &mut [Duration]) -> Duration {
    took.sort_unstable();
    took[took.len() / 2]
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}
