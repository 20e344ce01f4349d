//! The prompts: how to lead, how to split work, and how to report.

use serde_json::{Map, Value};

/// What a client is told at the start of a session.
pub(crate) const INSTRUCTIONS: &str = include_str!("text/instructions.md");

const LEAD: &str = include_str!("text/lead.md");
const SPLIT: &str = include_str!("text/split.md");
const REPORT: &str = include_str!("text/report.md");

/// A prompt and its one argument.
#[derive(Debug)]
pub(crate) struct Prompt {
    pub(crate) name: &'static str,
    pub(crate) title: &'static str,
    pub(crate) description: &'static str,
    pub(crate) argument: &'static str,
    pub(crate) argument_description: &'static str,
    pub(crate) argument_required: bool,
}

pub(crate) const ALL: [Prompt; 3] = [
    Prompt {
        name: "lead",
        title: "Lead agents to a goal",
        description: "How to lead: cut the work, hire narrowly, do not poll, check what comes back, report.",
        argument: "goal",
        argument_description: "What shall be reached.",
        argument_required: true,
    },
    Prompt {
        name: "split-tickets",
        title: "Split work into tickets",
        description: "How to cut work into a graph of tickets with checkpoints, and to dispatch it as one plan.",
        argument: "goal",
        argument_description: "What shall be built, or the plan that was agreed on.",
        argument_required: true,
    },
    Prompt {
        name: "report",
        title: "Report to your parent",
        description: "How to finish with a report that your parent can act on.",
        argument: "focus",
        argument_description: "What your parent wants to know above all.",
        argument_required: false,
    },
];

/// Returns the text of a prompt; an error says what is wrong with the request.
pub(crate) fn text(name: &str, arguments: &Map<String, Value>) -> Result<String, String> {
    let prompt = ALL.iter().find(|prompt| prompt.name == name).ok_or_else(|| format!("there is no prompt `{name}`"))?;
    if let Some(unknown) = arguments.keys().find(|key| *key != prompt.argument) {
        return Err(format!("the prompt `{name}` has no argument `{unknown}`"));
    }
    let given = match arguments.get(prompt.argument) {
        None | Some(Value::Null) => "",
        Some(Value::String(text)) => text.trim(),
        Some(_) => return Err(format!("the argument `{}` must be a string", prompt.argument)),
    };
    if given.is_empty() && prompt.argument_required {
        return Err(format!("the prompt `{name}` needs the argument `{}`", prompt.argument));
    }
    Ok(match prompt.name {
        "lead" => LEAD.replacen("{goal}", given, 1),
        "split-tickets" => SPLIT.replacen("{goal}", given, 1),
        _ if given.is_empty() => REPORT.replacen("{focus}\n", "", 1),
        _ => REPORT.replacen("{focus}", &format!("Above all it wants to know: {given}\n"), 1),
    })
}
