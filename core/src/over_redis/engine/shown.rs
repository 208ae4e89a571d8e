//! [`Shown`]: what a reader was shown of a list, so that it removes many reports at once.

use std::collections::BTreeSet;

use crate::fleet::engine::Position;

/// The reports of a list that were shown and are not taken, as far as the list was read from
/// its beginning without a gap.
///
/// A list only grows at its end. So if the last report that was taken is still in it, what is
/// before it was shown as well, or was shown and taken earlier and came back with an engine
/// that went back: all of it may go with one command.
#[derive(Debug, Default)]
pub(super) struct Shown {
    open: BTreeSet<Position>,
    /// Everything up to here was shown.
    last: Position,
}

impl Shown {
    /// Reports were read behind a position.
    pub(super) fn read(&mut self, after: Position, positions: impl Iterator<Item = Position>) {
        if after > self.last {
            // There is something in between that was never shown.
            self.open.clear();
            self.open.insert(Position::default());
        } else if after == Position::default() {
            *self = Self::default();
        }
        for position in positions {
            self.open.insert(position);
            self.last = self.last.max(position);
        }
    }

    /// Reports were taken: up to where all of them are, and those beyond.
    pub(super) fn take(&mut self, taken: &[Position]) -> (Option<Position>, Vec<Position>) {
        for position in taken {
            self.open.remove(position);
        }
        let first_open = self.open.first();
        let is_before = |position: &&Position| {
            **position <= self.last && first_open.is_none_or(|open| *position < open)
        };
        let up_to = taken.iter().filter(is_before).max().copied();
        let beyond = |position: &&Position| up_to.is_none_or(|up_to| **position > up_to);
        (up_to, taken.iter().filter(beyond).copied().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minor: u64) -> Position {
        Position { major: 1, minor }
    }

    fn all(minors: &[u64]) -> Vec<Position> {
        minors.iter().copied().map(at).collect()
    }

    #[test]
    fn what_is_taken_from_the_beginning_goes_at_once() {
        let mut shown = Shown::default();
        shown.read(Position::default(), all(&[1, 2, 3, 4]).into_iter());
        shown.read(at(4), all(&[5, 6]).into_iter());
        assert_eq!(shown.take(&all(&[2, 1])), (Some(at(2)), vec![]));
        assert_eq!(shown.take(&all(&[4, 5])), (None, all(&[4, 5])));
        assert_eq!(shown.take(&all(&[3])), (Some(at(3)), vec![]));
        // 4 and 5 went before.
        assert_eq!(shown.take(&all(&[6])), (Some(at(6)), vec![]));
        // Never shown.
        assert_eq!(shown.take(&all(&[9])), (None, all(&[9])));
        assert_eq!(shown.take(&[]), (None, vec![]));
    }

    #[test]
    fn behind_a_gap_nothing_goes_at_once_until_the_list_is_read_anew() {
        let mut shown = Shown::default();
        shown.read(at(3), all(&[4, 5]).into_iter());
        assert_eq!(shown.take(&all(&[4])), (None, all(&[4])));
        shown.read(Position::default(), all(&[1, 5, 6]).into_iter());
        assert_eq!(shown.take(&all(&[5])), (None, all(&[5])));
        assert_eq!(shown.take(&all(&[1, 6])), (Some(at(6)), vec![]));
        // A shorter look from the beginning: what is behind it is not known any more.
        shown.read(Position::default(), all(&[7, 8, 9]).into_iter());
        shown.read(Position::default(), all(&[7]).into_iter());
        assert_eq!(shown.take(&all(&[7, 9])), (Some(at(7)), all(&[9])));
    }
}
