//! What real agents are told. The scripts of the `command` agents do the same work without a model.

use legion_api::{Driver, HireRequest};

/// What everybody may use: files, the tests (and nothing else in a shell), and Legion.
pub(super) const TOOLS: &[&str] = &[
    "Read",
    "Write",
    "Edit",
    "Glob",
    "Grep",
    "Bash(sh tests/*)",
    // A conflict is resolved by merging the newest target into the own branch.
    "Bash(git status*)",
    "Bash(git diff*)",
    "Bash(git log*)",
    "Bash(git merge*)",
    "Bash(git add*)",
    "Bash(git commit*)",
    "mcp__legion",
];

const LEADER: &str = "\
You lead the work on this repository. README.md names four modules; their tests are in `tests`, their code is missing.

1. Hire two managers with the tool legion-hire, and write no code yourself:
   - name `counting`, role `manager`: has the modules `wordcount` and `longest` written;
   - name `shaping`, role `manager`: has the modules `slugify` and `titlecase` written.
   Give each of them, as its task, the whole text below the line MANAGER, with the names of its two modules in place of MODULES.
   Leave out everything else that can be said at a hire: they get your tools and your directory.
2. Then end your turn. Do not wait and do not poll: Legion wakes you with a message whenever a report of yours ends a run.
   A manager's first run ends when it has hired: that is no result yet. End your turn again and go on waiting.
3. When both managers have told you that their modules pass, run `sh tests/all.sh` yourself. If it fails, tell the manager of the
   failing module (legion-tell) and end your turn. If it passes, write SUMMARY.md (what each module does, who wrote it, what the test
   suite printed) and end your turn with one sentence.
In a shell only single commands of the form `sh tests/NAME.sh` may be run, without `cd`. Nobody changes anything in `tests`.

MANAGER:
You are a manager in this repository. Your modules are MODULES. README.md says what they do.
1. Hire one worker per module with the tool legion-hire, named like the module, role `worker`, and write no code yourself. Its task, with
   the module's name in place of MODULE: \"Write lib/MODULE.sh in POSIX shell so that `sh tests/MODULE.sh` passes, as README.md says;
   change no other file. Run that test once, as a command of its own, and end your turn with what it printed, whether it passed or not.\"
   If one of your modules is `slugify`, add to that worker's task that its first version shall be the simplest one-line `tr` or `sed` that
   replaces every character that is no letter or digit by a dash, and that it shall not improve it before its manager tells it to.
2. Then end your turn. Do not wait and do not poll: Legion wakes you with a message whenever a worker ends a run.
3. When a worker reports, run its test yourself. If it fails, tell the worker (legion-tell) to mend it, with the failing lines, and end
   your turn. While another worker is not done, end your turn with one sentence that says whom you wait for. When all of your modules
   pass, end your turn with one sentence that says so.
In a shell only single commands of the form `sh tests/NAME.sh` may be run, without `cd`. Nobody changes anything in `tests`.
";

const LEADER_OF_SCRIPTS: &str =
    "Have the modules that README.md names written, and see to it that `sh tests/all.sh` passes.";

const CUT: &str = "\
Well done. Now have the rest of README.md done (\"What comes next\"): cut it into exactly seven tickets, dispatch them as ONE plan with the
tool legion-plan, and end your turn. Write no code, hire nobody, do not wait and do not poll: the service starts an agent for each
ticket in a clone of its own, runs the gates on the merged tree, merges what passes, sends back what does not, and wakes you when a
ticket fails for good or when all are done. The tickets, with their ids:
- `text`: write bin/text with `text FILTER` and `text list`. Gates: `sh tests/text.sh`, `sh tests/written.sh`. Files: bin/text
- `wrap`: write lib/wrap.sh. Gates: `sh tests/wrap.sh`, `sh tests/written.sh`. Files: lib/wrap.sh. Put into its prompt that the first
  version shall be the simplest `fold -w 20`, not tried out, and that it shall not be improved until the output of its gate came back.
- `frequency`: write lib/frequency.sh. Gates: `sh tests/frequency.sh`, `sh tests/written.sh`. Files: lib/frequency.sh
- `filters`: a checkpoint after these three. Gate: `sh tests/written.sh`. No prompt.
- `help`, after `filters`: add `text help` to bin/text. Gates: `sh tests/help.sh`, `sh tests/written.sh`. Files: bin/text
- `chain`, after `filters`: add `text chain` to bin/text. Gates: `sh tests/chain.sh`, `sh tests/written.sh`. Files: bin/text
- `whole`: a checkpoint after these two. Gate: `sh tests/whole.sh`. No prompt.
Give no other field but id, title, prompt, checkpoint, gate, after and files. Say in each prompt all that somebody needs who has only read
README.md, that nothing in `tests` may be changed, and that in a shell only `sh tests/NAME.sh` and git's status, diff, log, merge, add and
commit may be run, each as a command of its own, without `cd`. When you are told that all are done, end your turn with one sentence that
says so.
";

const CUT_OF_SCRIPTS: &str = "Well done. Now have the rest of README.md done, in tickets.";

/// What the leader is told for the second act.
pub(super) fn cut(driver: Driver) -> &'static str {
    match driver {
        Driver::Command => CUT_OF_SCRIPTS,
        Driver::Claude => CUT,
    }
}

/// Seconds that one run of a real agent may take.
const CLAUDE_RUN_SECONDS_MAX: u64 = 300;
/// Seconds that one run of a script may take; it takes less than one.
const SCRIPT_RUN_SECONDS_MAX: u64 = 60;
/// Agents below the leader: two managers with two workers each, and later five on tickets.
const HEADCOUNT: u32 = 12;
/// Levels below the leader.
const DEPTH: u32 = 2;

/// The hire of the leader; all others are hired by agents.
pub(super) fn leader(driver: Driver, model: Option<String>, cwd: &str) -> HireRequest {
    let common = HireRequest {
        name: Some("leader".to_owned()),
        role: Some("leader".to_owned()),
        driver: Some(driver),
        cwd: Some(cwd.to_owned()),
        headcount: Some(HEADCOUNT),
        depth: Some(DEPTH),
        ..HireRequest::default()
    };
    match driver {
        Driver::Command => HireRequest {
            task: LEADER_OF_SCRIPTS.to_owned(),
            command: Some("sh agents/leader.sh".to_owned()),
            timeout_seconds: Some(SCRIPT_RUN_SECONDS_MAX),
            ..common
        },
        Driver::Claude => HireRequest {
            task: LEADER.to_owned(),
            model,
            tools: Some(TOOLS.iter().map(|tool| (*tool).to_owned()).collect()),
            timeout_seconds: Some(CLAUDE_RUN_SECONDS_MAX),
            ..common
        },
    }
}
