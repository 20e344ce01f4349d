//! The longest way through the tickets.

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
pub(super) fn remaining(board: &Board, chains: &Chains<'_>, now: Timestamp) -> Path {
    let usual = |checkpoint: bool| {
        let done = board.tickets.values().filter(|ticket| ticket.standing.is_done() && ticket.checkpoint == checkpoint);
        let (sum, count) = done.fold((0, 0), |(sum, count), ticket| (sum + millis(ticket.took(now)), count + 1));
        u64::checked_div(sum, count).unwrap_or(GUESS_MS)
    };
    let (work, checkpoint) = (usual(false), usual(true));
    chains.longest(|ticket| {
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

/// Who waits for whom, by place in the list of tickets.
pub(super) struct Chains<'a> {
    tickets: Vec<&'a BoardTicket>,
    upstream: Vec<Vec<usize>>,
    downstream: Vec<Vec<usize>>,
    /// Each behind all that wait for it.
    order: Vec<usize>,
}

impl<'a> Chains<'a> {
    pub(super) fn of(board: &'a Board) -> Self {
        let tickets: Vec<&BoardTicket> = board.tickets.values().collect();
        let place = |number: &u32| tickets.binary_search_by_key(number, |ticket| ticket.number).ok();
        let upstream: Vec<Vec<usize>> =
            tickets.iter().map(|ticket| ticket.after.iter().filter_map(place).collect()).collect();
        let mut downstream = vec![Vec::new(); tickets.len()];
        for (place, above) in upstream.iter().enumerate() {
            above.iter().for_each(|upper| downstream[*upper].push(place));
        }
        let mut waiting: Vec<usize> = downstream.iter().map(Vec::len).collect();
        let mut order: Vec<usize> = (0..tickets.len()).filter(|place| waiting[*place] == 0).collect();
        let mut next = 0;
        while let Some(place) = order.get(next).copied() {
            next += 1;
            for upper in &upstream[place] {
                waiting[*upper] -= 1;
                if waiting[*upper] == 0 {
                    order.push(*upper);
                }
            }
        }
        Self { tickets, upstream, downstream, order }
    }

    /// For each ticket how many that are not done stand one behind the other in front of it; 0 can begin. By rising number.
    pub(super) fn depths(&self) -> Vec<(u32, u32)> {
        let mut depths: Vec<(u32, u32)> = self.tickets.iter().map(|ticket| (ticket.number, 0)).collect();
        for place in self.order.iter().rev() {
            let unmet = self.upstream[*place].iter().filter(|upper| !self.tickets[**upper].standing.is_done());
            depths[*place].1 = unmet.map(|upper| depths[*upper].1 + 1).max().unwrap_or(0);
        }
        depths
    }

    /// The longest way through the tickets that have a length; the first of several.
    pub(super) fn longest(&self, length: impl Fn(&BoardTicket) -> Option<u64>) -> Path {
        let lengths: Vec<Option<u64>> = self.tickets.iter().map(|ticket| length(ticket)).collect();
        // From the last ones up: the length of the longest way from each to the end.
        let mut tails = vec![0_u64; self.tickets.len()];
        for place in &self.order {
            tails[*place] += lengths[*place].unwrap_or(0);
            for upper in &self.upstream[*place] {
                tails[*upper] = tails[*upper].max(tails[*place]);
            }
        }
        let order = |place: &usize| (tails[*place], std::cmp::Reverse(*place));
        let longest = |places: &mut dyn Iterator<Item = usize>| {
            places.filter(|place| lengths[*place].is_some()).max_by_key(order)
        };
        let mut way: Vec<usize> = longest(&mut (0..self.tickets.len())).into_iter().collect();
        while let Some(next) = way.last().and_then(|last| longest(&mut self.downstream[*last].iter().copied())) {
            way.push(next);
        }
        Path {
            ms: way.first().map_or(0, |first| tails[*first]),
            tickets: way.into_iter().map(|place| self.tickets[place].number).collect(),
        }
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
        let way = |lengths: [u64; 4]| Chains::of(&board).longest(|ticket| Some(lengths[ticket.number as usize - 1]));
        assert_eq!(way([1, 5, 2, 3]), Path { tickets: vec![2, 3], ms: 7 });
        assert_eq!(way([4, 1, 1, 9]), Path { tickets: vec![1, 4], ms: 13 });
    }

    #[test]
    fn what_has_no_length_is_left_out() {
        let board = board(&[(1, &[]), (2, &[1]), (3, &[2, 99])]);
        let way = Chains::of(&board).longest(|ticket| (ticket.number > 1).then_some(10));
        assert_eq!(way, Path { tickets: vec![2, 3], ms: 20 });
        assert_eq!(Chains::of(&board).longest(|_| None), Path::default());
    }

    #[test]
    fn a_ticket_is_as_deep_as_the_longest_chain_above_it() {
        let board = board(&[(1, &[]), (2, &[1]), (3, &[1, 2]), (4, &[9])]);
        assert_eq!(Chains::of(&board).depths(), [(1, 0), (2, 1), (3, 2), (4, 0)]);
    }

    #[test]
    fn ten_thousand_in_a_row_are_no_burden() {
        let mut board = Board::new("s", "t", 2);
        for number in 1..=10_000_u32 {
            board.add(BoardTicket::queued(number, "x", if number > 1 { vec![number - 1] } else { vec![] }));
        }
        let chains = Chains::of(&board);
        assert_eq!(chains.longest(|_| Some(1)).tickets.len(), 10_000);
        assert_eq!(chains.depths().last(), Some(&(10_000, 9_999)));
    }
}
