//! What accounts add up to, kept with every movement: so a trial balance and the sum of a control account are there at
//! any moment, however many accounts there are.

use std::collections::BTreeMap;

use crate::accounts::Row;
use crate::trial_balance::{Total, TrialBalanceLine};

/// The accounts of one ledger, code and control account.
pub(crate) struct Group {
    pub(crate) ledger: u32,
    pub(crate) code: u16,
    /// The number of the account they stand below, or [`NONE`](crate::transfers::NONE).
    pub(crate) control: u32,
    /// What they add up to.
    pub(crate) line: TrialBalanceLine,
}

/// All groups, numbered in the order in which they were first needed. A group that has lost its accounts stays.
#[derive(Default)]
pub(crate) struct Groups {
    groups: Vec<Group>,
    numbers: BTreeMap<(u32, u16, u32), u32>,
    /// The group found last: accounts of a kind are mostly created together.
    last: u32,
}

impl Groups {
    pub(crate) fn get(&self, number: u32) -> &Group {
        &self.groups[number as usize]
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Group> {
        self.groups.iter()
    }

    /// The number of a group, which is made if it is the first of its kind.
    pub(crate) fn find_or_make(&mut self, ledger: u32, code: u16, control: u32) -> u32 {
        if let Some(last) = self.groups.get(self.last as usize)
            && (last.ledger, last.code, last.control) == (ledger, code, control)
        {
            return self.last;
        }
        let groups = &mut self.groups;
        self.last = *self.numbers.entry((ledger, code, control)).or_insert_with(|| {
            groups.push(Group { ledger, code, control, line: TrialBalanceLine::default() });
            // Every group was once asked for by an event, and there are not 2^32 of those.
            u32::try_from(groups.len() - 1).unwrap_or(u32::MAX)
        });
        self.last
    }

    /// Adds an account with its sums.
    pub(crate) fn join(&mut self, number: u32, account: &Row) {
        self.groups[number as usize].line.add(account);
    }

    /// Takes an account with its sums away.
    pub(crate) fn leave(&mut self, number: u32, account: &Row) {
        self.groups[number as usize].line.remove(account);
    }

    /// Follows a change of an account's debits: pending and posted, before and after.
    pub(crate) fn debit(&mut self, number: u32, before: (u128, u128), after: (u128, u128)) {
        let line = &mut self.groups[number as usize].line;
        follow(&mut line.debits_pending, before.0, after.0);
        follow(&mut line.debits_posted, before.1, after.1);
    }

    /// Follows a change of an account's credits: pending and posted, before and after.
    pub(crate) fn credit(&mut self, number: u32, before: (u128, u128), after: (u128, u128)) {
        let line = &mut self.groups[number as usize].line;
        follow(&mut line.credits_pending, before.0, after.0);
        follow(&mut line.credits_posted, before.1, after.1);
    }
}

/// Most movements change one of an account's sums.
fn follow(total: &mut Total, before: u128, after: u128) {
    if before != after {
        total.move_by(after, before);
    }
}
