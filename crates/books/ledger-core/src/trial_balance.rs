//! The trial balance: what all accounts of one kind add up to, at any moment.

use std::collections::BTreeMap;

use crate::Ledger;
use crate::accounts::Row;

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

/// The lines of a trial balance by ledger and code.
pub type TrialBalance = BTreeMap<(u32, u16), TrialBalanceLine>;

impl Total {
    /// The sum; `None` if it does not fit.
    pub fn get(self) -> Option<u128> {
        (self.carry == 0).then_some(self.low)
    }

    /// Low 128 bits and carry, little-endian.
    pub(crate) fn to_bytes(self) -> [u8; 24] {
        let mut bytes = [0; 24];
        bytes[..16].copy_from_slice(&self.low.to_le_bytes());
        bytes[16..].copy_from_slice(&self.carry.to_le_bytes());
        bytes
    }

    /// Reads what [`to_bytes`](Self::to_bytes) wrote.
    pub(crate) fn from_bytes(bytes: [u8; 24]) -> Self {
        let (mut low, mut carry) = ([0; 16], [0; 8]);
        low.copy_from_slice(&bytes[..16]);
        carry.copy_from_slice(&bytes[16..]);
        Self { low: u128::from_le_bytes(low), carry: i64::from_le_bytes(carry) }
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

    pub(crate) fn move_by(&mut self, forth: u128, back: u128) {
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

    /// Adds an account with its sums.
    pub(crate) fn add(&mut self, account: &Row) {
        self.accounts += 1;
        self.debits_pending.add(account.debits_pending);
        self.debits_posted.add(account.debits_posted);
        self.credits_pending.add(account.credits_pending);
        self.credits_posted.add(account.credits_posted);
    }

    /// Takes an account with its sums away.
    pub(crate) fn remove(&mut self, account: &Row) {
        self.accounts -= 1;
        self.debits_pending.sub(account.debits_pending);
        self.debits_posted.sub(account.debits_posted);
        self.credits_pending.sub(account.credits_pending);
        self.credits_posted.sub(account.credits_posted);
    }
}

impl Ledger {
    /// What all accounts add up to, by ledger and code. Control accounts have no sums of their own, so nothing is in it
    /// twice. Cost: the number of kinds of accounts, not that of accounts.
    pub fn trial_balance(&self) -> TrialBalance {
        let mut lines = TrialBalance::new();
        for group in self.accounts.groups().iter().filter(|group| group.line.accounts > 0) {
            lines.entry((group.ledger, group.code)).or_default().merge(&group.line);
        }
        lines
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
