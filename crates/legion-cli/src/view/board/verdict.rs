use super::{
    state::Board,
    ticket::{BoardTicket, Standing},
};

/// What became of the tickets on the board.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BoardVerdict {
    /// Something is still to be done, and will be.
    Going,
    /// All are done.
    Merged,
    /// All are closed, and some are not done.
    Failed,
    /// Nothing is open, and what is queued waits for tickets that will not be merged as they are.
    Stuck,
}

impl BoardVerdict {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Going => "going",
            Self::Merged => "merged",
            Self::Failed => "failed",
            Self::Stuck => "stuck",
        }
    }
}

impl Board {
    /// What became of the tickets so far. A board without tickets has yet to hear of them.
    pub(crate) fn verdict(&self) -> BoardVerdict {
        let mut queued = false;
        let mut failed = false;
        for ticket in self.tickets.values() {
            match &ticket.standing {
                Standing::Open(_) => return BoardVerdict::Going,
                Standing::Queued { .. } if self.can_begin(ticket) => return BoardVerdict::Going,
                Standing::Queued { .. } => queued = true,
                Standing::Done { .. } => {}
                _ => failed = true,
            }
        }
        match (queued, failed) {
            _ if self.tickets.is_empty() => BoardVerdict::Going,
            // Nothing is open and nothing can begin: at the end of every chain stands one that was closed.
            (true, _) => BoardVerdict::Stuck,
            (false, true) => BoardVerdict::Failed,
            (false, false) => BoardVerdict::Merged,
        }
    }

    fn can_begin(&self, ticket: &BoardTicket) -> bool {
        self.unmet(ticket).next().is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::board::samples;

    #[test]
    fn a_board_goes_on_until_all_are_done() {
        let mut board = Board::new("s", "t", 2);
        assert_eq!(board.verdict(), BoardVerdict::Going);
        board.add(BoardTicket::queued(1, "one", vec![]));
        board.add(BoardTicket::queued(2, "two", vec![1]));
        assert_eq!(board.verdict(), BoardVerdict::Going);
        let done = Standing::Done { commit: "c".to_owned(), at: samples::at(1) };
        board.tickets.get_mut(&1).unwrap().standing = done.clone();
        assert_eq!(board.verdict(), BoardVerdict::Going);
        board.tickets.get_mut(&2).unwrap().standing = done;
        assert_eq!(board.verdict(), BoardVerdict::Merged);
    }

    #[test]
    fn what_waits_for_a_failed_one_is_stuck() {
        let mut board = Board::new("s", "t", 2);
        board.add(BoardTicket::queued(1, "one", vec![]));
        board.add(BoardTicket::queued(2, "two", vec![1]));
        board.add(BoardTicket::queued(3, "three", vec![2]));
        let error = Standing::Error { class: "task".to_owned(), why: "no".to_owned() };
        board.tickets.get_mut(&1).unwrap().standing = error.clone();
        assert_eq!(board.verdict(), BoardVerdict::Stuck);
        for number in [2, 3] {
            board.tickets.get_mut(&number).unwrap().standing = error.clone();
        }
        assert_eq!(board.verdict(), BoardVerdict::Failed);
    }
}
