//! The accounts and their sums.

use std::ops::Range;

use crate::columns::Columns;
use crate::groups::Groups;
use crate::id_index::{IdHash, IdIndex};
use crate::keys::{Fields, Keys, mark_of};
use crate::pages::{PAGE_LEN, Pages};
use crate::postings::{Postings, Tail};
use crate::prefetch::prefetch;
use crate::scan::Direction;
use crate::transfers::NONE;
use crate::wire::{Account, AccountFlags};

/// Accounts in order of creation, found by id.
pub(crate) struct Accounts {
    rows: Pages<Row>,
    /// What queries compare, page by page.
    marks: Vec<Columns>,
    index: IdIndex,
    postings: Postings,
    groups: Groups,
    touched: Touched,
    sums: Sums,
}

/// An account as it is kept: the record's fields in the order of their use, in two cache lines, and where its list of
/// transfers ends.
#[derive(Clone, Copy)]
#[repr(C, align(128))]
pub(crate) struct Row {
    pub(crate) debits_pending: u128,
    pub(crate) debits_posted: u128,
    pub(crate) credits_pending: u128,
    pub(crate) credits_posted: u128,
    pub(crate) id: u128,
    pub(crate) timestamp: u64,
    /// Which [`Group`](crate::groups::Group) it belongs to: that knows its ledger.
    pub(crate) group: u32,
    pub(crate) code: u16,
    /// The record's flags and, above them, the marks of this file.
    pub(crate) flags: AccountFlags,
    pub(crate) user_data_128: u128,
    pub(crate) user_data_64: u64,
    pub(crate) user_data_32: u32,
    transfers: Tail,
}

const _: () = assert!(size_of::<Row>() == 128);

/// Other accounts stand below this one, so nothing is posted to it.
pub(crate) const IS_CONTROL: AccountFlags = AccountFlags(1 << 15);
/// What is in the account may be spent on certain purposes only.
pub(crate) const IS_EARMARKED: AccountFlags = AccountFlags(1 << 14);
/// The account earns or owes interest.
pub(crate) const BEARS_INTEREST: AccountFlags = AccountFlags(1 << 13);
/// All these marks. No flag of the record may ever use their bits.
pub(crate) const MARKS: AccountFlags = IS_CONTROL.with(IS_EARMARKED).with(BEARS_INTEREST);
const _: () = assert!(!MARKS.intersects(AccountFlags::SUPPORTED));

impl Row {
    fn new(account: &Account, group: u32) -> Self {
        Self {
            debits_pending: account.debits_pending,
            debits_posted: account.debits_posted,
            credits_pending: account.credits_pending,
            credits_posted: account.credits_posted,
            id: account.id,
            timestamp: account.timestamp,
            group,
            code: account.code,
            flags: account.flags,
            user_data_128: account.user_data_128,
            user_data_64: account.user_data_64,
            user_data_32: account.user_data_32,
            transfers: Tail::EMPTY,
        }
    }

    /// The flags of the record, without marks.
    pub(crate) fn flags(&self) -> AccountFlags {
        self.flags.without(MARKS)
    }

    /// Whether no transfer ever named it.
    pub(crate) fn is_unused(&self) -> bool {
        self.transfers == Tail::EMPTY
    }

    /// The record; the ledger is that of its group.
    fn account(&self, ledger: u32) -> Account {
        Account {
            id: self.id,
            debits_pending: self.debits_pending,
            debits_posted: self.debits_posted,
            credits_pending: self.credits_pending,
            credits_posted: self.credits_posted,
            user_data_128: self.user_data_128,
            user_data_64: self.user_data_64,
            user_data_32: self.user_data_32,
            reserved: 0,
            ledger,
            code: self.code,
            flags: self.flags(),
            timestamp: self.timestamp,
        }
    }

    /// The fields that queries compare; the ledger is that of its group.
    fn fields(&self, ledger: u32) -> Fields {
        Fields {
            user_data_128: self.user_data_128,
            user_data_64: self.user_data_64,
            user_data_32: self.user_data_32,
            ledger,
            code: self.code,
        }
    }

    /// The sums and the flags: all of an account that ever changes.
    pub(crate) fn changing(&self, number: u32) -> [u8; CHANGING_BYTES] {
        let mut bytes = [0; CHANGING_BYTES];
        let sums = [self.debits_pending, self.debits_posted, self.credits_pending, self.credits_posted];
        for (place, sum) in bytes.chunks_exact_mut(16).zip(sums) {
            place.copy_from_slice(&sum.to_le_bytes());
        }
        bytes[64..68].copy_from_slice(&number.to_le_bytes());
        bytes[68..70].copy_from_slice(&self.flags.0.to_le_bytes());
        bytes
    }
}

/// Bytes of [`Row::changing`].
pub(crate) const CHANGING_BYTES: usize = 72;

/// Accounts that changed since the last [`Accounts::clear_touched`], each once, in the order of their first change.
#[derive(Default)]
struct Touched {
    order: Vec<u32>,
    /// A bit for each account.
    marks: Vec<u64>,
}

impl Touched {
    fn add(&mut self, number: u32) {
        let (word, bit) = ((number / u64::BITS) as usize, 1 << (number % u64::BITS));
        if word >= self.marks.len() {
            self.marks.resize(word + 1, 0);
        }
        if self.marks[word] & bit == 0 {
            self.marks[word] |= bit;
            self.order.push(number);
        }
    }

    fn clear(&mut self) {
        for number in self.order.drain(..) {
            self.marks[(number / u64::BITS) as usize] &= !(1 << (number % u64::BITS));
        }
    }
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
    pub(crate) fn add(&mut self, account: &Row) {
        self.debits_pending = self.debits_pending.wrapping_add(account.debits_pending);
        self.debits_posted = self.debits_posted.wrapping_add(account.debits_posted);
        self.credits_pending = self.credits_pending.wrapping_add(account.credits_pending);
        self.credits_posted = self.credits_posted.wrapping_add(account.credits_posted);
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

impl Default for Accounts {
    fn default() -> Self {
        Self {
            rows: Pages::new(),
            marks: Vec::new(),
            index: IdIndex::default(),
            postings: Postings::new(),
            groups: Groups::default(),
            touched: Touched::default(),
            sums: Sums::default(),
        }
    }
}

impl Accounts {
    pub(crate) fn len(&self) -> u32 {
        self.rows.len()
    }

    pub(crate) fn find(&self, id: u128) -> Option<u32> {
        self.find_hashed(IdHash::of(id), id)
    }

    fn find_hashed(&self, hash: IdHash, id: u128) -> Option<u32> {
        self.index.find(hash, |number| self.get(number).id == id)
    }

    /// The number that the account with this hash has if there is one, without a look at the account; or [`NONE`].
    #[inline]
    pub(crate) fn likely(&self, hash: IdHash) -> u32 {
        self.index.find(hash, |_| true).unwrap_or(NONE)
    }

    /// The number of the account called `id`, or [`NONE`]; `likely` is what [`likely`](Self::likely) said.
    #[inline]
    pub(crate) fn find_likely(&self, likely: u32, hash: IdHash, id: u128) -> u32 {
        if likely == NONE || self.get(likely).id == id {
            return likely;
        }
        self.find_hashed(hash, id).unwrap_or(NONE)
    }

    #[inline]
    pub(crate) fn get(&self, number: u32) -> &Row {
        self.rows.get(number)
    }

    pub(crate) fn rows(&self) -> impl Iterator<Item = &Row> {
        self.rows.iter()
    }

    /// The record of an account.
    pub(crate) fn record(&self, number: u32) -> Account {
        let row = self.get(number);
        row.account(self.ledger(row))
    }

    /// The records of all accounts, in order of creation.
    pub(crate) fn records(&self) -> impl Iterator<Item = Account> {
        self.rows().map(|row| row.account(self.ledger(row)))
    }

    /// The fields of an account that queries compare.
    pub(crate) fn fields(&self, row: &Row) -> Fields {
        row.fields(self.ledger(row))
    }

    /// The ledger of an account.
    #[inline]
    pub(crate) fn ledger(&self, row: &Row) -> u32 {
        self.groups.get(row.group).ledger
    }

    /// Whether two accounts belong to the same ledger.
    #[inline]
    pub(crate) fn share_a_ledger(&self, one: &Row, other: &Row) -> bool {
        one.group == other.group || self.ledger(one) == self.ledger(other)
    }

    /// Whether one of two accounts bears interest.
    #[inline]
    pub(crate) fn bear_interest(&self, one: u32, other: u32) -> bool {
        self.get(one).flags.with(self.get(other).flags).contains(BEARS_INTEREST)
    }

    /// What the accounts add up to by ledger, code and control account.
    pub(crate) fn groups(&self) -> &Groups {
        &self.groups
    }

    /// Sets or clears one of the marks of this file.
    pub(crate) fn mark(&mut self, number: u32, mark: AccountFlags, is_set: bool) {
        let flags = &mut self.rows.get_mut(number).flags;
        *flags = if is_set { flags.with(mark) } else { flags.without(mark) };
        self.touched.add(number);
    }

    /// Moves an account below another control account, or below none.
    pub(crate) fn regroup(&mut self, number: u32, control: u32) {
        let row = self.rows.get_mut(number);
        let group = self.groups.get(row.group);
        let (ledger, code) = (group.ledger, group.code);
        self.groups.leave(row.group, row);
        row.group = self.groups.find_or_make(ledger, code, control);
        self.groups.join(row.group, row);
        self.touched.add(number);
    }

    /// How many accounts were created before `timestamp`.
    pub(crate) fn created_before(&self, timestamp: u64) -> u32 {
        self.rows.partition_point(|row| row.timestamp < timestamp)
    }

    pub(crate) fn sums(&self) -> &Sums {
        &self.sums
    }

    /// Asks for the first slot for an id.
    #[inline]
    pub(crate) fn ask_for_id(&self, hash: IdHash) {
        self.index.ask_for(hash);
    }

    /// Asks for an account.
    #[inline]
    pub(crate) fn ask_for_row(&self, number: u32) {
        let row = self.get(number);
        prefetch(&row.debits_pending);
        prefetch(&row.id);
    }

    /// Asks for the end of an account's list.
    #[inline]
    pub(crate) fn ask_for_list(&self, number: u32) {
        self.postings.ask_for_end(self.get(number).transfers);
    }

    /// Asks for what the account's list needs to go on in a new cell, if it must.
    #[inline]
    pub(crate) fn ask_for_cell(&self, number: u32) {
        self.postings.ask_for_jump(self.get(number).transfers);
    }

    /// Whether `transfers` more transfers fit into the accounts' lists.
    pub(crate) fn has_room(&self, transfers: u32) -> bool {
        self.postings.has_room(transfers)
    }

    /// Adds a transfer to the list of an account, and says whether it is time for a mark of its history.
    #[inline]
    pub(crate) fn list(&mut self, number: u32, transfer: u32) -> bool {
        let row = self.rows.get_mut(number);
        row.transfers = self.postings.push(row.transfers, transfer);
        self.postings.is_milestone(row.transfers)
    }

    /// Takes back the newest transfer of an account's list. Lists are undone in the reverse order of their growth.
    pub(crate) fn unlist(&mut self, number: u32) {
        let row = self.rows.get_mut(number);
        row.transfers = self.postings.pop(row.transfers);
    }

    /// The transfers of an account with numbers in `range`, oldest first.
    pub(crate) fn listed(&self, number: u32, range: Range<u32>) -> impl Iterator<Item = u32> + '_ {
        self.postings.ascending(self.get(number).transfers, range)
    }

    /// The transfers of an account with numbers in `range`, newest first.
    pub(crate) fn listed_back(&self, number: u32, range: Range<u32>) -> impl Iterator<Item = u32> + '_ {
        self.postings.descending(self.get(number).transfers, range)
    }

    /// Makes room for so many ids at once.
    pub(crate) fn expect(&mut self, ids: usize) {
        self.index.reserve(ids);
    }

    /// Adds an account whose id is new.
    pub(crate) fn push(&mut self, account: &Account) {
        let number = self.len();
        let group = self.groups.find_or_make(account.ledger, account.code, NONE);
        let row = Row::new(account, group);
        self.groups.join(group, &row);
        self.index.insert(IdHash::of(account.id), number);
        self.sums.add(&row);
        if self.marks.last().is_none_or(|page| page.len() == PAGE_LEN) {
            self.marks.push(Columns::default());
        }
        if let Some(page) = self.marks.last_mut() {
            let record = (row.fields(account.ledger), mark_of(account.ledger.into()));
            page.extend(std::iter::once(record), PAGE_LEN);
        }
        self.rows.push(row);
        self.touched.add(number);
    }

    /// Takes back the accounts after the first `len`. They have no transfers and no sums yet.
    pub(crate) fn truncate(&mut self, len: u32) {
        while self.len() > len {
            let number = self.len() - 1;
            let Some(row) = self.rows.pop() else { return };
            self.groups.leave(row.group, &row);
            self.index.remove(IdHash::of(row.id), number);
            if let Some(page) = self.marks.last_mut() {
                page.truncate(number as usize % PAGE_LEN);
            }
            self.marks.pop_if(|page| page.len() == 0);
        }
    }

    /// The next account within `range` whose marks are those asked for, on the page in which the walk begins. Without one,
    /// what is left of the range.
    pub(crate) fn find_on_page(
        &self,
        asked: &Keys,
        range: Range<u32>,
        direction: Direction,
    ) -> Result<u32, Range<u32>> {
        let page_len = u32::try_from(PAGE_LEN).unwrap_or(u32::MAX);
        let page = match direction {
            Direction::Ascending => range.start,
            Direction::Descending => range.end - 1,
        } / page_len;
        let at = page * page_len;
        let within = range.start.max(at)..range.end.min(at.saturating_add(page_len));
        let places = (within.start - at) as usize..(within.end - at) as usize;
        match self.marks[page as usize].find(asked, places, direction) {
            Some(place) => Ok(at + u32::try_from(place).unwrap_or(0)),
            None => Err(match direction {
                Direction::Ascending => within.end..range.end,
                Direction::Descending => range.start..within.start,
            }),
        }
    }

    /// Does a movement to the debit side of one account and the credit side of another.
    #[inline]
    pub(crate) fn do_movement(&mut self, debit: u32, credit: u32, movement: Movement) {
        self.change(debit, credit, |pending, posted| movement.forth(pending, posted));
    }

    /// Closes an account or opens it again.
    pub(crate) fn set_closed(&mut self, number: u32, closed: bool) {
        let flags = &mut self.rows.get_mut(number).flags;
        *flags = if closed { flags.with(AccountFlags::CLOSED) } else { flags.without(AccountFlags::CLOSED) };
        self.touched.add(number);
    }

    /// Undoes a movement.
    pub(crate) fn undo_movement(&mut self, debit: u32, credit: u32, movement: Movement) {
        self.change(debit, credit, |pending, posted| movement.back(pending, posted));
    }

    #[inline]
    fn change(&mut self, debit: u32, credit: u32, change: impl Fn(u128, u128) -> (u128, u128)) {
        let account = self.rows.get_mut(debit);
        let before = (account.debits_pending, account.debits_posted);
        let after = change(before.0, before.1);
        (account.debits_pending, account.debits_posted) = after;
        let pending = &mut self.sums.debits_pending;
        *pending = pending.wrapping_sub(before.0).wrapping_add(after.0);
        let posted = &mut self.sums.debits_posted;
        *posted = posted.wrapping_sub(before.1).wrapping_add(after.1);
        self.groups.debit(account.group, before, after);

        let account = self.rows.get_mut(credit);
        let before = (account.credits_pending, account.credits_posted);
        let after = change(before.0, before.1);
        (account.credits_pending, account.credits_posted) = after;
        let pending = &mut self.sums.credits_pending;
        *pending = pending.wrapping_sub(before.0).wrapping_add(after.0);
        let posted = &mut self.sums.credits_posted;
        *posted = posted.wrapping_sub(before.1).wrapping_add(after.1);
        self.groups.credit(account.group, before, after);

        self.touched.add(debit);
        self.touched.add(credit);
    }

    /// The accounts that changed since [`clear_touched`](Self::clear_touched), in the order of their first change.
    /// Some may have been undone since.
    pub(crate) fn touched(&self) -> &[u32] {
        &self.touched.order
    }

    /// Marks an account as changed.
    pub(crate) fn touch(&mut self, number: u32) {
        self.touched.add(number);
    }

    pub(crate) fn clear_touched(&mut self) {
        self.touched.clear();
    }

    /// Up to `limit` accounts created after the one called `id`, in order of creation; from the first if `id` is
    /// `None`, none if there is no such account.
    pub(crate) fn after(&self, id: Option<u128>, limit: usize) -> Vec<Account> {
        let first = match id {
            None => Some(0),
            Some(id) => self.find(id).map(|number| number + 1),
        };
        let numbers = first.map_or(0..0, |first| first..self.len());
        numbers.take(limit).map(|number| self.record(number)).collect()
    }
}

/// Whether the account's debits, with `amount` more, would exceed what its flags allow.
pub(crate) fn debits_exceed_credits(account: &Row, amount: u128) -> bool {
    account.flags.contains(AccountFlags::DEBITS_MUST_NOT_EXCEED_CREDITS)
        && sum3(account.debits_pending, account.debits_posted, amount)
            .is_none_or(|sum| sum > account.credits_posted)
}

/// Whether the account's credits, with `amount` more, would exceed what its flags allow.
pub(crate) fn credits_exceed_debits(account: &Row, amount: u128) -> bool {
    account.flags.contains(AccountFlags::CREDITS_MUST_NOT_EXCEED_DEBITS)
        && sum3(account.credits_pending, account.credits_posted, amount)
            .is_none_or(|sum| sum > account.debits_posted)
}

/// The sum, if it fits.
pub(crate) fn sum3(a: u128, b: u128, c: u128) -> Option<u128> {
    a.checked_add(b)?.checked_add(c)
}
