//! The posting order of days too long to search exactly.
//!
//! A row is an edge from the balance it needs to the balance it leaves. An order without any difference is a trail
//! over all edges (Euler, 1736), which Hierholzer's algorithm (1873) finds in linear time if there is one. If there is
//! none, the pieces are put one after the other.

use std::collections::BTreeMap;

use crate::order::{Cost, Outcome, Outcomes, Step, keep_best};

/// One way to leave the day for each start.
pub(crate) fn outcomes(day: &[Step], starts: &[(i128, Cost)], tolerance: u128) -> Outcomes {
    let mut outcomes = Outcomes::new();
    for (start, cost) in starts {
        let order = order(day, *start, tolerance);
        let (mut before, mut cost) = (*start, *cost);
        for row in &order {
            cost = cost.plus(Cost::of(before, day[*row], tolerance));
            before = day[*row].balance;
        }
        keep_best(&mut outcomes, before, Outcome { cost, order, start: *start });
    }
    outcomes
}

/// All rows of the day: the trail from `start`, then the trails from where it left off.
fn order(day: &[Step], start: i128, tolerance: u128) -> Vec<usize> {
    // The edges that leave each balance; the last in the file first, because they are taken from the end.
    let mut leaving: BTreeMap<i128, Vec<usize>> = BTreeMap::new();
    for (row, step) in day.iter().enumerate().rev() {
        leaving.entry(step.balance - step.change).or_default().push(row);
    }
    let mut order = Vec::with_capacity(day.len());
    let mut balance = start;
    while order.len() < day.len() {
        let from = next_start(&leaving, day, balance, tolerance);
        order.extend(trail(&mut leaving, day, from));
        leaving.retain(|_, rows| !rows.is_empty());
        balance = order.last().map_or(start, |row: &usize| day[*row].balance);
    }
    order
}

/// Where to go on from `balance`: there if a row leaves it, else from a balance within the tolerance, else from one
/// that more rows leave than reach (no trail can end in it), else from the lowest.
fn next_start(leaving: &BTreeMap<i128, Vec<usize>>, day: &[Step], balance: i128, tolerance: u128) -> i128 {
    let reach = i128::try_from(tolerance).unwrap_or(i128::MAX >> 1);
    let near = leaving.range(balance - reach..=balance + reach).map(|(from, _)| *from);
    if let Some(from) = near.min_by_key(|from| from.abs_diff(balance)) {
        return from;
    }
    let mut surplus: BTreeMap<i128, i64> = BTreeMap::new();
    for row in leaving.values().flatten() {
        *surplus.entry(day[*row].balance - day[*row].change).or_default() += 1;
        *surplus.entry(day[*row].balance).or_default() -= 1;
    }
    let sources = surplus.iter().filter(|(_, more)| **more > 0).map(|(from, _)| *from);
    sources.chain(leaving.keys().copied()).next().unwrap_or(balance)
}

/// Hierholzer: takes every row reachable from `start` out of `leaving`, in an order that is one trail if they allow
/// one.
fn trail(leaving: &mut BTreeMap<i128, Vec<usize>>, day: &[Step], start: i128) -> Vec<usize> {
    let mut path: Vec<(i128, Option<usize>)> = vec![(start, None)];
    let mut order = Vec::new();
    while let Some((balance, row)) = path.last().copied() {
        match leaving.get_mut(&balance).and_then(Vec::pop) {
            Some(next) => path.push((day[next].balance, Some(next))),
            None => {
                path.pop();
                order.extend(row);
            }
        }
    }
    order.reverse();
    order
}
