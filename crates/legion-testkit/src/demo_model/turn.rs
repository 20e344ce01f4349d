//! What an agent knows when its model is asked.

use crate::model_server::ModelRequest;

const REMINDER: &str = "<system-reminder>";
/// What Legion tells every agent about its place, before the directory.
const DIRECTORY: &str = "Your working directory is ";

/// A conversation as its model sees it.
pub(super) struct Turn<'a> {
    /// All that was said to the agent, oldest first; the first is its task.
    pub told: Vec<&'a str>,
    /// The texts of the tool results since it was last told something, in the order of the calls.
    pub results: Vec<String>,
    /// How often its model has answered since then.
    pub step: usize,
    /// The texts of all tool results.
    pub all_results: Vec<String>,
    directory: String,
}

impl<'a> Turn<'a> {
    /// Returns none for a request in which nothing is said, or for a side request without tools.
    pub fn of(request: &'a ModelRequest) -> Option<Self> {
        if request.tools.is_empty() {
            return None;
        }
        let is_told = |text: &&str| !text.trim_start().starts_with(REMINDER);
        let mut told = Vec::new();
        let mut last = 0;
        for (index, message) in request.messages.iter().enumerate() {
            // Newer models get the notes of the agent program as messages of the system.
            if message["role"] != "user" {
                continue;
            }
            let texts = match &message["content"] {
                serde_json::Value::String(text) => vec![text.as_str()],
                blocks => blocks.as_array().into_iter().flatten().filter_map(|block| block["text"].as_str()).collect(),
            };
            let texts: Vec<&str> = texts.into_iter().filter(is_told).collect();
            if !texts.is_empty() {
                last = index;
                told.extend(texts);
            }
        }
        if told.is_empty() {
            return None;
        }
        let since = &request.messages[last + 1..];
        let mut newest = request.clone();
        newest.messages = since.to_vec();
        let system = request.system.to_string();
        let directory = system.split(DIRECTORY).nth(1).and_then(|rest| rest.split(';').next()).unwrap_or_default();
        Some(Self {
            told,
            results: newest.tool_results(),
            step: answers(since),
            all_results: request.tool_results(),
            directory: directory.to_owned(),
        })
    }

    pub fn task(&self) -> &'a str {
        self.told.first().copied().unwrap_or_default().trim_start()
    }

    /// What the agent was told last.
    pub fn prompt(&self) -> &'a str {
        self.told.last().copied().unwrap_or_default().trim_start()
    }

    /// The path of a file in its working directory.
    pub fn path(&self, name: &str) -> String {
        format!("{}/{name}", self.directory)
    }

    /// The last tool result.
    pub fn last_result(&self) -> &str {
        self.results.last().map_or("", String::as_str)
    }
}

/// An agent program may split an answer over several messages.
fn answers(messages: &[serde_json::Value]) -> usize {
    let mut answers = 0;
    let mut in_answer = false;
    for message in messages {
        let is_answer = message["role"] == "assistant";
        answers += usize::from(is_answer && !in_answer);
        in_answer = is_answer || (in_answer && message["role"] == "system");
    }
    answers
}

/// Returns the words of a text that stand in backticks.
pub(super) fn quoted(text: &str) -> Vec<&str> {
    text.split('`').skip(1).step_by(2).collect()
}
