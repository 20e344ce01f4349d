//! What agents take of the machine, and which of them pay for calls beside the gateway.

use std::collections::BTreeSet;
use std::path::Path;

use legion_api::{AgentResources, MachineState, ProcessState, ResourceHolders, ResourceUsage, StartWait, WaitReason};

use super::{
    Look, dollars,
    style::{Palette, Style},
    table::{Cell, table},
};
use crate::text::{ShortIds, bytes, bytes_short, escape_line, whole, width};

const HEAD: [&str; 11] =
    ["NAME", "ID", "PROJECT", "LEVEL", "TIER", "CPU", "MEMORY", "PROCESSES", "DISK", "OUTPUT", "HELD BY"];
/// What a narrow terminal does without, the least missed first.
const LEFT_OUT: [&str; 8] = ["HELD BY", "LEVEL", "OUTPUT", "DISK", "PROJECT", "TIER", "PROCESSES", "ID"];

/// How the machine is, then one line per agent, in the order that they come in; then who waits or is being ended, and why.
pub(crate) fn top(usage: &ResourceUsage, look: &Look) -> String {
    let ids = ShortIds::of(usage.agents.iter().map(|agent| agent.id.as_str()));
    let projects: BTreeSet<Option<&str>> = usage.agents.iter().map(|agent| agent.project.as_deref()).collect();
    let holders: BTreeSet<String> = usage.agents.iter().filter_map(|agent| agent.held_by.map(held)).collect();
    let each = Each { project: projects.len() > 1, holders: holders.len() > 1 };
    let mut text = format!("{}\n{}\n", fit(&machine(&usage.machine), look), fit(&totals(&usage.agents), look));
    if let Some(by) = holders.first().filter(|_| !each.holders) {
        text.push_str(&format!("{}\n", fit(&format!("limits: held by {by}"), look)));
    }
    let running = usage.agents.iter().filter(|agent| agent.state != ProcessState::Waiting);
    let rows: Vec<Vec<Cell>> = running.map(|agent| row(agent, &ids, &each)).collect();
    if !rows.is_empty() {
        text.push_str(&format!("\n{}", fitting(rows, look)));
    }
    let reasons: Vec<Vec<Cell>> = usage.agents.iter().filter_map(|agent| reason(agent, &ids)).collect();
    if !reasons.is_empty() {
        text.push_str(&format!("\n{}", table(&["NAME", "ID", "STATE", "WHY"], &reasons, look)));
    }
    text
}

/// What is to be said of each agent because it is not the same of all.
struct Each {
    project: bool,
    holders: bool,
}

fn fit(line: &str, look: &Look) -> String {
    look.columns.map_or_else(|| line.to_owned(), |columns| crate::text::fit(line, columns))
}

/// Leaves out columns until the others fit.
fn fitting(mut rows: Vec<Vec<Cell>>, look: &Look) -> String {
    let mut head = HEAD.to_vec();
    let natural = Look { columns: None, palette: Palette::new(false), ..*look };
    for out in LEFT_OUT {
        let widest = table(&head, &rows, &natural).lines().map(width).max().unwrap_or(0);
        if look.columns.is_none_or(|columns| widest <= columns) {
            break;
        }
        if let Some(column) = head.iter().position(|name| *name == out) {
            head.remove(column);
            for row in &mut rows {
                row.remove(column);
            }
        }
    }
    table(&head, &rows, look)
}

fn machine(machine: &MachineState) -> String {
    let pressure = match machine.memory_pressure_percent {
        Some(percent) => format!("pressure {percent:.1}%"),
        None => "pressure not told by this kernel".to_owned(),
    };
    let cores = if machine.cores == 1 { "1 core".to_owned() } else { format!("{} cores", machine.cores) };
    format!(
        "machine: {cores}, {} of {} free, {} kept free, {pressure}",
        bytes(machine.available_bytes),
        bytes(machine.memory_bytes),
        bytes(machine.reserve_bytes),
    )
}

fn totals(agents: &[AgentResources]) -> String {
    let taken = || agents.iter().filter_map(|agent| agent.taken);
    let waiting: Vec<&StartWait> = agents.iter().filter_map(|agent| agent.wait.as_ref()).collect();
    let memory = taken().map(|taken| taken.memory_bytes).sum();
    let processes: u64 = taken().map(|taken| taken.processes).sum();
    // Not `sum`: that of nothing is minus zero.
    let cpu = taken().filter_map(|taken| taken.cpu_percent).fold(0.0, |sum, percent| sum + percent);
    let running = agents.len() - waiting.len();
    let mut text = format!("agents: {running} with {cpu:.0}% CPU, {}, {processes} processes", bytes(memory));
    for (reason, what) in [(WaitReason::Memory, "memory"), (WaitReason::Pressure, "the pressure to go down")] {
        let count = waiting.iter().filter(|wait| wait.reason == reason).count();
        match count {
            0 => {}
            1 => text.push_str(&format!("; 1 start waits for {what}")),
            _ => text.push_str(&format!("; {count} starts wait for {what}")),
        }
    }
    text
}

fn row(agent: &AgentResources, ids: &ShortIds, each: &Each) -> Vec<Cell> {
    let (limits, taken) = (agent.limits, agent.taken);
    let cpu = taken.and_then(|taken| taken.cpu_percent).map(|percent| {
        let most = limits.and_then(|most| most.cpu_percent).map(|most| format!("{most}%"));
        of(format!("{percent:.0}%"), most)
    });
    let threads = taken.map(|taken| {
        let most = limits.and_then(|most| most.processes).map(|most| most.to_string());
        // The limit counts threads too: they are told where they are more.
        let threads = taken.threads.saturating_sub(taken.processes);
        let threads = if threads > 0 { format!("+{threads}") } else { String::new() };
        of(format!("{}{threads}", taken.processes), most)
    });
    let amount =
        |bytes: Option<u64>, most: Option<u64>| bytes.map(|bytes| of(bytes_short(bytes), most.map(bytes_short)));
    let memory = amount(taken.map(|taken| taken.memory_bytes), limits.and_then(|most| most.memory_bytes));
    let disk = amount(taken.and_then(|taken| taken.written_bytes), limits.and_then(|most| most.written_bytes));
    let output = amount(taken.map(|taken| taken.output_bytes), limits.and_then(|most| most.output_bytes));
    let tier = if agent.tier == "none" { Style::Warn } else { Style::Plain };
    let project = agent.project.as_deref().filter(|_| each.project).map(directory_name).unwrap_or_default();
    let holders = agent.held_by.filter(|_| each.holders).map(held).unwrap_or_default();
    vec![
        Cell::new(escape_line(&agent.name)),
        Cell::styled(Style::Faint, ids.short(&agent.id)),
        Cell::new(escape_line(project)),
        Cell::new(format!("L{}", agent.level)),
        Cell::styled(tier, escape_line(&agent.tier)),
        Cell::or_dash(cpu),
        Cell::or_dash(memory),
        Cell::or_dash(threads),
        Cell::or_dash(disk),
        Cell::or_dash(output),
        Cell::styled(Style::Faint, holders),
    ]
}

/// The last part of a path, or all of it where it has none.
fn directory_name(path: &str) -> &str {
    Path::new(path).file_name().and_then(|name| name.to_str()).unwrap_or(path)
}

/// What is taken, of what may be.
fn of(taken: String, most: Option<String>) -> String {
    match most {
        Some(most) => format!("{taken}/{most}"),
        None => taken,
    }
}

/// Those that hold something, and what: `cgroup-v1 (memory, CPU), watched (processes, tree)`.
fn held(by: ResourceHolders) -> String {
    let each = [("memory", by.memory), ("processes", by.processes), ("CPU", by.cpu), ("tree", by.tree)];
    if each.iter().all(|(_, holder)| *holder == by.memory) {
        return by.memory.as_str().to_owned();
    }
    let mut said: Vec<String> = Vec::new();
    for (index, (_, holder)) in each.iter().enumerate() {
        if each[..index].iter().any(|(_, earlier)| earlier == holder) {
            continue;
        }
        let what: Vec<&str> = each.iter().filter(|(_, other)| other == holder).map(|(what, _)| *what).collect();
        said.push(format!("{} ({})", holder.as_str(), what.join(", ")));
    }
    said.join(", ")
}

/// Why an agent does not run, or not for long; and that it pays for calls which no budget of the gateway holds.
fn reason(agent: &AgentResources, ids: &ShortIds) -> Option<Vec<Cell>> {
    let beside = agent.beside_gateway_usd.map(|usd| format!("{} beside the gateway", dollars(usd)));
    let (style, why) = match (agent.state, &agent.wait, &agent.exceeded) {
        (ProcessState::Running, ..) => (Style::Warn, beside.clone()?),
        (_, Some(wait), _) => (Style::Busy, waits(wait)),
        (_, None, Some(what)) => (Style::Bad, format!("it {}", escape_line(what))),
        (_, None, None) => (Style::Busy, String::new()),
    };
    let said = match beside.filter(|_| agent.state != ProcessState::Running) {
        Some(beside) if why.is_empty() => beside,
        Some(beside) => format!("{beside}; {why}"),
        None => why,
    };
    Some(vec![
        Cell::new(escape_line(&agent.name)),
        Cell::styled(Style::Faint, ids.short(&agent.id)),
        Cell::styled(style, agent.state.as_str()),
        Cell::new(said),
    ])
}

fn waits(wait: &StartWait) -> String {
    let since = whole(i64::try_from(wait.seconds).unwrap_or(i64::MAX));
    let kind = bytes(wait.estimate_bytes);
    match (wait.reason, wait.missing_bytes) {
        (WaitReason::Memory, Some(missing)) => {
            format!("for {since} for memory: {} are missing, its kind takes {kind}", bytes(missing))
        }
        (WaitReason::Memory, None) => format!("for {since} for memory: its kind takes {kind}"),
        (WaitReason::Pressure, _) => format!("for {since} until programs need not wait for memory"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::{Screen, samples};

    #[test]
    fn it_shows_who_takes_what_who_waits_and_how_the_machine_is() {
        insta::assert_snapshot!(top(&samples::resources(), &samples::look()), @r"
        machine: 2 cores, 4.2 GiB of 24 GiB free, 2.4 GiB kept free, pressure 1.5%
        agents: 2 with 121% CPU, 692 MiB, 13 processes; 1 start waits for memory

        NAME     ID        LEVEL  TIER  CPU        MEMORY    PROCESSES  DISK     OUTPUT     HELD BY
        leader   0b6e4f0e  L1     full  104%/150%  612M/12G  9+14/4096  20M/40G  338K/256M  cgroup-v1 (memory, processes, CPU), cgroup-v2 (tree)
        shaping  5d10c7a2  L2     none  17%        80M       4          -        0B         watched

        NAME     ID        STATE    WHY
        shaping  5d10c7a2  ending   it took more memory than the 64 MiB that it may
        slugify  9f3377d1  waiting  for 12s for memory: 1.5 GiB are missing, its kind takes 400 MiB
        ");
    }

    #[test]
    fn who_pays_beside_the_gateway_is_marked_whatever_else_is_said_of_it() {
        let mut usage = samples::resources();
        for (agent, usd) in usage.agents.iter_mut().zip([0.0421, 1.5, 12.0]) {
            agent.beside_gateway_usd = Some(usd);
        }
        let text = top(&usage, &samples::look());
        let table = text.split("\n\n").last().expect("there are tables");
        insta::assert_snapshot!(table, @r"
        NAME     ID        STATE    WHY
        leader   0b6e4f0e  running  $0.0421 beside the gateway
        shaping  5d10c7a2  ending   $1.50 beside the gateway; it took more memory than the 64 MiB that it may
        slugify  9f3377d1  waiting  $12.00 beside the gateway; for 12s for memory: 1.5 GiB are missing, its kind takes 400 MiB
        ");
    }

    #[test]
    fn nobody_takes_anything_where_nobody_runs() {
        let mut usage = samples::resources();
        usage.agents.clear();
        usage.machine.memory_pressure_percent = None;
        insta::assert_snapshot!(top(&usage, &samples::look()), @r"
        machine: 2 cores, 4.2 GiB of 24 GiB free, 2.4 GiB kept free, pressure not told by this kernel
        agents: 0 with 0% CPU, 0 B, 0 processes
        ");
    }

    #[test]
    fn a_narrow_terminal_is_told_what_matters_most() {
        let narrow = |columns| {
            let text = top(&samples::resources(), &Look { columns: Some(columns), ..samples::look() });
            assert!(text.lines().all(|line| width(line) <= columns), "{columns}: {text}");
            text
        };
        insta::assert_snapshot!(narrow(80), @r"
        machine: 2 cores, 4.2 GiB of 24 GiB free, 2.4 GiB kept free, pressure 1.5%
        agents: 2 with 121% CPU, 692 MiB, 13 processes; 1 start waits for memory

        NAME     ID        TIER  CPU        MEMORY    PROCESSES  DISK     OUTPUT
        leader   0b6e4f0e  full  104%/150%  612M/12G  9+14/4096  20M/40G  338K/256M
        shaping  5d10c7a2  none  17%        80M       4          -        0B

        NAME     ID        STATE    WHY
        shaping  5d10c7a2  ending   it took more memory than the 64 MiB that it may
        slugify  9f3377d1  waiting  for 12s for memory: 1.5 GiB are missing, its kind t…
        ");
        for columns in 1..80 {
            narrow(columns);
        }
    }

    #[test]
    fn of_fifty_agents_each_has_a_line_and_those_of_another_project_are_told_apart() {
        let mut usage = samples::resources();
        let leader = usage.agents[0].clone();
        usage.agents = (0..50_u32)
            .map(|number| AgentResources {
                id: format!("{number:08x}-0000-4000-8000-000000000000"),
                name: format!("agent-{number}"),
                project: Some("/home/me/one".to_owned()),
                ..leader.clone()
            })
            .collect();
        let text = top(&usage, &samples::look());
        assert_eq!(text.lines().count(), 3 + 1 + 1 + 50, "{text}");
        assert!(text.contains("agents: 50 with 5210% CPU, 30 GiB, 450 processes\n"), "{text}");
        assert!(!text.contains("PROJECT") && !text.contains("WHY"), "{text}");
        usage.agents[7].project = Some("/home/me/other".to_owned());
        let text = top(&usage, &samples::look());
        let line = |name: &str| text.lines().find(|line| line.split_whitespace().next() == Some(name)).expect("there");
        assert!(line("agent-7").contains(" other ") && line("agent-8").contains(" one "), "{text}");
        // On a terminal of the usual size the last ones are counted.
        let frame = Screen::default().draw(&top(&usage, &Look { columns: Some(80), ..samples::look() }), (80, 24));
        assert!(frame.contains("agent-0 ") && frame.ends_with("… 33 more lines\n"), "{frame}");
    }

    #[test]
    fn a_name_cannot_send_anything_to_the_terminal() {
        let mut usage = samples::resources();
        usage.agents[0].name = "\u{1b}[2Jx".to_owned();
        usage.agents[1].exceeded = Some("\u{7}".to_owned());
        usage.agents[1].project = Some("/\u{1b}]0;x".to_owned());
        assert!(!top(&usage, &samples::look()).contains(['\u{1b}', '\u{7}']));
    }
}
