//! The trial balance: what all accounts of one kind add up to.
//!
//! It is taken in slices, so that it never holds up the requests behind it however many accounts there are, and is still
//! that of one moment: each slice first brings the accounts counted before up to date with what has happened since.

use std::collections::BTreeMap;

use crate::Ledger;
use crate::accounts::{Movement, Row};

/// The sums of the accounts of one ledger and code.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TrialBalanceLine {
    /// How many accounts.
    pub accounts: u32,
    /// Debits reserved by pending transfers.
    pub debits_pending: Total,
    /// Debits of posted transfers.
    pub debits_posted: Total,
    /// Credits reserved by pending transfers.
    pub credits_pending: Total,
    /// Credits of posted transfers.
    pub credits_posted: Total,
}

/// A sum that many accounts may carry beyond 128 bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Total {
    low: u128,
    carry: i64,
}

/// The accounts of one ledger and code, by those numbers.
type Lines = BTreeMap<(u32, u16), TrialBalanceLine>;

/// A trial balance that is being taken. Begin with the default, and give it to [`Ledger::trial_balance_slice`] of one and
/// the same ledger until that says it is done.
#[derive(Clone, Debug, Default)]
pub struct TrialBalance {
    lines: Lines,
    /// How many accounts, transfers and expiries are in it.
    accounts: u32,
    transfers: u32,
    expiries: usize,
}

impl Total {
    /// The sum; `None` if it does not fit.
    pub fn get(self) -> Option<u128> {
        (self.carry == 0).then_some(self.low)
    }

    fn add(&mut self, amount: u128) {
        let (low, carries) = self.low.overflowing_add(amount);
        self.low = low;
        self.carry += i64::from(carries);
    }

    fn sub(&mut self, amount: u128) {
        let (low, borrows) = self.low.overflowing_sub(amount);
        self.low = low;
        self.carry -= i64::from(borrows);
    }

    fn move_by(&mut self, forth: u128, back: u128) {
        self.add(forth);
        self.sub(back);
    }

    fn merge(&mut self, other: Self) {
        self.add(other.low);
        self.carry += other.carry;
    }
}

impl TrialBalanceLine {
    /// Adds the accounts of `other`.
    pub fn merge(&mut self, other: &Self) {
        self.accounts += other.accounts;
        self.debits_pending.merge(other.debits_pending);
        self.debits_posted.merge(other.debits_posted);
        self.credits_pending.merge(other.credits_pending);
        self.credits_posted.merge(other.credits_posted);
    }

    /// Whether debits equal credits, pending and posted.
    pub fn is_balanced(&self) -> bool {
        self.debits_pending == self.credits_pending && self.debits_posted == self.credits_posted
    }

    fn add(&mut self, account: &Row) {
        self.accounts += 1;
        self.debits_pending.add(account.debits_pending);
        self.debits_posted.add(account.debits_posted);
        self.credits_pending.add(account.credits_pending);
        self.credits_posted.add(account.credits_posted);
    }
}

impl TrialBalance {
    /// The lines so far, by ledger and code.
    pub fn lines(&self) -> &BTreeMap<(u32, u16), TrialBalanceLine> {
        &self.lines
    }

    /// The line of an account, if that is counted already.
    fn line_of(&mut self, ledger: &Ledger, account: u32) -> Option<&mut TrialBalanceLine> {
        if account >= self.accounts {
            return None;
        }
        let row = ledger.accounts.get(account);
        self.lines.get_mut(&(row.ledger, row.code))
    }

    fn follow(&mut self, ledger: &Ledger, (debit, credit): (u32, u32), movement: Movement) {
        let Movement { reserve, release, post } = movement;
        if let Some(line) = self.line_of(ledger, debit) {
            line.debits_pending.move_by(reserve, release);
            line.debits_posted.add(post);
        }
        if let Some(line) = self.line_of(ledger, credit) {
            line.credits_pending.move_by(reserve, release);
            line.credits_posted.add(post);
        }
    }

    /// Brings what is counted up to the present.
    fn catch_up(&mut self, ledger: &Ledger) {
        if self.accounts > 0 {
            for row in ledger.transfers.rows.iter_from(self.transfers) {
                let movement = ledger.transfers.movement(&row);
                self.follow(ledger, (row.debit.get(), row.credit.get()), movement);
            }
            for expiry in &ledger.transfers.expiries.expired()[self.expiries..] {
                let release = ledger.transfers.rows.get(expiry.transfer).amount.get();
                let movement = Movement { release, ..Movement::default() };
                self.follow(ledger, (expiry.debit, expiry.credit), movement);
            }
        }
        self.transfers = ledger.transfers.len();
        self.expiries = ledger.transfers.expiries.expired().len();
    }
}

impl Ledger {
    /// Takes `accounts` more accounts into a trial balance, and says whether it is done: then it is that of this moment.
    ///
    /// Cost: so many accounts, and the transfers and expiries since the slice before.
    pub fn trial_balance_slice(&self, balance: &mut TrialBalance, accounts: u32) -> bool {
        balance.catch_up(self);
        let end = balance.accounts.saturating_add(accounts).min(self.accounts.len());
        // Accounts of a kind are mostly created together.
        let mut run: Option<((u32, u16), TrialBalanceLine)> = None;
        for number in balance.accounts..end {
            let row = self.accounts.get(number);
            let kind = (row.ledger, row.code);
            match &mut run {
                Some((of, line)) if *of == kind => line.add(row),
                _ => {
                    let mut line = TrialBalanceLine::default();
                    line.add(row);
                    end_run(&mut balance.lines, run.replace((kind, line)));
                }
            }
        }
        end_run(&mut balance.lines, run);
        balance.accounts = end;
        end == self.accounts.len()
    }
}

fn end_run(lines: &mut Lines, run: Option<((u32, u16), TrialBalanceLine)>) {
    if let Some((kind, line)) = run {
        lines.entry(kind).or_default().merge(&line);
    }
}

#[cfg(test)]
mod tests {
    use super::Total;

    #[test]
    fn a_total_beyond_128_bits_says_so_and_comes_back() {
        let mut total = Total::default();
        total.sub(5);
        assert_eq!(total.get(), None);
        total.add(u128::MAX);
        total.add(6);
        assert_eq!(total.get(), None);
        total.sub(1);
        assert_eq!(total.get(), Some(u128::MAX));
        let mut sum = total;
        sum.merge(total);
        assert_eq!(sum.get(), None);
        sum.sub(u128::MAX);
        assert_eq!(sum, total);
    }
}
