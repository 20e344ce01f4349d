//! What there is to bring back.

use legion_api::RescueList;

use super::{
    Look,
    style::Style,
    table::{Cell, table},
};
use crate::text::{age, escape_line, short_commit};

/// One line for each time that files were secured.
pub(crate) fn rescues(list: &RescueList, look: &Look) -> String {
    if list.rescues.is_empty() {
        return "nothing was secured\n".to_owned();
    }
    let rows: Vec<Vec<Cell>> = list
        .rescues
        .iter()
        .map(|rescue| {
            vec![
                Cell::styled(Style::Head, format!("#{}", rescue.ticket)),
                Cell::new(escape_line(&rescue.title)),
                Cell::styled(Style::Warn, if rescue.deleted { "deleted" } else { "" }),
                Cell::new(rescue.number.to_string()),
                Cell::new(age(rescue.at, look.now)),
                Cell::styled(Style::Faint, short_commit(&rescue.commit)),
                Cell::styled(Style::Faint, escape_line(&rescue.place)),
            ]
        })
        .collect();
    table(&["TICKET", "TITLE", "STATE", "RESCUE", "WHEN", "COMMIT", "CLONE"], &rows, look)
}
