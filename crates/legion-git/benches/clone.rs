//! A ticket's clone of 50,000 files against `git worktree add`, and a landing (merge, commit, compare-and-swap), in the
//! same run: `cargo bench -p legion-git`. The two take turns, each on a disk with nothing left to be written.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use legion_git::{ClonePlan, Control, Git, Identity, Merge, ObjectFormat, Oid, PersonRepo, RefName};
use legion_testkit::TestDir;

const FILES: usize = 50_000;
const ROUNDS: usize = 5;
const LANDINGS: usize = 40;
const BUNDLE_BYTES_MAX: u64 = 1 << 30;

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    runtime.block_on(bench());
}

async fn bench() {
    let home = TestDir::new();
    let person = home.dir("person");
    plain(&person, &["init", "--quiet", "--initial-branch=main"]);
    import_history(&person);
    let git = Git::find(&std::env::var_os("PATH").expect("a PATH")).await.expect("git is installed");
    let repo = PersonRepo::discover(git.clone(), &person).await.expect("a repository");
    let base = repo.head().await.expect("a head").commit;
    let bundle = home.path().join("bundle");
    repo.bundle(&base, &[], &bundle).await.expect("a bundle");
    let dir = home.path().join("control.git");
    let control = Control::open_or_create(git, &dir, ObjectFormat::Sha1).await.expect("a repository");
    let target: RefName = "refs/heads/legion/s/leader".parse().expect("a name");
    control.import(&bundle, &target, BUNDLE_BYTES_MAX).await.expect("an import");
    let (mut clone, mut work_tree) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        // Whoever comes first alternates: the first pays for what the other left to be written.
        for which in [round % 2, (round + 1) % 2] {
            let path = home.path().join("tree");
            rustix::fs::sync();
            let began = Instant::now();
            if which == 0 {
                prepare(&control, &path, &base, &target).await;
                clone.push(began.elapsed());
                std::fs::remove_dir_all(&path).expect("removed");
            } else {
                plain(&person, &["worktree", "add", "--quiet", "--detach", "../tree", "main"]);
                work_tree.push(began.elapsed());
                std::fs::remove_dir_all(&path).expect("removed");
                plain(&person, &["worktree", "prune"]);
            }
        }
    }
    report("prepare_clone, 50,000 files", &mut clone);
    report("git worktree add, the same files", &mut work_tree);
    let ratio = |at: usize| clone[at].as_secs_f64() / work_tree[at].as_secs_f64();
    println!("ratio of the best {:.2}, of the medians {:.2} [target: at most 1]", ratio(0), ratio(ROUNDS / 2));
    let mut landings = land(&control, &base, &target).await;
    report("a landing: merge-tree, commit-tree, update-ref", &mut landings);
}

async fn prepare(control: &Control, path: &Path, base: &Oid, target: &RefName) {
    let plan = ClonePlan {
        dir: path.to_owned(),
        base: base.clone(),
        branch: "refs/heads/legion/s/t1-1".parse().expect("a name"),
        target: target.clone(),
        identity: identity(),
        hidden: Vec::new(),
    };
    control.prepare_clone(&plan).await.expect("a clone");
}

/// Lands commits one after the other, each of which began at `base`.
async fn land(control: &Control, base: &Oid, target: &RefName) -> Vec<Duration> {
    let tree = control.tree_of(base).await.expect("a tree");
    let at = Timestamp::from_second(1_700_000_000).expect("a time");
    let mut times = Vec::new();
    let mut old = base.clone();
    for number in 0..LANDINGS {
        let message = format!("work {number}\n");
        let work =
            control.commit(&tree, std::slice::from_ref(base), &message, &identity(), at).await.expect("a commit");
        let began = Instant::now();
        let merge = control.merge_tree(&old, &work).await.expect("a merge");
        let Merge::Clean { tree } = merge else { panic!("a conflict") };
        let parents = [old.clone(), work];
        let commit = control.commit(&tree, &parents, "landed\n", &identity(), at).await.expect("a commit");
        control.update_ref(target, &commit, Some(&old)).await.expect("moved");
        times.push(began.elapsed());
        old = commit;
    }
    times
}

fn report(what: &str, times: &mut [Duration]) {
    times.sort();
    println!("{what}: best {:?}, median {:?}, worst {:?}", times[0], times[times.len() / 2], times[times.len() - 1]);
}

fn identity() -> Identity {
    Identity::new("Bench", "bench@example.invalid").expect("an identity")
}

fn import_history(dir: &Path) {
    let mut text = String::from("commit refs/heads/main\ncommitter A <a@example.invalid> 1 +0000\ndata 1\nx\n");
    for number in 0..FILES {
        let content = format!("{number}\n").repeat(20);
        text.push_str(&format!("M 644 inline d{}/f{number}\ndata {}\n{content}\n", number % 500, content.len()));
    }
    let mut import = git_command(dir, &["fast-import", "--quiet"]).stdin(Stdio::piped()).spawn().expect("git runs");
    import.stdin.take().expect("piped").write_all(text.as_bytes()).expect("written");
    assert!(import.wait().expect("git ends").success());
}

fn plain(dir: &Path, args: &[&str]) {
    let output = git_command(dir, args).output().expect("git runs");
    assert!(output.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&output.stderr));
}

fn git_command(dir: &Path, args: &[&str]) -> Command {
    let mut command = Command::new("git");
    command.args(args).current_dir(dir).env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_CONFIG_GLOBAL", "/dev/null");
    command
}
