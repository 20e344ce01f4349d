use legion_api::{Plan, PlanPlace, PlanReader};
use serde::de::DeserializeSeed;

use super::error::{PlanFileError, Position};

/// How a plan is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlanFormat {
    Toml,
    Json,
}

/// Characters of a reason: it may quote a value, which may be long.
const REASON_CHARS: usize = 400;

const UTF8_MARK: &[u8] = b"\xEF\xBB\xBF";

impl PlanFormat {
    /// By the end of a file's name.
    pub fn of_name(name: &str) -> Self {
        if name.to_ascii_lowercase().ends_with(".json") { Self::Json } else { Self::Toml }
    }

    /// By the first character: no TOML begins with a brace.
    pub fn of_text(bytes: &[u8]) -> Self {
        let text = bytes.strip_prefix(UTF8_MARK).unwrap_or(bytes);
        if text.trim_ascii_start().starts_with(b"{") { Self::Json } else { Self::Toml }
    }
}

/// Reads a plan. `file` is its name in messages.
pub fn parse_plan(bytes: &[u8], file: &str, format: PlanFormat) -> Result<Plan, PlanFileError> {
    let bytes = bytes.strip_prefix(UTF8_MARK).unwrap_or(bytes);
    let text = text(bytes, file)?;
    if text.trim().is_empty() {
        return Err(PlanFileError::Empty { file: file.to_owned() });
    }
    let place = PlanPlace::default();
    let reader = PlanReader { place: &place };
    let (at, reason) = match format {
        PlanFormat::Toml => {
            match toml::Deserializer::parse(text).and_then(|deserializer| reader.deserialize(deserializer)) {
                Ok(plan) => return Ok(plan),
                Err(error) => {
                    name_ticket(&place, text);
                    let offset = error.span().map_or(0, |span| span.start);
                    (Position::of(bytes, offset), error.message().to_owned())
                }
            }
        }
        PlanFormat::Json => {
            let mut deserializer = serde_json::Deserializer::from_str(text);
            match reader.deserialize(&mut deserializer).and_then(|plan| deserializer.end().map(|()| plan)) {
                Ok(plan) => return Ok(plan),
                Err(error) => (json_position(text, &error), json_reason(&error)),
            }
        }
    };
    let reason = shortened(&reason);
    let what = if place.is_known() { format!("{place}: {reason}") } else { reason };
    Err(PlanFileError::Format { file: file.to_owned(), at, what })
}

/// Looks up the id of the ticket at a place: the keys of a TOML table are read in the order of the alphabet.
fn name_ticket(place: &PlanPlace, text: &str) {
    let id = || {
        let plan: toml::Table = text.parse().ok()?;
        let id = plan.get("ticket")?.get(place.nameless_ticket()? - 1)?.get("id")?;
        id.as_str().map(str::to_owned).or_else(|| id.as_integer().map(|number| number.to_string()))
    };
    if let Some(id) = place.nameless_ticket().and_then(|_| id()) {
        place.name_ticket(&id);
    }
}

fn text<'a>(bytes: &'a [u8], file: &str) -> Result<&'a str, PlanFileError> {
    let not_text = |offset, what: &str| PlanFileError::NotText {
        file: file.to_owned(),
        at: Position::of(bytes, offset),
        what: what.to_owned(),
    };
    if bytes.starts_with(b"\xFF\xFE") || bytes.starts_with(b"\xFE\xFF") {
        return Err(not_text(
            0,
            "it is UTF-16, as some editors of Windows save it; convert it with `iconv -f UTF-16 -t UTF-8`",
        ));
    }
    if let Some(offset) = bytes.iter().position(|byte| *byte == 0) {
        return Err(not_text(offset, "it has a zero byte"));
    }
    std::str::from_utf8(bytes).map_err(|error| {
        let offset = error.valid_up_to();
        not_text(offset, &format!("the byte 0x{:02x} is not UTF-8", bytes[offset]))
    })
}

/// The place that the JSON reader means; it counts bytes, from 1.
fn json_position(text: &str, error: &serde_json::Error) -> Position {
    let line = text.lines().nth(error.line().saturating_sub(1)).unwrap_or_default();
    let before = line.as_bytes().get(..error.column().saturating_sub(1)).unwrap_or(line.as_bytes());
    Position { line: error.line().max(1), column: String::from_utf8_lossy(before).chars().count() + 1 }
}

/// The reason without the place, which stands at the front already.
fn json_reason(error: &serde_json::Error) -> String {
    let reason = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    reason.strip_suffix(&place).unwrap_or(&reason).to_owned()
}

/// One line of bounded length.
fn shortened(reason: &str) -> String {
    let mut line: String =
        reason.trim().chars().take(REASON_CHARS).map(|char| if char.is_control() { ' ' } else { char }).collect();
    if reason.chars().nth(REASON_CHARS).is_some() {
        line.push('…');
    }
    line
}

#[cfg(test)]
mod tests {
    use legion_api::{PlanDuration, PlanUpstream, TextOrList, TicketKey};

    use super::*;

    fn toml(text: &str) -> Result<Plan, PlanFileError> {
        parse_plan(text.as_bytes(), "PLAN.toml", PlanFormat::Toml)
    }

    fn refusal(text: &str) -> String {
        toml(text).unwrap_err().to_string()
    }

    #[test]
    fn a_plan_with_everything_in_it_is_read() {
        let plan = toml(
            r#"
[session]
name = "auth"
target = "feature/auth"
from = "main"
workers = 3
overlap = "hold"
protect = ["tests/**"]
group_caps = { db = 1 }

[defaults]
criteria = "cargo test passes"
timeout = "20m"

[[ticket]]
id = 1
title = "Schema"
prompt = """
Write the schema."""
files = ["src/db/"]

[[ticket]]
id = "api"
after = [1, { id = "other", on_upstream = "skip" }]
checkpoint = true
gate = ["cargo fmt --check", "cargo test"]
timeout = 90
"#,
        )
        .unwrap();
        let session = plan.session.as_ref().unwrap();
        assert_eq!((session.workers, session.group_caps.as_ref().unwrap()["db"]), (Some(3), 1));
        assert_eq!(plan.defaults.as_ref().unwrap().timeout, Some(PlanDuration { seconds: 1_200 }));
        assert_eq!(plan.ticket[0].prompt.as_deref(), Some("Write the schema."));
        let skip = PlanUpstream { on_upstream: Some("skip".to_owned()), ..PlanUpstream::from("other") };
        assert_eq!(plan.ticket[1].after, [PlanUpstream::from("1"), skip]);
        assert!(matches!(&plan.ticket[1].gate, Some(TextOrList::List(gates)) if gates.len() == 2));
    }

    #[test]
    fn the_example_of_the_documentation_is_a_plan() {
        let page = include_str!("../../../../docs/plans.md");
        let mut examples = page.split("```toml\n").skip(1).map(|rest| rest.split("```").next().unwrap());
        let plan = toml(examples.next().unwrap()).unwrap();
        assert!(plan.ticket.len() >= 5, "{plan:?}");
        assert!(examples.all(|example| toml(example).is_ok()));
    }

    #[test]
    fn a_fault_is_told_with_line_column_ticket_and_field() {
        let start = "[[ticket]]\nid = \"a\"\n\n[[ticket]]\nid = \"db\"\n";
        for (line, said) in [
            (
                "timeout = \"soon\"",
                "PLAN.toml:6:11: ticket `db`, field `timeout`: `soon` is no length of time: write seconds, or text such as \"90s\", \"20m\", \"1h30m\"",
            ),
            (
                "max_attempts = \"3\"",
                "PLAN.toml:6:16: ticket `db`, field `max_attempts`: invalid type: string \"3\", expected u32",
            ),
            (
                "max_attempts = -1",
                "PLAN.toml:6:16: ticket `db`, field `max_attempts`: invalid value: integer `-1`, expected u32",
            ),
            (
                "files = [\"a\", 5]",
                "PLAN.toml:6:15: ticket `db`, field `files`: invalid type: integer `5`, expected a string",
            ),
            (
                "after = [{ id = \"a\", then = \"skip\" }]",
                "PLAN.toml:6:10: ticket `db`, field `after`: unknown field `then`, expected `id` or `on_upstream`",
            ),
            (
                "gate = 5",
                "PLAN.toml:6:8: ticket `db`, field `gate`: invalid type: integer `5`, expected text or a list of texts",
            ),
            (
                "checkpoint = \"yes\"",
                "PLAN.toml:6:14: ticket `db`, field `checkpoint`: invalid type: string \"yes\", expected a boolean",
            ),
        ] {
            assert_eq!(refusal(&format!("{start}{line}\n")), said);
        }
        let said = refusal(&format!("{start}colour = \"red\"\n"));
        assert!(
            said.starts_with("PLAN.toml:6:1: ticket `db`, field `colour`: unknown field `colour`, expected one of "),
            "{said}"
        );
        assert!(refusal("[session]\nworkers = true\n").starts_with("PLAN.toml:2:11: [session], field `workers`: "));
        assert!(refusal("[sesion]\n").starts_with("PLAN.toml:1:2: plan, field `sesion`: unknown field"));
    }

    #[test]
    fn what_is_not_toml_is_told_with_its_place() {
        let said = refusal("[[ticket]]\nid = \"a\ntitle = 1\n");
        assert!(said.starts_with("PLAN.toml:2:"), "{said}");
        let said = refusal("[[ticket]]\nid = 1\nid = 2\n");
        assert!(said.starts_with("PLAN.toml:3:1: ") && said.contains("duplicate"), "{said}");
        let said = refusal("ticket = 5\n");
        assert_eq!(
            said,
            "PLAN.toml:1:10: plan, field `ticket`: invalid type: integer `5`, expected a list of tickets (`[[ticket]]`)"
        );
        assert!(refusal(&format!("a = {}1{}", "[".repeat(5_000), "]".repeat(5_000))).starts_with("PLAN.toml:1:"));
        let said = refusal(&format!("[[ticket]]\nid = 1\nworker = \"{}\"", "x".repeat(10_000)));
        assert!(said.chars().count() < 600, "{said}");
    }

    #[test]
    fn columns_count_characters() {
        let said = refusal("[[ticket]]\nid = { \"üüü\" = 1 }\n");
        assert!(said.starts_with("PLAN.toml:2:6: "), "{said}");
        assert_eq!(Position::of("a\nüü=".as_bytes(), 6), Position { line: 2, column: 3 });
    }

    #[test]
    fn json_is_read_and_its_faults_are_told_with_their_place() {
        let json = |text: &str| parse_plan(text.as_bytes(), "a.json", PlanFormat::Json);
        assert_eq!(json(r#"{"ticket":[{"id":1}]}"#).unwrap().ticket[0].id, TicketKey::from("1"));
        let said = json("{\"ticket\":[\n  {\"id\":\"ü\",\"worker\":\"x\"}]}").unwrap_err().to_string();
        assert!(said.starts_with("a.json:2:"), "{said}");
        assert!(said.ends_with(": ticket `ü`, field `worker`: invalid type: string \"x\", expected u32"), "{said}");
        assert!(json("{} x").unwrap_err().to_string().starts_with("a.json:1:4: trailing characters"));
        assert!(json("{\"ticket\":").unwrap_err().to_string().starts_with("a.json:1:"));
    }

    #[test]
    fn bytes_that_are_no_text_say_so() {
        for (bytes, said) in [
            (&b"\x7fELF\x02\x01\x01\0\0"[..], "p:1:8: this is no text: it has a zero byte"),
            (b"id = 1\n\xff", "p:2:1: this is no text: the byte 0xff is not UTF-8"),
            (b" \n", "p is empty"),
            (b"", "p is empty"),
        ] {
            assert_eq!(parse_plan(bytes, "p", PlanFormat::Toml).unwrap_err().to_string(), said);
        }
        let wide = b"\xFF\xFEi\0d\0";
        assert!(parse_plan(wide, "p", PlanFormat::Toml).unwrap_err().to_string().contains("UTF-16"));
        assert!(parse_plan(b"\xEF\xBB\xBF[[ticket]]\r\nid = 1\r\n", "p", PlanFormat::Toml).is_ok());
    }

    #[test]
    fn standard_input_tells_by_its_first_character_what_it_is() {
        assert_eq!(PlanFormat::of_text(b"\xEF\xBB\xBF \n{"), PlanFormat::Json);
        assert_eq!(PlanFormat::of_text(b"[[ticket]]"), PlanFormat::Toml);
        assert_eq!(PlanFormat::of_text(b""), PlanFormat::Toml);
    }
}
