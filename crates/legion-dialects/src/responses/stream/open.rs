//! Items whose events are coming in.

use super::wire::Wire;

/// What is known of an item.
#[derive(Clone, Debug)]
pub struct Item {
    /// Its place in the output.
    pub output_index: Option<u64>,
    pub id: Option<String>,
    pub kind: Kind,
    pub done: bool,
}

#[derive(Clone, Debug)]
pub enum Kind {
    /// Its parts, by their index: the block of each, and how many bytes of text have come.
    Message {
        parts: Vec<(u64, u32, usize)>,
    },
    /// The block, which events the text comes by, the last part of the summary, and how many bytes have come.
    Reasoning {
        block: u32,
        source: Option<Source>,
        part: u64,
        bytes: usize,
    },
    /// The block, and how many bytes of the arguments have come.
    Call {
        block: u32,
        bytes: usize,
    },
    Other,
}

/// Which of the two forms of a thought is shown; a provider that sends both means the same by them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    Summary,
    Content,
}

/// All items of an answer so far.
#[derive(Clone, Debug, Default)]
pub struct Items {
    items: Vec<Item>,
    next_block: u32,
}

impl Items {
    pub fn block(&mut self) -> u32 {
        self.next_block += 1;
        self.next_block - 1
    }

    pub fn push(&mut self, wire: &Wire<'_>, id: Option<String>, kind: Kind) -> usize {
        self.items.push(Item { output_index: wire.output_index, id, kind, done: false });
        self.items.len() - 1
    }

    /// The item that an event is about: by its place, else by its id, else the last one. Some providers give one item
    /// another id in each event, so the place counts more.
    pub fn find(&self, wire: &Wire<'_>, id: Option<&str>) -> Option<usize> {
        if let Some(place) = wire.output_index {
            return self.items.iter().rposition(|item| item.output_index == Some(place));
        }
        if let Some(id) = wire.item_id.as_deref().or(id) {
            return self.items.iter().rposition(|item| item.id.as_deref() == Some(id));
        }
        self.items.len().checked_sub(1)
    }

    pub fn get(&mut self, at: usize) -> &mut Item {
        &mut self.items[at]
    }

    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    pub fn has_calls(&self) -> bool {
        self.items.iter().any(|item| matches!(item.kind, Kind::Call { .. }))
    }
}

/// What of a whole text has not come yet.
pub fn missing(whole: &str, bytes: usize) -> &str {
    whole.get(bytes..).unwrap_or_default()
}
