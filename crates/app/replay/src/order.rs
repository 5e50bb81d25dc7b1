//! The order in which an account's rows were posted, found from the balances they left behind.
//!
//! A file often gives only the day. Within a day the posting order is the one in which each balance follows from the
//! one before; a greedy search misses some, because two rows can both fit and only one leads on. So every order is
//! considered: a dynamic programme over (set of rows posted, last row posted) within each day, and over the end
//! balances of the days, after Held and Karp (1962). It gives the least cost there is, which makes an unexplained row
//! a fact about the file and not about the search.

use std::collections::BTreeMap;

use crate::trail;

/// The most rows of one account on one day whose order is searched exactly: 2^16 sets of 16 last rows. Longer days
/// are ordered by a trail over their balances, which finds an order without any difference if there is one, but may
/// miss the best of the others; they are counted in [`crate::Forecast::days_not_searched`].
pub const DAY_ROWS_EXACT_MAX: usize = 16;

/// What one row does, in minor units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Step {
    /// What it adds.
    pub(crate) change: i128,
    /// The balance it leaves.
    pub(crate) balance: i128,
}

/// How well an order explains the balances; less is better, and one unexplained row outweighs any rounding.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Cost {
    /// Rows that do not follow from the balance before.
    pub(crate) unexplained: u32,
    /// Rows that follow but for rounding.
    pub(crate) within_tolerance: u32,
}

impl Cost {
    const MAX: Self = Self { unexplained: u32::MAX, within_tolerance: u32::MAX };

    /// The cost of posting `step` on a balance of `before`.
    pub(crate) fn of(before: i128, step: Step, tolerance: u128) -> Self {
        match (before + step.change - step.balance).unsigned_abs() {
            0 => Self::default(),
            off if off <= tolerance => Self { within_tolerance: 1, ..Self::default() },
            _ => Self { unexplained: 1, ..Self::default() },
        }
    }

    pub(crate) fn plus(self, other: Self) -> Self {
        Self {
            unexplained: self.unexplained + other.unexplained,
            within_tolerance: self.within_tolerance + other.within_tolerance,
        }
    }
}

/// The best order of an account's days.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Order {
    /// For each day the places of its rows, in posting order.
    pub(crate) days: Vec<Vec<usize>>,
    /// What it costs.
    pub(crate) cost: Cost,
    /// Days longer than [`DAY_ROWS_EXACT_MAX`].
    pub(crate) days_not_searched: u32,
}

/// One way to leave a day.
pub(crate) struct Outcome {
    /// The cost of all days up to this one.
    pub(crate) cost: Cost,
    /// The rows of the day, in posting order.
    pub(crate) order: Vec<usize>,
    /// The balance the day began with.
    pub(crate) start: i128,
}

/// Ways to leave a day, by the balance they leave.
pub(crate) type Outcomes = BTreeMap<i128, Outcome>;

/// The order of `days` that explains the most balances, beginning with a balance of zero. Among equals the earlier
/// rows of the file come first.
///
/// Cost: O(2^n × n²) for a day of n ≤ [`DAY_ROWS_EXACT_MAX`] rows.
pub(crate) fn find_order(days: &[Vec<Step>], tolerance: u128) -> Order {
    let mut layers: Vec<Outcomes> = Vec::with_capacity(days.len());
    let mut days_not_searched = 0;
    for day in days {
        let starts: Vec<(i128, Cost)> = match layers.last() {
            Some(layer) => layer.iter().map(|(balance, outcome)| (*balance, outcome.cost)).collect(),
            None => vec![(0, Cost::default())],
        };
        layers.push(if day.len() <= DAY_ROWS_EXACT_MAX {
            Search::new(day, &starts, tolerance).run()
        } else {
            days_not_searched += 1;
            trail::outcomes(day, &starts, tolerance)
        });
    }
    let best = layers.last().and_then(|layer| layer.iter().min_by_key(|(_, outcome)| outcome.cost));
    let Some((mut end, cost)) = best.map(|(balance, outcome)| (*balance, outcome.cost)) else {
        return Order::default();
    };
    let mut days = Vec::with_capacity(layers.len());
    for mut layer in layers.into_iter().rev() {
        // Every start of a layer is an end of the one before it.
        if let Some(outcome) = layer.remove(&end) {
            end = outcome.start;
            days.push(outcome.order);
        }
    }
    days.reverse();
    Order { days, cost, days_not_searched }
}

/// Keeps `outcome` if it is better than what is known for the balance it leaves.
pub(crate) fn keep_best(outcomes: &mut Outcomes, end: i128, outcome: Outcome) {
    match outcomes.entry(end) {
        std::collections::btree_map::Entry::Vacant(free) => {
            free.insert(outcome);
        }
        std::collections::btree_map::Entry::Occupied(mut known) if outcome.cost < known.get().cost => {
            known.insert(outcome);
        }
        std::collections::btree_map::Entry::Occupied(_) => {}
    }
}

/// The search within one day.
struct Search<'a> {
    day: &'a [Step],
    starts: &'a [(i128, Cost)],
    tolerance: u128,
    /// For each set of rows posted and each last row of it: the least cost, and the row before the last (in a set of
    /// one row: the place of its start).
    best: Vec<(Cost, u16)>,
}

impl<'a> Search<'a> {
    fn new(day: &'a [Step], starts: &'a [(i128, Cost)], tolerance: u128) -> Self {
        Self { day, starts, tolerance, best: vec![(Cost::MAX, 0); (1 << day.len()) * day.len()] }
    }

    fn run(mut self) -> Outcomes {
        let rows = self.day.len();
        for (row, step) in self.day.iter().enumerate() {
            for (index, (balance, cost)) in self.starts.iter().enumerate() {
                let cost = cost.plus(Cost::of(*balance, *step, self.tolerance));
                self.improve(1 << row, row, cost, index);
            }
        }
        // A set's number is larger than that of every set within it, so each is complete when its turn comes.
        for set in 1..1usize << rows {
            for last in (0..rows).filter(|row| set & (1 << row) != 0) {
                let (cost, _) = self.best[set * rows + last];
                for next in (0..rows).filter(|row| set & (1 << row) == 0) {
                    let step = Cost::of(self.day[last].balance, self.day[next], self.tolerance);
                    self.improve(set | 1 << next, next, cost.plus(step), last);
                }
            }
        }
        let mut outcomes = Outcomes::new();
        for last in 0..rows {
            keep_best(&mut outcomes, self.day[last].balance, self.trace(last));
        }
        outcomes
    }

    fn improve(&mut self, set: usize, last: usize, cost: Cost, before: usize) {
        let known = &mut self.best[set * self.day.len() + last];
        if cost < known.0 {
            // At most 16 rows, and as many starts as the day before has rows: see `Outcomes`.
            *known = (cost, u16::try_from(before).unwrap_or(u16::MAX));
        }
    }

    /// The best order that ends with `last`.
    fn trace(&self, last: usize) -> Outcome {
        let rows = self.day.len();
        let mut set = (1usize << rows) - 1;
        let (cost, mut before) = self.best[set * rows + last];
        let mut order = vec![last];
        let mut row = last;
        while set & (set - 1) != 0 {
            set &= !(1 << row);
            row = usize::from(before);
            before = self.best[set * rows + row].1;
            order.push(row);
        }
        order.reverse();
        let start = self.starts.get(usize::from(before)).map_or(0, |(balance, _)| *balance);
        Outcome { cost, order, start }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use proptest::test_runner::RngSeed;

    fn config() -> ProptestConfig {
        ProptestConfig {
            failure_persistence: None,
            rng_seed: RngSeed::Fixed(0x7265_706c),
            ..ProptestConfig::default()
        }
    }

    /// The cost of an order, computed afresh.
    fn price(days: &[Vec<Step>], order: &[Vec<usize>], tolerance: u128) -> Cost {
        let mut before = 0;
        let mut cost = Cost::default();
        for (day, order) in days.iter().zip(order) {
            let mut sorted = order.clone();
            sorted.sort_unstable();
            assert_eq!(sorted, (0..day.len()).collect::<Vec<_>>(), "every row once");
            for row in order {
                cost = cost.plus(Cost::of(before, day[*row], tolerance));
                before = day[*row].balance;
            }
        }
        cost
    }

    /// Days of rows in posting order, each balance following from the one before.
    fn chained(changes: &[Vec<i32>]) -> Vec<Vec<Step>> {
        let mut balance = 0;
        let step = |change: &i32| {
            balance += i128::from(*change);
            Step { change: i128::from(*change), balance }
        };
        let mut step = step;
        changes.iter().map(|day| day.iter().map(&mut step).collect()).collect()
    }

    /// The least cost by trying every order.
    fn brute(days: &[Vec<Step>], before: i128, tolerance: u128) -> Cost {
        fn walk(days: &[Vec<Step>], day: usize, used: u32, before: i128, tolerance: u128) -> Cost {
            let Some(rows) = days.get(day) else { return Cost::default() };
            if used.count_ones() as usize == rows.len() {
                return walk(days, day + 1, 0, before, tolerance);
            }
            let free = (0..rows.len()).filter(|row| used & (1 << row) == 0);
            let cost = |row: usize| {
                let rest = walk(days, day, used | 1 << row, rows[row].balance, tolerance);
                Cost::of(before, rows[row], tolerance).plus(rest)
            };
            free.map(cost).min().unwrap_or_default()
        }
        walk(days, 0, 0, before, tolerance)
    }

    fn shuffled(changes: &[Vec<i32>]) -> impl Strategy<Value = Vec<Vec<Step>>> + use<> {
        chained(changes).into_iter().map(|day| Just(day).prop_shuffle()).collect::<Vec<_>>()
    }

    proptest! {
        #![proptest_config(config())]

        #[test]
        fn a_shuffled_account_is_explained_again(
            days in prop::collection::vec(prop::collection::vec(-3i32..=3, 1..9), 1..5).prop_flat_map(|changes| shuffled(&changes))
        ) {
            let order = find_order(&days, 0);
            prop_assert_eq!(order.cost, Cost::default());
            prop_assert_eq!(price(&days, &order.days, 0), Cost::default());
        }

        #[test]
        fn a_shuffled_long_day_is_explained_by_a_trail(
            days in prop::collection::vec(prop::collection::vec(-3i32..=3, 17..60), 1..3).prop_flat_map(|changes| shuffled(&changes))
        ) {
            let order = find_order(&days, 0);
            prop_assert_eq!(price(&days, &order.days, 0), Cost::default());
            prop_assert_eq!(order.cost, Cost::default());
            prop_assert_eq!(order.days_not_searched as usize, days.len());
        }

        #[test]
        fn no_order_is_better(
            days in prop::collection::vec(prop::collection::vec((-3i32..=3, -4i32..=4), 1..5), 1..3)
        ) {
            let step = |(change, balance): &(i32, i32)| Step { change: (*change).into(), balance: (*balance).into() };
            let days: Vec<Vec<Step>> = days.iter().map(|day| day.iter().map(step).collect()).collect();
            let order = find_order(&days, 1);
            prop_assert_eq!(price(&days, &order.days, 1), order.cost);
            prop_assert_eq!(order.cost, brute(&days, 0, 1));
        }

        #[test]
        fn a_long_day_of_anything_is_ordered_and_priced(
            rows in prop::collection::vec((-3i32..=3, -9i32..=9), 17..40)
        ) {
            let step = |(change, balance): &(i32, i32)| Step { change: (*change).into(), balance: (*balance).into() };
            let days = vec![rows.iter().map(step).collect::<Vec<Step>>()];
            let order = find_order(&days, 1);
            prop_assert_eq!(price(&days, &order.days, 1), order.cost);
        }
    }

    #[test]
    fn a_full_day_at_the_limit_is_exact() {
        let mut days = chained(&[(1..=16).map(|n| if n % 3 == 0 { -n } else { n }).collect()]);
        days[0].reverse();
        assert_eq!(find_order(&days, 0).cost, Cost::default());
    }

    #[test]
    fn nothing_needs_no_order() {
        assert_eq!(find_order(&[], 0), Order::default());
    }
}
