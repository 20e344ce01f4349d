use clap::Args;
use legion_api::{DispatchRequest, PlanDuration, PlanUpstream, TextOrList};

use super::hire::DriverArg;
use crate::{
    connect::connect,
    context::Context,
    error::CliError,
    exit, input, session,
    text::{parse_free_text, parse_seconds, parse_upstream},
};

/// Characters of a title that is made from the text.
const TITLE_CHARS: usize = 60;

/// Dispatch a ticket
///
/// It is worked on in a clone of its own as soon as those that it waits for are merged and a worker is free, checked by its gates on the
/// merged tree, and merged into the session's branch. Who works on it sees nothing of your conversation: say everything in the ticket.
#[derive(Debug, Args)]
pub(crate) struct DispatchArgs {
    /// What shall be done; `-` reads it from standard input. A number before it is the worker that shall take it
    #[arg(value_name = "[WORKER] TEXT", num_args = 0..=2)]
    pub words: Vec<String>,
    /// One line for people (made from the text when absent)
    #[arg(short, long, allow_hyphen_values = true, value_parser = parse_free_text)]
    pub title: Option<String>,
    /// What somebody who knows nothing of the project has to know
    #[arg(short, long, value_name = "TEXT", allow_hyphen_values = true, value_parser = parse_free_text)]
    pub context: Option<String>,
    /// What must be true in the end (can be repeated)
    #[arg(short = 'k', long = "criteria", value_name = "TEXT", allow_hyphen_values = true, value_parser = parse_free_text)]
    pub criteria: Vec<String>,
    /// Tickets that must be done and merged first; `2:skip`, `2:fail`, `2:wait` says what becomes of this one without that one
    #[arg(short, long, value_name = "1,2:skip", value_delimiter = ',', value_parser = parse_upstream)]
    pub after: Vec<PlanUpstream>,
    /// The team that does it: `solo`, `tech_lead_team`, `backend_team`, `fullstack_team`, `qa_team` or your own
    #[arg(long, value_name = "ID")]
    pub team: Option<String>,
    /// The role of the agent that does it
    #[arg(long, value_name = "ID")]
    pub role: Option<String>,
    /// The structure that the work shall have: exact files, names, conventions
    #[arg(short, long, value_name = "TEXT", allow_hyphen_values = true, value_parser = parse_free_text)]
    pub plan: Option<String>,
    /// It gates what comes after it: its gates run on the merged tree. Without a text there is no agent
    #[arg(long)]
    pub checkpoint: bool,
    /// Only this worker takes it
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=64))]
    pub worker: Option<u32>,
    /// How its agent is run
    #[arg(long, value_enum)]
    pub driver: Option<DriverArg>,
    /// Program line of a `command` agent
    #[arg(long, value_name = "PROGRAM ARGS")]
    pub command: Option<String>,
    /// Model that its agent uses
    #[arg(long)]
    pub model: Option<String>,
    /// Command whose exit code 0 means that the merged tree is good (can be repeated)
    #[arg(long, value_name = "COMMAND")]
    pub gate: Vec<String>,
    /// Time that each of these gates may take: seconds, or a span such as 10m
    #[arg(long, value_name = "SPAN", value_parser = parse_seconds, requires = "gate")]
    pub gate_timeout: Option<u64>,
    /// Globs of the files that it means to touch
    #[arg(long, value_name = "A,B", value_delimiter = ',')]
    pub files: Vec<String>,
    /// Name under which caps of the session count it
    #[arg(long, value_name = "NAME")]
    pub group: Option<String>,
    /// Attempts before it has failed
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10))]
    pub max_attempts: Option<u32>,
    /// Time that one attempt may take: seconds, or a span such as 20m
    #[arg(long, value_name = "SPAN", value_parser = parse_seconds)]
    pub timeout: Option<u64>,
    /// What becomes of it when one that it waits for ends without being merged
    #[arg(long, value_name = "WHAT", value_parser = ["skip", "fail", "wait"])]
    pub on_upstream: Option<String>,
    /// The session (the current one when absent)
    #[arg(long, value_name = "NAME")]
    pub session: Option<String>,
    /// Do this at most once under this key, however often it is sent
    #[arg(long, value_name = "KEY")]
    pub idempotency_key: Option<String>,
}

/// The worker and the text, as typed.
#[derive(Debug, PartialEq, Eq)]
struct Words<'a> {
    worker: Option<u32>,
    text: Option<&'a str>,
}

impl DispatchArgs {
    fn words(&self) -> Result<Words<'_>, CliError> {
        let worker = |word: &str| word.parse::<u32>().ok().filter(|number| (1..=64).contains(number));
        let is_number = |word: &str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit());
        match &self.words[..] {
            [] => Ok(Words { worker: self.worker, text: None }),
            [only] if is_number(only) && self.checkpoint => Ok(Words { worker: worker(only), text: None }),
            [only] if is_number(only) => Err(usage(
                &format!("there is no text: `{only}` alone names a worker"),
                "say what shall be done, in one argument: `legion dispatch -k CRITERIA \"TEXT\"`",
            )),
            [text] => Ok(Words { worker: self.worker, text: Some(text) }),
            [first, text] => match worker(first) {
                Some(_) if self.worker.is_some() => {
                    Err(usage(&format!("the worker is given twice: `{first}` and `--worker`"), "leave one of them out"))
                }
                Some(worker) => Ok(Words { worker: Some(worker), text: Some(text) }),
                None => Err(usage(
                    &format!("`{first}` is no number of a worker (1 to 64), and the text is one argument"),
                    "put the text in quotes",
                )),
            },
            _ => unreachable!("clap takes two words at most"),
        }
    }

    /// The ticket. Whatever is wrong with it is said before anything is sent.
    fn request(&self) -> Result<DispatchRequest, CliError> {
        let words = self.words()?;
        let prompt = words.text.map(input::text).transpose()?.map(|text| text.trim().to_owned());
        let prompt = prompt.filter(|text| !text.is_empty());
        if prompt.is_none() && !self.checkpoint {
            return Err(usage(
                "there is no text",
                "say what shall be done, for somebody who knows nothing of the project; `-` reads it from standard input",
            ));
        }
        let given = [
            ("--title", self.title.as_deref()),
            ("--context", self.context.as_deref()),
            ("--plan", self.plan.as_deref()),
            ("--team", self.team.as_deref()),
            ("--role", self.role.as_deref()),
            ("--command", self.command.as_deref()),
            ("--model", self.model.as_deref()),
            ("--group", self.group.as_deref()),
            ("--session", self.session.as_deref()),
        ];
        let lists = [("--criteria", &self.criteria), ("--gate", &self.gate), ("--files", &self.files)];
        let lists = lists.iter().flat_map(|(flag, values)| values.iter().map(|value| (*flag, Some(value.as_str()))));
        if let Some((flag, _)) =
            given.into_iter().chain(lists).find(|(_, value)| value.is_some_and(|value| value.trim().is_empty()))
        {
            return Err(usage(&format!("`{flag}` is empty"), "leave it out, or give it a value"));
        }
        let title = self.title.clone().or_else(|| prompt.as_deref().map(first_words));
        Ok(DispatchRequest {
            session: self.session.clone(),
            title: title.or_else(|| Some("Checkpoint".to_owned())),
            prompt,
            context: self.context.clone(),
            criteria: list(&self.criteria),
            after: self.after.clone(),
            checkpoint: self.checkpoint,
            gate: list(&self.gate),
            gate_timeout: self.gate_timeout.map(|seconds| PlanDuration { seconds }),
            files: Some(self.files.clone()).filter(|files| !files.is_empty()),
            plan: self.plan.clone(),
            team: self.team.clone(),
            role: self.role.clone(),
            group: self.group.clone(),
            worker: words.worker,
            driver: self.driver.map(|driver| legion_api::Driver::from(driver).as_str().to_owned()),
            command: self.command.clone().map(TextOrList::Text),
            model: self.model.clone(),
            max_attempts: self.max_attempts,
            timeout: self.timeout.map(|seconds| PlanDuration { seconds }),
            on_upstream: self.on_upstream.clone(),
        })
    }
}

pub(crate) async fn run(context: Context<'_>, args: &DispatchArgs) -> Result<u8, CliError> {
    let request = args.request()?;
    let project = context.project(&connect(context).await?)?;
    if args.session.is_none() {
        session::open_if_none(context, &project).await?;
    }
    let dispatched = project.dispatch(&request, args.idempotency_key.as_deref()).await?;
    context.output.warn(&dispatched.warnings);
    if context.output.json {
        context.output.document(&dispatched)?;
    } else {
        for number in &dispatched.tickets {
            context.output.line(&number.to_string())?;
        }
    }
    Ok(exit::DONE)
}

fn list(values: &[String]) -> Option<TextOrList> {
    (!values.is_empty()).then(|| TextOrList::List(values.to_vec()))
}

/// The beginning of a text, cut behind a word.
fn first_words(text: &str) -> String {
    let line = text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
    if line.chars().count() <= TITLE_CHARS {
        return line.to_owned();
    }
    let cut: String = line.chars().take(TITLE_CHARS).collect();
    let kept = cut.rsplit_once(char::is_whitespace).map_or(cut.as_str(), |(words, _)| words.trim_end());
    format!("{kept}…")
}

fn usage(what: &str, hint: &str) -> CliError {
    CliError::Usage { what: what.to_owned(), hint: Some(hint.to_owned()) }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::arguments::{Arguments, Command};

    fn request(words: &[&str]) -> Result<DispatchRequest, String> {
        let words = ["legion", "dispatch"].iter().chain(words);
        let arguments = Arguments::try_parse_from(words).map_err(|error| error.to_string())?;
        let Command::Dispatch(args) = arguments.command else { panic!("no dispatch") };
        args.request().map_err(|error| error.to_string())
    }

    #[test]
    fn the_form_of_the_command_that_leaders_know_is_understood() {
        let line =
            ["1", "-t", "Auth", "-c", "Rust", "-k", "POST /login works", "--after", "1,#2:skip", "--team", "solo"];
        let request = request(&[&line[..], &["--plan", "src/a.rs", "Implement it"]].concat()).unwrap();
        assert_eq!((request.worker, request.prompt.as_deref()), (Some(1), Some("Implement it")));
        assert_eq!((request.title.as_deref(), request.team.as_deref()), (Some("Auth"), Some("solo")));
        let skip = PlanUpstream { on_upstream: Some("skip".to_owned()), ..PlanUpstream::from("2") };
        assert_eq!(request.after, [PlanUpstream::from("1"), skip]);
        assert_eq!(request.criteria.unwrap().into_list(), ["POST /login works"]);
    }

    #[test]
    fn a_title_is_made_from_the_first_words() {
        let title = |text: &str| request(&["-k", "x", text]).unwrap().title.unwrap();
        assert_eq!(title("\n  Do it\nnow"), "Do it");
        let long = format!("{} end", "word ".repeat(30).trim_end());
        assert_eq!(title(&long), format!("{}…", "word ".repeat(12).trim_end()));
        assert_eq!(title(&"x".repeat(100)), format!("{}…", "x".repeat(60)));
    }

    #[test]
    fn a_text_may_be_a_list() {
        let request = request(&["-k", "--help prints usage", "-c", "- Rust\n- axum", "do it"]).unwrap();
        assert_eq!(request.criteria.unwrap().into_list(), ["--help prints usage"]);
        assert_eq!(request.context.as_deref(), Some("- Rust\n- axum"));
    }

    #[test]
    fn a_number_alone_is_the_worker_of_a_checkpoint_and_no_text() {
        assert!(request(&["-k", "x", "1"]).unwrap_err().contains("no text"));
        let request = request(&["1", "--checkpoint", "--gate", "cargo test"]).unwrap();
        assert_eq!((request.worker, request.prompt, request.checkpoint), (Some(1), None, true));
    }

    #[test]
    fn what_cannot_be_meant_is_refused_before_anything_is_sent() {
        for (line, said) in [
            (&["-k", "x"][..], "there is no text"),
            (&["-k", "x", "  "], "there is no text"),
            (&["-k", "", "do it"], "`--criteria` is empty"),
            (&["-k", "x", "do", "it"], "`do` is no number of a worker"),
            (&["-k", "x", "65", "do it"], "`65` is no number of a worker"),
            (&["-k", "x", "1", "do it", "--worker", "2"], "given twice"),
            (&["-k", "x", "1", "do", "it"], "unexpected"),
            (&["-k", "x", "do it", "--after", "two"], "not the number of a ticket"),
            (&["-k", "x", "do it", "--after", "1,,2"], "not the number of a ticket"),
            (&["-k", "x", "do it", "--after", "1:cry"], "`cry` is not `skip`, `fail` or `wait`"),
            (&["-k", "x", "do it", "--after"], "value is required"),
            (&["do it", "-k"], "value is required"),
            (&["do it", "-k", "--after", "1"], "a text is missing: `--after` is an option"),
            (&["-k", "x", "do it", "--max-attempts", "11"], "11 is not in 1..=10"),
            (&["-k", "x", "do it", "--on-upstream", "cry"], "invalid value 'cry'"),
            (&["-k", "x", "do it", "--colour", "red"], "unexpected argument '--colour'"),
            (&["-k", "x", "do it", "--session", ""], "`--session` is empty"),
        ] {
            let refused = request(line).unwrap_err();
            assert!(refused.contains(said), "{line:?}: {refused}");
        }
    }
}
