//! Breaks an answer in its middle.

use super::part::Part;
use crate::model_server::answer::Break;

/// An event that is an event and not JSON.
const BAD_EVENT: &str = "data: {\"this is\": not JSON\n\n";

/// Returns `parts` as they go when the answer breaks like that.
pub(super) fn broken(parts: Vec<Part>, how: Break, stream: bool) -> Vec<Part> {
    let middle = parts.iter().position(|part| *part == Part::Middle).unwrap_or(parts.len());
    let mut kept = parts[..middle].to_vec();
    let rest = &parts[middle..];
    let half_of_next = || {
        rest.iter().find_map(|part| match part {
            Part::Send(bytes) => Some(Part::Send(bytes.slice(..bytes.len() / 2))),
            _ => None,
        })
    };
    match how {
        Break::Cut => kept.push(Part::Cut),
        Break::HalfOpen => kept.push(Part::Hang),
        Break::CutInside => {
            kept.extend(half_of_next());
            kept.push(Part::Cut);
        }
        Break::BadJson if stream => {
            kept.push(Part::Send(BAD_EVENT.into()));
            kept.extend(rest.iter().cloned());
        }
        Break::BadJson => kept.extend(half_of_next()),
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_break_happens_at_the_first_middle() {
        let send = |text: &'static str| Part::Send(text.into());
        let parts = || vec![send("one"), Part::Middle, send("four"), Part::Middle, send("five")];
        assert_eq!(broken(parts(), Break::Cut, true), [send("one"), Part::Cut]);
        assert_eq!(broken(parts(), Break::CutInside, true), [send("one"), send("fo"), Part::Cut]);
        assert_eq!(broken(parts(), Break::HalfOpen, true), [send("one"), Part::Hang]);
        assert_eq!(broken(parts(), Break::BadJson, true)[1], send(BAD_EVENT));
        assert_eq!(broken(parts(), Break::BadJson, false), [send("one"), send("fo")]);
    }
}
