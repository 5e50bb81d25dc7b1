//! Shorthands for drawing from a [`Dice`].

use journal::sim::Dice;

/// Chances a scenario draws. All of them consume exactly one roll, so that a change in one draw does not shift the kind of
/// the next.
pub(crate) trait Chance {
    /// True once in `n` draws.
    fn one_in(&mut self, n: usize) -> bool;
    /// A number from `low` to `high`, both included.
    fn between(&mut self, low: usize, high: usize) -> usize;
    /// One of the items.
    fn pick<T: Copy>(&mut self, items: &[T]) -> T;
    /// A number below `end`, for ids, amounts and times.
    fn number(&mut self, end: u64) -> u64;
}

impl Chance for Dice {
    fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    fn between(&mut self, low: usize, high: usize) -> usize {
        low + self.below(high - low + 1)
    }

    fn pick<T: Copy>(&mut self, items: &[T]) -> T {
        items[self.below(items.len())]
    }

    fn number(&mut self, end: u64) -> u64 {
        self.roll() % end
    }
}
