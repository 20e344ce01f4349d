//! What we write to Claude Code. Each function returns one line with its end.

mod allow;
mod deny;
mod initialize;
mod interrupt;
mod line;
mod probe;
mod refuse;
mod user_message;

pub use allow::allow;
pub use deny::deny;
pub use initialize::initialize;
pub use interrupt::interrupt;
pub use probe::probe;
pub use refuse::refuse;
pub use user_message::{Priority, user_message};

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use uuid::Uuid;

    use super::*;

    #[test]
    fn every_message_is_one_line_of_json_whatever_it_carries() {
        let (id, nasty) = (Uuid::nil(), "a\nb\r\n\"}\u{2028}\u{0}\\");
        let lines = [
            user_message(id, nasty, Some(Priority::Next)),
            initialize(id),
            interrupt(id),
            probe(id),
            allow(nasty, json!({"command": nasty}).as_object().unwrap()),
            deny(nasty, nasty),
            refuse(nasty, nasty),
        ];
        for line in lines {
            let (last, rest) = line.split_last().unwrap();
            assert_eq!(*last, b'\n');
            assert!(!rest.contains(&b'\n') && !rest.contains(&b'\r'));
            assert!(serde_json::from_slice::<Value>(rest).unwrap().is_object());
        }
    }

    #[test]
    fn a_text_that_begins_with_a_slash_is_no_command() {
        let line: Value = serde_json::from_slice(&user_message(Uuid::nil(), "/compact", None)).unwrap();
        assert_eq!(line["message"]["content"], "[legion]\n/compact");
        let line: Value = serde_json::from_slice(&user_message(Uuid::nil(), "a /b", None)).unwrap();
        assert_eq!(line["message"]["content"], "a /b");
    }
}
