//! The longest way through the tickets.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};

use super::{
    state::Board,
    ticket::{BoardTicket, Standing},
};

/// Tickets of which each waits for the one before it, and how long they take in milliseconds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Path {
    pub tickets: Vec<u32>,
    pub ms: u64,
}

/// What a ticket is taken to need when none is finished yet.
const GUESS_MS: u64 = 60_000;
/// What one is taken to need still that takes longer than usual.
const LEFT_MS_MIN: u64 = 100;

/// What is still to be done on the longest way. Until one of a kind is finished its length is a guess.
pub(crate) fn remaining(board: &Board, now: Timestamp) -> Path {
    let usual = |checkpoint: bool| {
        let done = board.tickets.values().filter(|ticket| ticket.standing.is_done() && ticket.checkpoint == checkpoint);
        let (sum, count) = done.fold((0, 0), |(sum, count), ticket| (sum + millis(ticket.took(now)), count + 1));
        if count == 0 { GUESS_MS } else { sum / count }
    };
    let (work, checkpoint) = (usual(false), usual(true));
    longest(board, |ticket| {
        let usual = if ticket.checkpoint { checkpoint } else { work };
        match &ticket.standing {
            Standing::Queued { .. } => Some(usual.max(LEFT_MS_MIN)),
            Standing::Open(_) => {
                let spent = ticket.open_attempt().map_or(0, |open| millis(open.worked(now) + open.landed(now)));
                Some(usual.saturating_sub(spent).max(LEFT_MS_MIN))
            }
            _ => None,
        }
    })
}

/// How many tickets that are not done stand one behind the other in front of each that waits; 0 can begin.
pub(super) fn depths(board: &Board) -> HashMap<u32, u32> {
    let waits: Vec<&BoardTicket> =
        board.tickets.values().filter(|ticket| matches!(ticket.standing, Standing::Queued { .. })).collect();
    let mut depths: HashMap<u32, u32> = HashMap::with_capacity(waits.len());
    // A stack of our own: a chain may be as long as the plan.
    for ticket in &waits {
        let mut stack = vec![ticket.number];
        while let Some(number) = stack.last().copied() {
            if depths.contains_key(&number) {
                stack.pop();
                continue;
            }
            let above: Vec<u32> = board.tickets.get(&number).map(|it| board.unmet(it).collect()).unwrap_or_default();
            let unknown: Vec<u32> = above.iter().copied().filter(|upper| !depths.contains_key(upper)).collect();
            // More on the stack than tickets can only be a circle, and there are none.
            if unknown.is_empty() || stack.len() > board.tickets.len() {
                let depth = above.iter().map(|upper| depths.get(upper).map_or(1, |depth| depth + 1)).max().unwrap_or(0);
                depths.insert(number, depth);
                stack.pop();
            } else {
                stack.extend(unknown);
            }
        }
    }
    depths
}

/// The longest way through the tickets that have a length; the first of several.
pub(super) fn longest(board: &Board, length: impl Fn(&BoardTicket) -> Option<u64>) -> Path {
    let tickets: Vec<&BoardTicket> = board.tickets.values().collect();
    let places: HashMap<u32, usize> =
        tickets.iter().enumerate().map(|(place, ticket)| (ticket.number, place)).collect();
    let lengths: Vec<Option<u64>> = tickets.iter().map(|ticket| length(ticket)).collect();
    let upstream: Vec<Vec<usize>> = tickets
        .iter()
        .map(|ticket| ticket.after.iter().filter_map(|number| places.get(number).copied()).collect())
        .collect();
    let mut downstream = vec![Vec::new(); tickets.len()];
    for (place, above) in upstream.iter().enumerate() {
        above.iter().for_each(|upper| downstream[*upper].push(place));
    }
    // From the last ones up: the length of the longest way from each to the end.
    let mut waiting: Vec<usize> = downstream.iter().map(Vec::len).collect();
    let mut ready: Vec<usize> = (0..tickets.len()).filter(|place| waiting[*place] == 0).collect();
    let mut tails = vec![0_u64; tickets.len()];
    while let Some(place) = ready.pop() {
        tails[place] += lengths[place].unwrap_or(0);
        for upper in &upstream[place] {
            tails[*upper] = tails[*upper].max(tails[place]);
            waiting[*upper] -= 1;
            if waiting[*upper] == 0 {
                ready.push(*upper);
            }
        }
    }
    let longest = |places: &mut dyn Iterator<Item = usize>| {
        places.filter(|place| lengths[*place].is_some()).max_by_key(|place| (tails[*place], std::cmp::Reverse(*place)))
    };
    let mut way: Vec<usize> = longest(&mut (0..tickets.len())).into_iter().collect();
    while let Some(next) = way.last().and_then(|last| longest(&mut downstream[*last].iter().copied())) {
        way.push(next);
    }
    Path {
        ms: way.first().map_or(0, |first| tails[*first]),
        tickets: way.into_iter().map(|place| tickets[place].number).collect(),
    }
}

pub(super) fn millis(duration: SignedDuration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn board(tickets: &[(u32, &[u32])]) -> Board {
        let mut board = Board::new("s", "t", 2);
        for (number, after) in tickets {
            board.add(BoardTicket::queued(*number, "x", after.to_vec()));
        }
        board
    }

    #[test]
    fn the_longest_way_follows_the_lengths() {
        let board = board(&[(1, &[]), (2, &[]), (3, &[1, 2]), (4, &[1])]);
        let way = |lengths: [u64; 4]| longest(&board, |ticket| Some(lengths[ticket.number as usize - 1]));
        assert_eq!(way([1, 5, 2, 3]), Path { tickets: vec![2, 3], ms: 7 });
        assert_eq!(way([4, 1, 1, 9]), Path { tickets: vec![1, 4], ms: 13 });
    }

    #[test]
    fn what_has_no_length_is_left_out() {
        let board = board(&[(1, &[]), (2, &[1]), (3, &[2, 99])]);
        let way = longest(&board, |ticket| (ticket.number > 1).then_some(10));
        assert_eq!(way, Path { tickets: vec![2, 3], ms: 20 });
        assert_eq!(longest(&board, |_| None), Path::default());
    }

    #[test]
    fn a_ticket_is_as_deep_as_the_longest_chain_above_it() {
        let board = board(&[(1, &[]), (2, &[1]), (3, &[1, 2]), (4, &[9])]);
        let depths = depths(&board);
        assert_eq!([1, 2, 3, 4].map(|number| depths[&number]), [0, 1, 2, 0]);
    }

    #[test]
    fn ten_thousand_in_a_row_are_no_burden() {
        let mut board = Board::new("s", "t", 2);
        for number in 1..=10_000_u32 {
            board.add(BoardTicket::queued(number, "x", if number > 1 { vec![number - 1] } else { vec![] }));
        }
        assert_eq!(longest(&board, |_| Some(1)).tickets.len(), 10_000);
        assert_eq!(depths(&board)[&10_000], 9_999);
    }
}
