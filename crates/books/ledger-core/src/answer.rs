//! Answering queries in the records of the wire protocol.

use crate::accounts::Accounts;
use crate::filter::{AccountBalance, AccountFilter, ChangeEventsFilter, QueryFilter};
use crate::history::Event;
use crate::id_index::IdHash;
use crate::keys::is_any_or;
use crate::ledger::READ_AT_ONCE;
use crate::ledgers::Ledgers;
use crate::rows::{Row, Rows};
use crate::scan::{Direction, TimeRange};
use crate::walk::Walk;
use crate::wire::AccountFlags;
use crate::{EVENTS_MAX, Ledger, QueryError};

/// The most records in a reply: what fits into one mebibyte with room for headers.
pub const REPLY_RECORDS_MAX: u32 = EVENTS_MAX;

/// The most change events in a reply: each is three records large.
pub const REPLY_CHANGE_EVENTS_MAX: u32 = REPLY_RECORDS_MAX / 3;

const ID_BYTES: usize = 16;

/// What a query asks for. The numbers are those of TigerBeetle's operations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum QueryOperation {
    /// The events of a time range, each a [`ChangeEvent`](crate::ChangeEvent); the body is a
    /// [`ChangeEventsFilter`].
    GetChangeEvents = 137,
    /// The accounts with these ids; the body is a sequence of ids.
    LookupAccounts = 140,
    /// The transfers with these ids; the body is a sequence of ids.
    LookupTransfers = 141,
    /// Transfers of one account; the body is an [`AccountFilter`].
    GetAccountTransfers = 142,
    /// The sums of one account with `history` after each of its transfers, each an [`AccountBalance`]; the
    /// body is an [`AccountFilter`].
    GetAccountBalances = 143,
    /// Accounts; the body is a [`QueryFilter`].
    QueryAccounts = 144,
    /// Transfers; the body is a [`QueryFilter`].
    QueryTransfers = 145,
}

impl Ledger {
    /// Answers one query: appends whole records to `out`, as many as its limit and one message allow.
    ///
    /// Ids that do not exist are left out, and an invalid filter is answered with nothing, as in TigerBeetle.
    ///
    /// Errors: [`QueryError`] if `body` is not what the operation reads; `out` is then as before. Cost: the records found;
    /// for a [`QueryFilter`] besides two bytes of every record in memory and a look at the guide to every cold segment, and
    /// where several values meet rarely the shorter lists of those that have them; for an account's transfers those that
    /// the account and the time range leave to look through.
    pub fn answer(
        &self,
        operation: QueryOperation,
        body: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<(), QueryError> {
        self.answer_within(&Ledgers::All, operation, body, out)
    }

    /// Answers as if there were no ledgers but these: the limits count what is found in them, so that whoever pages
    /// by timestamps misses nothing and sees nothing else.
    ///
    /// Errors and cost: those of [`Ledger::answer`].
    pub fn answer_within(
        &self,
        ledgers: &Ledgers,
        operation: QueryOperation,
        body: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<(), QueryError> {
        match operation {
            QueryOperation::LookupAccounts => {
                let found = ids(body)?.filter_map(|id| self.accounts.find(id));
                self.write_accounts(found.filter(|number| self.has_account_within(ledgers, *number)), out);
            }
            QueryOperation::LookupTransfers => {
                self.lookup_transfers(ledgers, ids(body)?, out);
            }
            QueryOperation::GetAccountTransfers => {
                let filter = filter(body, AccountFilter::from_bytes)?;
                self.write_transfers(self.transfers_of(ledgers, &filter).into_iter(), out);
            }
            QueryOperation::GetAccountBalances => {
                let filter = filter(body, AccountFilter::from_bytes)?;
                self.write_balances(ledgers, &filter, out);
            }
            QueryOperation::QueryAccounts => {
                let filter = filter(body, QueryFilter::from_bytes)?;
                if let Some(filter) = filter.within(ledgers) {
                    self.query_accounts(ledgers, &filter, out);
                }
            }
            QueryOperation::QueryTransfers => {
                let filter = filter(body, QueryFilter::from_bytes)?;
                if let Some(filter) = filter.within(ledgers) {
                    self.query_transfers(ledgers, &filter, out);
                }
            }
            QueryOperation::GetChangeEvents => {
                let filter = filter(body, ChangeEventsFilter::from_bytes)?;
                if let Some(range) = filter.check() {
                    let limit = filter.limit.min(REPLY_CHANGE_EVENTS_MAX);
                    self.write_change_events(ledgers, range, limit as usize, out);
                }
            }
        }
        Ok(())
    }

    fn lookup_transfers(&self, ledgers: &Ledgers, mut ids: impl Iterator<Item = u128>, out: &mut Vec<u8>) {
        loop {
            let next: Vec<u128> = ids.by_ref().take(READ_AT_ONCE).collect();
            if next.is_empty() {
                return;
            }
            let hashes: Vec<IdHash> = next.iter().map(|id| IdHash::of(*id)).collect();
            self.transfers.ask_for_rows(&hashes);
            let found = next.iter().filter_map(|id| self.transfers.find(*id));
            self.write_transfers(found.filter(|number| self.has_transfer_within(ledgers, *number)), out);
        }
    }

    fn write_accounts(&self, numbers: impl Iterator<Item = u32>, out: &mut Vec<u8>) {
        for number in numbers {
            out.extend_from_slice(self.accounts.record(number).as_bytes());
        }
    }

    fn write_transfers(&self, numbers: impl Iterator<Item = u32>, out: &mut Vec<u8>) {
        for number in numbers {
            let entry = self.entry(number);
            out.extend_from_slice(entry.transfer.as_bytes());
        }
    }

    /// The numbers of the transfers that `filter` asks for, in its order.
    fn transfers_of(&self, ledgers: &Ledgers, filter: &AccountFilter) -> Vec<u32> {
        let account = self.accounts.find(filter.account_id);
        let account = account.filter(|account| self.has_account_within(ledgers, *account));
        let (Some(account), Some((range, direction))) = (account, filter.check()) else {
            return Vec::new();
        };
        let limit = filter.limit.min(REPLY_RECORDS_MAX) as usize;
        self.rows_of(self.scan().account_transfers(account, range, direction), limit)
            .filter(|(_, row)| row.is_asked_for(filter, account))
            .map(|(number, _)| number)
            .take(limit)
            .collect()
    }

    fn write_balances(&self, ledgers: &Ledgers, filter: &AccountFilter, out: &mut Vec<u8>) {
        let Some(account) = self.accounts.find(filter.account_id) else { return };
        if !self.accounts.get(account).flags.contains(AccountFlags::HISTORY) {
            return;
        }
        let mut events: Vec<Event> =
            self.transfers_of(ledgers, filter).into_iter().map(Event::Transfer).collect();
        let is_reversed = filter.flags & AccountFilter::REVERSED != 0;
        if is_reversed {
            events.reverse();
        }
        let mut states = self.states_after(account, &events);
        if is_reversed {
            events.reverse();
            states.reverse();
        }
        for (event, state) in events.iter().zip(&states) {
            let balance = AccountBalance {
                debits_pending: state.debits_pending,
                debits_posted: state.debits_posted,
                credits_pending: state.credits_pending,
                credits_posted: state.credits_posted,
                timestamp: self.timestamp_of(*event),
                reserved: [0; 56],
            };
            out.extend_from_slice(balance.as_bytes());
        }
    }

    fn query_accounts(&self, ledgers: &Ledgers, filter: &QueryFilter, out: &mut Vec<u8>) {
        let Some((range, direction)) = filter.check() else { return };
        let limit = filter.limit.min(REPLY_RECORDS_MAX) as usize;
        let candidates = self.walk_accounts(filter, range, direction).all();
        let found =
            candidates.filter(|number| filter.matches(&self.accounts.fields(self.accounts.get(*number))));
        let found = found.filter(|number| self.has_account_within(ledgers, *number));
        self.write_accounts(found.take(limit), out);
    }

    fn query_transfers(&self, ledgers: &Ledgers, filter: &QueryFilter, out: &mut Vec<u8>) {
        let Some((range, direction)) = filter.check() else { return };
        let limit = filter.limit.min(REPLY_RECORDS_MAX) as usize;
        let candidates = self.walk_transfers(filter, range, direction).all();
        let found = self.rows_of(candidates, limit).filter(|(_, row)| self.is_asked_for(filter, row));
        let found = found.filter(|(_, row)| self.has_row_within(ledgers, row));
        self.write_transfers(found.map(|(number, _)| number).take(limit), out);
    }

    /// A walk over the accounts that `filter` may ask for.
    pub(crate) fn walk_accounts(
        &self,
        filter: &QueryFilter,
        range: TimeRange,
        direction: Direction,
    ) -> Walk<'_, Accounts> {
        let numbers = self.scan().account_numbers(range);
        Walk::new(&self.accounts, filter.fields().keys(), numbers, direction)
    }

    /// A walk over the transfers that `filter` may ask for.
    pub(crate) fn walk_transfers(
        &self,
        filter: &QueryFilter,
        range: TimeRange,
        direction: Direction,
    ) -> Walk<'_, Rows> {
        let numbers = self.scan().transfer_numbers(range);
        Walk::new(&self.transfers.rows, filter.fields().keys(), numbers, direction)
    }

    /// Whether `filter` asks for a transfer.
    pub(crate) fn is_asked_for(&self, filter: &QueryFilter, row: &Row) -> bool {
        filter.matches(&row.fields(self.accounts.ledger(self.accounts.get(row.debit.get()))))
    }
}

impl Row {
    pub(crate) fn is_asked_for(&self, filter: &AccountFilter, account: u32) -> bool {
        let side = if self.debit == account { AccountFilter::DEBITS } else { AccountFilter::CREDITS };
        filter.flags & side != 0
            && is_any_or(filter.user_data_128, self.user_data_128.get())
            && is_any_or(filter.user_data_64, self.user_data_64.get())
            && is_any_or(filter.user_data_32, self.user_data_32.get())
            && is_any_or(filter.code, self.code.get())
    }
}

fn filter<T>(body: &[u8], read: impl Fn(&[u8]) -> Option<T>) -> Result<T, QueryError> {
    read(body).ok_or(QueryError::Filter { bytes: body.len() })
}

fn ids(body: &[u8]) -> Result<impl Iterator<Item = u128>, QueryError> {
    let (ids, rest) = body.as_chunks::<ID_BYTES>();
    if !rest.is_empty() {
        return Err(QueryError::Ids { bytes: body.len() });
    }
    if ids.len() > REPLY_RECORDS_MAX as usize {
        return Err(QueryError::TooManyIds);
    }
    Ok(ids.iter().map(|id| u128::from_le_bytes(*id)))
}

impl TryFrom<u8> for QueryOperation {
    type Error = QueryError;

    fn try_from(number: u8) -> Result<Self, QueryError> {
        match number {
            137 => Ok(Self::GetChangeEvents),
            140 => Ok(Self::LookupAccounts),
            141 => Ok(Self::LookupTransfers),
            142 => Ok(Self::GetAccountTransfers),
            143 => Ok(Self::GetAccountBalances),
            144 => Ok(Self::QueryAccounts),
            145 => Ok(Self::QueryTransfers),
            _ => Err(QueryError::UnknownOperation { number }),
        }
    }
}
