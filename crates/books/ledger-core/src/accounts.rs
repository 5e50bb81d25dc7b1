//! The accounts and their sums.

use std::collections::BTreeMap;
use std::ops::Bound;

use crate::history::MARK_EVERY;
use crate::id_index::IdIndex;
use crate::transfers::NONE;
use crate::wire::{Account, AccountFlags};

/// Accounts in order of creation, found by id.
#[derive(Default)]
pub(crate) struct Accounts {
    rows: Vec<Account>,
    marks: Vec<Mark>,
    index: IdIndex,
    by_id: BTreeMap<u128, u32>,
    /// Accounts changed since [`clear_touched`](Self::clear_touched); may name one twice or one that was
    /// undone.
    touched: Vec<u32>,
    sums: Sums,
}

/// What the ledger keeps about an account beside its record.
#[derive(Clone, Copy)]
struct Mark {
    /// The newest transfer of the account, or [`NONE`].
    newest: u32,
    touched: bool,
    /// How many events it had, modulo 256.
    events: u8,
}

/// The four sums over all accounts, modulo 2^128: totals of many accounts may exceed what one account can
/// hold, and equality survives the wrapping.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sums {
    pub(crate) debits_pending: u128,
    pub(crate) debits_posted: u128,
    pub(crate) credits_pending: u128,
    pub(crate) credits_posted: u128,
}

impl Sums {
    pub(crate) fn add(&mut self, account: &Account) {
        self.debits_pending = self.debits_pending.wrapping_add(account.debits_pending);
        self.debits_posted = self.debits_posted.wrapping_add(account.debits_posted);
        self.credits_pending = self.credits_pending.wrapping_add(account.credits_pending);
        self.credits_posted = self.credits_posted.wrapping_add(account.credits_posted);
    }

    fn subtract(&mut self, account: &Account) {
        self.debits_pending = self.debits_pending.wrapping_sub(account.debits_pending);
        self.debits_posted = self.debits_posted.wrapping_sub(account.debits_posted);
        self.credits_pending = self.credits_pending.wrapping_sub(account.credits_pending);
        self.credits_posted = self.credits_posted.wrapping_sub(account.credits_posted);
    }

    pub(crate) fn balance(&self) -> bool {
        self.debits_pending == self.credits_pending && self.debits_posted == self.credits_posted
    }
}

/// What a transfer does to its two accounts: the same on the debit side of one and the credit side of the
/// other.
#[derive(Clone, Copy, Default)]
pub(crate) struct Movement {
    /// Added to pending.
    pub(crate) reserve: u128,
    /// Taken from pending.
    pub(crate) release: u128,
    /// Added to posted.
    pub(crate) post: u128,
}

impl Movement {
    /// The new pending and posted sums of a side. The rules checked the bounds before, so leaving them is a
    /// bug.
    fn forth(self, pending: u128, posted: u128) -> (u128, u128) {
        let released = pending.checked_sub(self.release).expect("LED-INV-5: what is released was reserved");
        let pending = released.checked_add(self.reserve).expect("LED-INV-6: the rules refuse an overflow");
        let posted = posted.checked_add(self.post).expect("LED-INV-6: the rules refuse an overflow");
        (pending, posted)
    }

    /// The sums before [`forth`](Self::forth).
    fn back(self, pending: u128, posted: u128) -> (u128, u128) {
        let unreserved = pending.checked_sub(self.reserve).expect("LED-INV-5: what is undone was done");
        let pending = unreserved.checked_add(self.release).expect("LED-INV-5: what is undone was done");
        let posted = posted.checked_sub(self.post).expect("LED-INV-5: what is undone was done");
        (pending, posted)
    }
}

impl Accounts {
    pub(crate) fn len(&self) -> u32 {
        // The number of accounts is checked against MAX before one is created.
        u32::try_from(self.rows.len()).unwrap_or(u32::MAX)
    }

    pub(crate) fn find(&self, id: u128) -> Option<u32> {
        self.index.find(id, |number| self.get(number).id == id)
    }

    pub(crate) fn get(&self, number: u32) -> &Account {
        &self.rows[number as usize]
    }

    pub(crate) fn rows(&self) -> &[Account] {
        &self.rows
    }

    pub(crate) fn sums(&self) -> &Sums {
        &self.sums
    }

    /// The newest transfer of an account, or [`NONE`].
    pub(crate) fn newest(&self, number: u32) -> u32 {
        self.marks[number as usize].newest
    }

    pub(crate) fn set_newest(&mut self, number: u32, transfer: u32) {
        self.marks[number as usize].newest = transfer;
    }

    /// Counts an event of an account, and says whether it is time for a mark of its history.
    pub(crate) fn count_event(&mut self, number: u32) -> bool {
        let mark = &mut self.marks[number as usize];
        mark.events = mark.events.wrapping_add(1);
        mark.events.is_multiple_of(MARK_EVERY)
    }

    /// Undoes [`count_event`](Self::count_event).
    pub(crate) fn uncount_event(&mut self, number: u32) {
        let mark = &mut self.marks[number as usize];
        mark.events = mark.events.wrapping_sub(1);
    }

    /// Adds an account whose id is new.
    pub(crate) fn push(&mut self, account: Account) {
        let number = self.len();
        self.index.insert(account.id, number);
        self.by_id.insert(account.id, number);
        self.sums.add(&account);
        self.rows.push(account);
        self.marks.push(Mark { newest: NONE, touched: true, events: 0 });
        self.touched.push(number);
    }

    /// Takes back the accounts after the first `len`. They have no transfers yet.
    pub(crate) fn truncate(&mut self, len: u32) {
        while self.len() > len {
            let number = self.len() - 1;
            let Some(account) = self.rows.pop() else { return };
            self.marks.pop();
            self.index.remove(account.id, number);
            self.by_id.remove(&account.id);
            self.sums.subtract(&account);
        }
    }

    /// Does a movement to the debit side of one account and the credit side of another.
    pub(crate) fn do_movement(&mut self, debit: u32, credit: u32, movement: Movement) {
        self.change(debit, credit, |pending, posted| movement.forth(pending, posted));
    }

    /// Closes an account or opens it again.
    pub(crate) fn set_closed(&mut self, number: u32, closed: bool) {
        let flags = &mut self.rows[number as usize].flags;
        *flags = if closed { flags.with(AccountFlags::CLOSED) } else { flags.without(AccountFlags::CLOSED) };
        self.touch(number);
    }

    /// Undoes a movement.
    pub(crate) fn undo_movement(&mut self, debit: u32, credit: u32, movement: Movement) {
        self.change(debit, credit, |pending, posted| movement.back(pending, posted));
    }

    fn change(&mut self, debit: u32, credit: u32, change: impl Fn(u128, u128) -> (u128, u128)) {
        let account = &mut self.rows[debit as usize];
        self.sums.debits_pending = self.sums.debits_pending.wrapping_sub(account.debits_pending);
        self.sums.debits_posted = self.sums.debits_posted.wrapping_sub(account.debits_posted);
        (account.debits_pending, account.debits_posted) =
            change(account.debits_pending, account.debits_posted);
        self.sums.debits_pending = self.sums.debits_pending.wrapping_add(account.debits_pending);
        self.sums.debits_posted = self.sums.debits_posted.wrapping_add(account.debits_posted);

        let account = &mut self.rows[credit as usize];
        self.sums.credits_pending = self.sums.credits_pending.wrapping_sub(account.credits_pending);
        self.sums.credits_posted = self.sums.credits_posted.wrapping_sub(account.credits_posted);
        (account.credits_pending, account.credits_posted) =
            change(account.credits_pending, account.credits_posted);
        self.sums.credits_pending = self.sums.credits_pending.wrapping_add(account.credits_pending);
        self.sums.credits_posted = self.sums.credits_posted.wrapping_add(account.credits_posted);

        self.touch(debit);
        self.touch(credit);
    }

    fn touch(&mut self, number: u32) {
        let mark = &mut self.marks[number as usize];
        if !mark.touched {
            mark.touched = true;
            self.touched.push(number);
        }
    }

    /// The accounts changed since [`clear_touched`](Self::clear_touched), in no order that means anything.
    pub(crate) fn touched(&self) -> impl Iterator<Item = (u32, &Account)> {
        self.touched
            .iter()
            .filter_map(|number| self.rows.get(*number as usize).map(|account| (*number, account)))
    }

    pub(crate) fn clear_touched(&mut self) {
        for number in self.touched.drain(..) {
            if let Some(mark) = self.marks.get_mut(number as usize) {
                mark.touched = false;
            }
        }
    }

    /// Up to `limit` accounts with ids after `id`, ordered by id.
    pub(crate) fn after(&self, id: Option<u128>, limit: usize) -> Vec<Account> {
        let from = id.map_or(Bound::Unbounded, Bound::Excluded);
        let numbers = self.by_id.range((from, Bound::Unbounded)).map(|(_, number)| *number);
        numbers.take(limit).map(|number| *self.get(number)).collect()
    }
}

/// Whether the account's debits, with `amount` more, would exceed what its flags allow.
pub(crate) fn debits_exceed_credits(account: &Account, amount: u128) -> bool {
    account.flags.contains(AccountFlags::DEBITS_MUST_NOT_EXCEED_CREDITS)
        && sum3(account.debits_pending, account.debits_posted, amount)
            .is_none_or(|sum| sum > account.credits_posted)
}

/// Whether the account's credits, with `amount` more, would exceed what its flags allow.
pub(crate) fn credits_exceed_debits(account: &Account, amount: u128) -> bool {
    account.flags.contains(AccountFlags::CREDITS_MUST_NOT_EXCEED_DEBITS)
        && sum3(account.credits_pending, account.credits_posted, amount)
            .is_none_or(|sum| sum > account.debits_posted)
}

/// The sum, if it fits.
pub(crate) fn sum3(a: u128, b: u128, c: u128) -> Option<u128> {
    a.checked_add(b)?.checked_add(c)
}
