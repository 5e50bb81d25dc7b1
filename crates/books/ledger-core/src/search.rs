//! Searches in pages, for people. A page looks at a bounded number of records, so that no search holds up the requests
//! behind it; a page with less on it than was asked for may have a next one.

use ids::Timestamp;

use crate::filter::{AccountFilter, QueryFilter};
use crate::history::Event;
use crate::ledger::READ_AT_ONCE;
use crate::scan::{Direction, TimeRange};
use crate::transfers::due;
use crate::wire::Account;
use crate::{Ledger, StatementError, TransferState, TransferView};

/// The most records that one page looks at.
pub const SEARCH_RECORDS_MAX: usize = 16_384;

/// The most transfers whose state one page looks at for those that are pending: a state is a byte.
const STATES_MAX: usize = 1 << 18;

/// A page of what was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found<Record, Place = u64> {
    /// What was found, in the order of the search.
    pub records: Vec<Record>,
    /// The last record that was looked at, found or not, if there are more: the next page starts after it. Transfers are
    /// named by their timestamps, accounts by their ids.
    pub next: Option<Place>,
}

impl<Record, Place> Found<Record, Place> {
    pub(crate) fn nothing() -> Self {
        Self { records: Vec::new(), next: None }
    }
}

/// Which pending transfers are asked for, oldest first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PendingFilter {
    /// That debit or credit this account; any if `None`.
    pub account: Option<u128>,
    /// That expire before this time; whenever or never if `None`.
    pub due_before: Option<u64>,
    /// Created after this time.
    pub after: u64,
    /// The most transfers to answer with; not 0.
    pub limit: usize,
}

impl TransferView {
    /// When this transfer expires, if it is pending and ever does.
    pub fn due(&self) -> Option<Timestamp> {
        let is_pending = self.state == TransferState::Pending;
        due(self.transfer.timestamp, self.transfer.timeout).filter(|_| is_pending).map(Timestamp)
    }
}

impl Ledger {
    /// Accounts that `filter` asks for, after the one called `after` in its order. An invalid filter asks for nothing, and
    /// so does an unknown `after`. Cost: at most [`SEARCH_RECORDS_MAX`] looks, each at an account that has what is asked for or
    /// at a page of accounts.
    pub fn search_accounts(&self, filter: &QueryFilter, after: Option<u128>) -> Found<Account, u128> {
        let Some((mut range, direction)) = filter.check() else { return Found::nothing() };
        if let Some(after) = after {
            let Some(number) = self.accounts.find(after) else { return Found::nothing() };
            range = beyond(range, direction, self.accounts.get(number).timestamp);
        }
        let mut walk = self.walk_accounts(filter, range, direction);
        let (mut records, mut looks) = (Vec::new(), SEARCH_RECORDS_MAX);
        while records.len() < filter.limit as usize
            && let Some(number) = walk.next(&mut looks)
        {
            let row = self.accounts.get(number);
            records.extend(filter.matches(&self.accounts.fields(row)).then(|| self.accounts.record(number)));
        }
        Found { records, next: walk.passed().map(|number| self.accounts.get(number).id) }
    }

    /// Transfers that `filter` asks for. An invalid filter asks for nothing. Cost: at most [`SEARCH_RECORDS_MAX`] looks, each
    /// at a transfer that has what is asked for, at a page in memory, or at a cold segment or one of its lists.
    pub fn search_transfers(&self, filter: &QueryFilter) -> Found<TransferView> {
        let Some((range, direction)) = filter.check() else { return Found::nothing() };
        let mut walk = self.walk_transfers(filter, range, direction);
        let (mut records, mut looks) = (Vec::new(), SEARCH_RECORDS_MAX);
        loop {
            let missing = (filter.limit as usize).saturating_sub(records.len());
            let candidates = walk.take(missing.min(READ_AT_ONCE), &mut looks);
            if candidates.is_empty() {
                break;
            }
            let found = self.rows_of(candidates.into_iter(), READ_AT_ONCE);
            let found = found.filter(|(_, row)| self.is_asked_for(filter, row));
            records.extend(found.map(|(number, _)| self.view(number)));
        }
        self.named(Found { records, next: walk.passed() })
    }

    /// Transfers of one account that `filter` asks for. An invalid filter asks for nothing.
    ///
    /// Errors: [`StatementError::AccountNotFound`]. Cost: at most [`SEARCH_RECORDS_MAX`] transfers.
    pub fn search_account_transfers(
        &self,
        filter: &AccountFilter,
    ) -> Result<Found<TransferView>, StatementError> {
        let (_, found) = self.account_numbers(filter)?;
        Ok(self.named(found.map(|number| self.view(number))))
    }

    /// An account as it was right after each of its transfers that `filter` asks for, whether or not it keeps its history
    /// for `get_account_balances`. An invalid filter asks for nothing.
    ///
    /// Errors: [`StatementError::AccountNotFound`]. Cost: at most [`SEARCH_RECORDS_MAX`] transfers, and those between the
    /// first and the last that are found.
    pub fn search_account_balances(
        &self,
        filter: &AccountFilter,
    ) -> Result<Found<(TransferView, Account)>, StatementError> {
        let (account, found) = self.account_numbers(filter)?;
        let is_reversed = filter.flags & AccountFilter::REVERSED != 0;
        let mut events: Vec<Event> = found.records.iter().copied().map(Event::Transfer).collect();
        if is_reversed {
            events.reverse();
        }
        let mut states = self.states_after(account, &events);
        if is_reversed {
            states.reverse();
        }
        let records = found.records.iter().zip(states).map(|(number, state)| (self.view(*number), state));
        Ok(self.named(Found { records: records.collect(), next: found.next }))
    }

    /// Pending transfers, oldest first.
    ///
    /// Errors: [`StatementError::AccountNotFound`]. Cost: at most [`SEARCH_RECORDS_MAX`] transfers of the account, or the
    /// states of a quarter of a million transfers.
    pub fn search_pending(&self, filter: &PendingFilter) -> Result<Found<TransferView>, StatementError> {
        let range = TimeRange { first: filter.after.saturating_add(1), last: u64::MAX };
        let limit = u32::try_from(filter.limit).unwrap_or(u32::MAX);
        let pick = |number: u32| {
            let is_pending = self.transfers.state(number) == TransferState::Pending;
            let view = is_pending.then(|| self.view(number))?;
            let asked = filter.due_before.is_none_or(|bound| view.due().is_some_and(|due| due.0 < bound));
            asked.then_some(view)
        };
        let found = match filter.account {
            None => page(self.scan().transfers(range, Direction::Ascending), limit, STATES_MAX, pick),
            Some(account) => {
                let number =
                    self.accounts.find(account).ok_or(StatementError::AccountNotFound { account })?;
                let numbers = self.scan().account_transfers(number, range, Direction::Ascending);
                page(numbers, limit, SEARCH_RECORDS_MAX, pick)
            }
        };
        Ok(self.named(found))
    }

    /// The account of `filter`, and the numbers of the transfers it asks for.
    fn account_numbers(&self, filter: &AccountFilter) -> Result<(u32, Found<u32, u32>), StatementError> {
        let id = filter.account_id;
        let account = self.accounts.find(id).ok_or(StatementError::AccountNotFound { account: id })?;
        let Some((range, direction)) = filter.check() else { return Ok((account, Found::nothing())) };
        let numbers = self.scan().account_transfers(account, range, direction);
        let rows = self.rows_of(numbers, filter.limit as usize);
        let found = page(rows, filter.limit, SEARCH_RECORDS_MAX, |(number, row)| {
            row.is_asked_for(filter, account).then_some(number)
        });
        let found = Found { records: found.records, next: found.next.map(|(number, _)| number) };
        Ok((account, found))
    }

    /// The same page with its end named for the outside.
    fn named<T>(&self, found: Found<T, u32>) -> Found<T> {
        let next = found.next.map(|number| self.transfers.rows.get(number).timestamp.get());
        Found { records: found.records, next }
    }
}

impl<T> Found<T, u32> {
    fn map<U>(self, map: impl FnMut(T) -> U) -> Found<U, u32> {
        Found { records: self.records.into_iter().map(map).collect(), next: self.next }
    }
}

/// What is left of `range` after `timestamp`.
fn beyond(range: TimeRange, direction: Direction, timestamp: u64) -> TimeRange {
    match direction {
        Direction::Ascending => TimeRange { first: range.first.max(timestamp.saturating_add(1)), ..range },
        Direction::Descending => TimeRange { last: range.last.min(timestamp.saturating_sub(1)), ..range },
    }
}

/// Picks up to `limit` records and looks at up to `looks` of them.
pub(crate) fn page<Record: Copy, T>(
    records: impl Iterator<Item = Record>,
    limit: u32,
    looks: usize,
    pick: impl Fn(Record) -> Option<T>,
) -> Found<T, Record> {
    let mut found = Found::nothing();
    let mut last = None;
    for (looked, record) in records.enumerate() {
        if found.records.len() >= limit as usize || looked == looks {
            found.next = last;
            break;
        }
        found.records.extend(pick(record));
        last = Some(record);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::page;

    #[test]
    fn a_page_ends_at_its_limit_or_when_it_has_looked_enough() {
        let even = |number: u32| number.is_multiple_of(2).then_some(number);
        let found = |limit, looks| {
            let found = page(0..10, limit, looks, even);
            (found.records, found.next)
        };
        assert_eq!(found(2, 100), (vec![0, 2], Some(2)));
        assert_eq!(found(9, 4), (vec![0, 2], Some(3)), "looked at 3 and did not find it");
        assert_eq!(found(5, 10), (vec![0, 2, 4, 6, 8], Some(8)), "9 was never looked at");
        assert_eq!(found(9, 10), (vec![0, 2, 4, 6, 8], None));
        assert_eq!(page(0..0, 1, 1, even).next, None);
    }
}
