//! Reading a plan so that a value of the wrong type is reported with its ticket and field.
//!
//! The readers note where they are while they read. The error itself stays as the format made it, with its line and column.

use std::cell::{Cell, RefCell};
use std::fmt;

use serde::de::{self, Deserialize, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

use super::types::{Plan, PlanDefaults, PlanSession, PlanTicket};

/// Where in a plan a reader is. When reading failed: where.
#[derive(Debug, Default)]
pub struct PlanPlace {
    table: Cell<Table>,
    ticket: RefCell<Option<String>>,
    field: RefCell<Option<String>>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Table {
    #[default]
    Plan,
    Session,
    Defaults,
    /// Counted from 1.
    Ticket(usize),
}

/// Reads a plan and notes in `place` where it is.
pub struct PlanReader<'a> {
    pub place: &'a PlanPlace,
}

impl PlanPlace {
    fn enter(&self, table: Table) {
        self.table.set(table);
        *self.ticket.borrow_mut() = None;
        *self.field.borrow_mut() = None;
    }

    /// The number of the ticket, from 1, when its id was not read yet.
    pub fn nameless_ticket(&self) -> Option<usize> {
        match self.table.get() {
            Table::Ticket(number) if self.ticket.borrow().is_none() => Some(number),
            _ => None,
        }
    }

    /// Gives the ticket its id, for who can look it up.
    pub fn name_ticket(&self, id: &str) {
        *self.ticket.borrow_mut() = Some(id.to_owned());
    }

    /// Whether there is anything to say about the place.
    pub fn is_known(&self) -> bool {
        self.table.get() != Table::Plan || self.field.borrow().is_some()
    }
}

/// For instance ``ticket `db`, field `timeout` ``.
impl fmt::Display for PlanPlace {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.table.get() {
            Table::Plan => out.write_str("plan")?,
            Table::Session => out.write_str("[session]")?,
            Table::Defaults => out.write_str("[defaults]")?,
            Table::Ticket(number) => match self.ticket.borrow().as_deref() {
                Some(id) => write!(out, "ticket `{}`", id.chars().take(64).collect::<String>().escape_debug())?,
                None => write!(out, "ticket number {number}")?,
            },
        }
        match self.field.borrow().as_deref() {
            Some(field) => write!(out, ", field `{}`", field.chars().take(64).collect::<String>().escape_debug()),
            None => Ok(()),
        }
    }
}

impl<'de> Deserialize<'de> for Plan {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let place = PlanPlace::default();
        PlanReader { place: &place }
            .deserialize(deserializer)
            .map_err(|error| if place.is_known() { de::Error::custom(format_args!("{place}: {error}")) } else { error })
    }
}

/// Makes the reader of one table: a seed that notes the field it is at, refuses unknown and repeated fields, and takes null for
/// absent.
macro_rules! reader {
    ($seed:ident, $type:ident, $what:literal, [$($field:ident),* $(,)?], |$self:ident, $map:ident, $value:ident| { $($special:ident => $read:expr),* $(,)? }) => {
        impl<'de> DeserializeSeed<'de> for $seed<'_> {
            type Value = $type;
            fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<$type, D::Error> {
                deserializer.deserialize_map(self)
            }
        }

        impl<'de> Visitor<'de> for $seed<'_> {
            type Value = $type;
            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str($what)
            }
            fn visit_map<A: MapAccess<'de>>($self, mut $map: A) -> Result<$type, A::Error> {
                const FIELDS: &[&str] = &[$(stringify!($special),)* $(stringify!($field),)*];
                let mut $value = $type::default();
                let mut seen = [false; FIELDS.len()];
                while let Some(index) = $map.next_key_seed(Field { place: $self.place, fields: FIELDS })? {
                    if std::mem::replace(&mut seen[index], true) {
                        return Err(de::Error::duplicate_field(FIELDS[index]));
                    }
                    match FIELDS[index] {
                        $(stringify!($special) => $read,)*
                        $(stringify!($field) => $value.$field = $map.next_value()?,)*
                        _ => unreachable!("FIELDS lists the arms"),
                    }
                    *$self.place.field.borrow_mut() = None;
                }
                Ok($value)
            }
        }
    };
}

struct Session<'a> {
    place: &'a PlanPlace,
}

struct Defaults<'a> {
    place: &'a PlanPlace,
}

struct Ticket<'a> {
    place: &'a PlanPlace,
}

struct Tickets<'a> {
    place: &'a PlanPlace,
}

/// The name of a field. It is refused while it is read, so that the error is at its place and not at the table's.
struct Field<'a> {
    place: &'a PlanPlace,
    fields: &'static [&'static str],
}

/// A table that may be null.
struct Perhaps<S>(S);

reader!(PlanReader, Plan, "a plan", [], |self, map, plan| {
    session => {
        self.place.enter(Table::Session);
        plan.session = map.next_value_seed(Perhaps(Session { place: self.place }))?;
        self.place.enter(Table::Plan);
    },
    defaults => {
        self.place.enter(Table::Defaults);
        plan.defaults = map.next_value_seed(Perhaps(Defaults { place: self.place }))?;
        self.place.enter(Table::Plan);
    },
    ticket => plan.ticket = map.next_value_seed(Tickets { place: self.place })?,
});

reader!(
    Session,
    PlanSession,
    "a table",
    [name, target, from, workers, overlap, protect, group_caps],
    |self, map, session| {}
);

reader!(
    Defaults,
    PlanDefaults,
    "a table",
    [
        context,
        criteria,
        checkpoint,
        gate,
        gate_timeout,
        files,
        plan,
        team,
        role,
        group,
        worker,
        driver,
        command,
        model,
        max_attempts,
        timeout,
        on_upstream
    ],
    |self, map, defaults| {}
);

reader!(
    Ticket,
    PlanTicket,
    "a ticket",
    [
        title, prompt, context, criteria, checkpoint, gate, gate_timeout, files, plan, team, role, group, worker, driver, command, model,
        max_attempts, timeout, on_upstream
    ],
    |self, map, ticket| {
        id => {
            ticket.id = map.next_value()?;
            *self.place.ticket.borrow_mut() = Some(ticket.id.0.clone());
        },
        after => ticket.after = map.next_value::<Option<_>>()?.unwrap_or_default(),
    }
);

impl<'de> DeserializeSeed<'de> for Field<'_> {
    type Value = usize;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<usize, D::Error> {
        deserializer.deserialize_identifier(self)
    }
}

impl Visitor<'_> for Field<'_> {
    type Value = usize;
    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("the name of a field")
    }
    fn visit_str<E: de::Error>(self, name: &str) -> Result<usize, E> {
        *self.place.field.borrow_mut() = Some(name.to_owned());
        let index = self.fields.iter().position(|field| *field == name);
        index.ok_or_else(|| E::unknown_field(name, self.fields))
    }
}

impl<'de> DeserializeSeed<'de> for Tickets<'_> {
    type Value = Vec<PlanTicket>;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Tickets<'_> {
    type Value = Vec<PlanTicket>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a list of tickets (`[[ticket]]`)")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Self::Value, A::Error> {
        let mut tickets = Vec::new();
        loop {
            self.place.enter(Table::Ticket(tickets.len() + 1));
            match sequence.next_element_seed(Ticket { place: self.place })? {
                Some(ticket) => tickets.push(ticket),
                None => break,
            }
        }
        self.place.enter(Table::Plan);
        Ok(tickets)
    }
}

impl<'de, S: DeserializeSeed<'de>> DeserializeSeed<'de> for Perhaps<S> {
    type Value = Option<S::Value>;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_option(self)
    }
}

impl<'de, S: DeserializeSeed<'de>> Visitor<'de> for Perhaps<S> {
    type Value = Option<S::Value>;
    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a table")
    }
    fn visit_none<E: de::Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }
    fn visit_unit<E: de::Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }
    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        self.0.deserialize(deserializer).map(Some)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::plan::{PlanDuration, PlanUpstream, TextOrList, TicketKey};

    fn refusal(plan: serde_json::Value) -> String {
        serde_json::from_str::<Plan>(&plan.to_string()).unwrap_err().to_string()
    }

    #[test]
    fn every_way_to_write_a_value_is_read() {
        let plan: Plan = serde_json::from_value(json!({
            "session": { "name": "auth", "workers": 3, "overlap": "hold", "protect": ["tests/**"], "group_caps": { "db": 1 } },
            "defaults": null,
            "ticket": [
                { "id": 1, "title": "one", "gate": "cargo test", "timeout": "20m", "files": null },
                { "id": "two", "after": [1, "1", { "id": 1, "on_upstream": "skip" }], "gate": ["cargo fmt --check", "cargo test"], "timeout": 90, "command": ["sh", "-c", "true"] },
            ],
        }))
        .unwrap();
        assert_eq!(plan.ticket[0].id, TicketKey::from("1"));
        assert_eq!(plan.ticket[0].timeout, Some(PlanDuration { seconds: 1_200 }));
        assert_eq!(plan.ticket[0].files, None);
        let skip = PlanUpstream { on_upstream: Some("skip".to_owned()), ..PlanUpstream::from("1") };
        assert_eq!(plan.ticket[1].after, [PlanUpstream::from("1"), PlanUpstream::from("1"), skip]);
        assert_eq!(plan.ticket[1].gate, Some(TextOrList::List(vec!["cargo fmt --check".into(), "cargo test".into()])));
        assert_eq!(plan.session.as_ref().unwrap().group_caps.as_ref().unwrap()["db"], 1);
        let again: Plan = serde_json::from_str(&serde_json::to_string(&plan).unwrap()).unwrap();
        assert_eq!(again, plan);
    }

    #[test]
    fn a_value_of_the_wrong_type_names_ticket_and_field() {
        for (field, value) in [
            ("title", json!(1)),
            ("prompt", json!([])),
            ("criteria", json!(5)),
            ("criteria", json!([5])),
            ("after", json!("a")),
            ("after", json!([1.5])),
            ("after", json!([-1])),
            ("after", json!([{ "id": "a", "then": "skip" }])),
            ("after", json!([{ "on_upstream": "skip" }])),
            ("checkpoint", json!("yes")),
            ("gate", json!({})),
            ("files", json!("src")),
            ("worker", json!(-1)),
            ("max_attempts", json!("3")),
            ("timeout", json!("soon")),
            ("timeout", json!(-1)),
            ("timeout", json!(1.5)),
            ("on_upstream", json!(true)),
            ("colour", json!("red")),
        ] {
            let text = refusal(json!({ "ticket": [{ "id": "a" }, { "id": "db", field: value }] }));
            // An object's fields come in the order of the alphabet here, so the id may not have been read yet.
            let place = if field < "id" { "ticket number 2" } else { "ticket `db`" };
            assert!(text.starts_with(&format!("{place}, field `{field}`: ")), "{field}: {text}");
        }
    }

    #[test]
    fn faults_outside_tickets_name_their_table() {
        let text = refusal(json!({ "session": { "workers": "many" }, "ticket": [] }));
        assert!(text.starts_with("[session], field `workers`: "), "{text}");
        let text = refusal(json!({ "defaults": { "id": "a" }, "ticket": [] }));
        assert!(text.starts_with("[defaults], field `id`: unknown field `id`"), "{text}");
        let text = refusal(json!({ "tickets": [] }));
        assert!(text.starts_with("plan, field `tickets`: unknown field `tickets`"), "{text}");
        let text = refusal(json!({ "ticket": ["a"] }));
        assert!(text.starts_with("ticket number 1: "), "{text}");
        assert!(refusal(json!([])).contains("expected a plan"));
        let text = serde_json::from_str::<Plan>(r#"{"ticket":[{"id":"a","id":"b"}]}"#).unwrap_err().to_string();
        assert!(text.starts_with("ticket `a`, field `id`: duplicate field"), "{text}");
    }
}
